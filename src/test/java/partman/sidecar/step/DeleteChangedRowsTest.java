package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.reconcile.Reconciler;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

@Postgres
class DeleteChangedRowsTest {

    private final TestDatabase database;

    DeleteChangedRowsTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void deletesRowsThatWereCopiedTwice() {
        Step step = StepCase.DELETE_CHANGED_ROWS.begin(database);
        database.execute(
                "INSERT INTO partman_work_public.events SELECT * FROM public.events WHERE id <= 10 OR id > 290");

        StepCase.run(database, step);

        assertThat(database.query("SELECT * FROM partman_work_public.events WHERE id <= 10 OR id > 290"))
                .isEmpty();
        assertThat(database.query("TABLE partman_work_public.events EXCEPT TABLE public.events"))
                .isEmpty();
        assertThat(database.single("SELECT count(*) FROM partman_work_public.events"))
                .isEqualTo(280L);
    }

    /**
     * Whoever publishes every table also publishes the successor, from which PostgreSQL then lets nobody delete rows that it could
     * not name to subscribers.
     */
    @ParameterizedTest
    @ValueSource(strings = {"PRIMARY KEY (id, at)", "UNIQUE (id, at)"})
    void deletesWhereAPublicationHoldsEveryTable(String key) {
        database.installPartman();
        database.execute(
                "CREATE PUBLICATION everything FOR ALL TABLES",
                "CREATE TABLE public.events (id bigint NOT NULL, at timestamp NOT NULL, note text, %s)".formatted(key),
                "INSERT INTO public.events SELECT i, now() AT TIME ZONE 'UTC' - i * interval '1 day', 'old' FROM generate_series(1, 99) AS i");
        Parts parts = Parts.in(database).tables(StepCase.ONLINE).build();

        Reconciler.Result result = parts.reconcile(StepCase.ONLINE);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(
                        database.strings(
                                "SELECT DISTINCT relreplident FROM pg_class WHERE relkind IN ('r', 'p') AND relname ~ '^events'"))
                .containsExactly("d");
    }
}
