package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/** Two processes on one database: one of them works on a conversion at a time, whatever either believes. */
@Postgres
class OnlineTakeoverTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;
    private final TableSpec slow = spec(200);
    private final TableSpec spec = spec(0);
    private final Parts first;
    private final Parts second;
    private final Content content;

    /** About a row a block, so that few rows are several batches. */
    OnlineTakeoverTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, filler text, PRIMARY KEY (id, at)) WITH (fillfactor = 10)",
                """
                INSERT INTO public.events
                SELECT i, now() AT TIME ZONE 'UTC' - (700 - i) * interval '3 hours', repeat(md5(i::text), 20)
                FROM generate_series(1, 700) AS i
                """);
        content = TableShapes.content(database, EVENTS);
        first = Parts.in(database).tables(slow).build();
        second = Parts.in(database).tables(spec).build();
    }

    private static TableSpec spec(long rowsPerSecond) {
        return Parts.spec(EVENTS, "at")
                .method(TableSpec.Method.ONLINE)
                .premake(1)
                .workers(1)
                .maxRowsPerSecond(rowsPerSecond)
                .build();
    }

    private long batches() {
        return (Long) Objects.requireNonNull(database.single("SELECT count(*) FROM partman_sidecar.batch"));
    }

    /** Its process does not notice before it asks. */
    private void endLeadership() {
        database.execute("""
                SELECT pg_terminate_backend(l.pid, 5000)
                FROM pg_locks AS l
                WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """);
    }

    private void assertConverted(Reconciler.Result result) {
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
    }

    @Test
    void onlyWatchesWhileAnotherOneWorks() {
        first.carryOnTo(slow, Phase.BACKFILL);

        Reconciler.Result result = second.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isInstanceOf(Plan.Online.class);
        assertThat(batches()).isZero();
        assertThat(second.observer().observe().leader()).isFalse();
        assertThat(second.reconciler().tablesWithWork()).isEmpty();
        assertThat(first.observer().observe().leader()).isTrue();
    }

    @Test
    void takesOverInTheMiddleOfABackfillFromOneThatHasLostItsLeadership()
            throws InterruptedException, ExecutionException {
        Future<Reconciler.Result> left;
        Reconciler.Result taken;

        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            left = thread.submit(() -> first.reconcile(slow));
            Awaitility.await("the first batch")
                    .pollInterval(Duration.ofMillis(10))
                    .ignoreExceptions()
                    .until(() -> batches() > 0);
            endLeadership();
            assertThat(second.leader().hold()).isTrue();
            taken = second.reconcile(spec);
        }

        assertThat(left.get().failure()).isNotEmpty();
        assertConverted(taken);
        assertThat(database.strings("SELECT count(*) FROM partman_retired_public.events"))
                .containsExactly("700");
    }

    /** It has led, was away for a while, and leads again: what it knew of the conversion does not hold any more. */
    @Test
    void changesNothingByWhatItKnewBeforeAnotherOneHadTakenOver() {
        first.carryOnTo(slow, Phase.BACKFILL);
        Plan.Online known = (Plan.Online) first.plan(slow);
        endLeadership();
        second.carryOnTo(spec, Phase.CATCH_UP);
        second.leader().release();

        assertThatThrownBy(() -> first.online().carryOn(slow, known))
                .isInstanceOfSatisfying(
                        DatabaseException.class,
                        e -> assertThat(e).hasMessageContaining("another process has taken over"));

        assertThat(database.strings("SELECT phase FROM partman_sidecar.conversion"))
                .containsExactly("catch_up");
        assertThat(database.strings("SELECT count(*) FROM partman_work_public.events"))
                .containsExactly("700");
        assertConverted(first.reconcile(slow));
    }

    /** The other one has given the conversion up and begun another one of the same table. */
    @Test
    void changesNothingOfAConversionThatAnotherOneHasBegunAnew() {
        first.carryOnTo(slow, Phase.BACKFILL);
        Plan.Online known = (Plan.Online) first.plan(slow);
        endLeadership();
        assertThat(second.leader().hold()).isTrue();
        second.reconciler().abort(spec);
        second.carryOnTo(spec, Phase.CATCH_UP);
        second.leader().release();

        assertThatThrownBy(() -> first.online().carryOn(slow, known))
                .isInstanceOfSatisfying(
                        DatabaseException.class,
                        e -> assertThat(e).hasMessageContaining("another process has taken over"));

        assertThat(database.strings("SELECT count(*) FROM partman_work_public.events"))
                .containsExactly("700");
        assertConverted(first.reconcile(slow));
    }
}
