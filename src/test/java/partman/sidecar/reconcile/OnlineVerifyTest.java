package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/** A copy that differs from its table never takes the table's place. */
@Postgres
class OnlineVerifyTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;
    private final TableSpec spec;
    private final Parts parts;

    OnlineVerifyTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        spec = Parts.spec(TableShapes.controlledBy(database, "timestamp"))
                .method(TableSpec.Method.ONLINE)
                .premake(1)
                .lockTimeout(Duration.ofMillis(200))
                .build();
        parts = Parts.in(database).tables(spec).build();
        database.execute("ALTER TABLE public.events ADD COLUMN facts json DEFAULT '{\"a\": 1}'");
    }

    private static Arguments planted(String name, String sql, String... words) {
        return Arguments.of(Named.of(name, sql), List.of(words));
    }

    static Stream<Arguments> differences() {
        return Stream.of(
                planted(
                        "a row was changed",
                        "UPDATE partman_work_public.events SET note = 'forged' WHERE id = 300",
                        "differs in 1 partition(s)",
                        "with other contents"),
                planted(
                        "a value was changed that is compared as text",
                        "UPDATE partman_work_public.events SET facts = '{\"a\":1}' WHERE id = 300",
                        "differs in 1 partition(s)",
                        "with other contents"),
                planted(
                        "two rows were exchanged",
                        "UPDATE partman_work_public.events SET note = 'note ' || 599 - id WHERE id IN (299, 300)",
                        "differs in 1 partition(s)",
                        "with other contents"),
                planted(
                        "a row was deleted",
                        "DELETE FROM partman_work_public.events WHERE id = 300",
                        "differs in 1 partition(s)"),
                planted(
                        "a row was added",
                        "INSERT INTO partman_work_public.events VALUES (301, now(), 'forged')",
                        "differs in 1 partition(s)"),
                planted(
                        "a row was moved",
                        "UPDATE partman_work_public.events SET at = at - interval '2 months' WHERE id = 300",
                        "differs in 2 partition(s)"),
                planted(
                        "a partition was emptied",
                        "DO $$ BEGIN EXECUTE to_char(now(), '\"TRUNCATE partman_work_public.events_p\"YYYYMM01'); END $$",
                        "differs in 1 partition(s)",
                        ", 0 in its successor"));
    }

    private String kindOfTable() {
        return database.strings("SELECT relkind FROM pg_class WHERE oid = 'public.events'::regclass")
                .getFirst();
    }

    @ParameterizedTest
    @MethodSource("differences")
    void stopsBeforeTheSwapUntilAPersonGivesTheConversionUp(String sql, List<String> words) {
        parts.carryOnTo(spec, Phase.CATCH_UP);
        database.execute(sql);
        Content content = TableShapes.content(database, EVENTS);

        Reconciler.Result stopped = parts.reconcile(spec);
        List<String> schema = SetView.schema(database);
        Reconciler.Result later = parts.reconcile(spec);

        assertThat(stopped.failure()).contains(words).contains("public.events", "rows in the table");
        assertThat(later.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(later.plan().state()).isEqualTo(TableState.BLOCKED);
        assertThat(later.plan().reason()).contains(words).contains("abort");
        assertThat(SetView.schema(database)).isEqualTo(schema);
        assertThat(kindOfTable()).isEqualTo("r");
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
        Snapshot.Table shown = parts.observer().observe().find(EVENTS).orElseThrow();
        assertThat(shown.state()).isEqualTo(TableState.BLOCKED);
        assertThat(shown.reason()).contains(words);

        assertThat(parts.reconciler().abort(spec)).isEqualTo(Reconciler.Abort.DONE);
        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(kindOfTable()).isEqualTo("p");
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
    }

    /** Writes go on: a row that the journal names is copied anew, and is no difference until then. */
    @Test
    void takesNoChangeThatWaitsInTheJournalForADifference() {
        parts.carryOnTo(spec, Phase.VERIFY);
        database.execute(
                "UPDATE partman_work_public.events SET note = 'forged' WHERE id = 7",
                "UPDATE public.events SET note = 'true' WHERE id = 7",
                "DELETE FROM public.events WHERE id = 8",
                "INSERT INTO public.events VALUES (301, now(), 'new')");
        Content content = TableShapes.content(database, EVENTS);

        parts.carryOn(spec);

        assertThat(Objects.requireNonNull(database.single("SELECT count(*) FROM public.events")))
                .isEqualTo(300L);
        Reconciler.Result result = parts.reconcile(spec);
        assertThat(result.failure()).isEmpty();
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
    }
}
