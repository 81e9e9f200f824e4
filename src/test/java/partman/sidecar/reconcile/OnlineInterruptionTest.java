package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.plan.Plan;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/**
 * Somebody changes the table, or what a conversion has made, while an online conversion is under way: it is noticed, the
 * conversion adapts or begins anew, and the result is the table as it is by then.
 */
@Postgres
class OnlineInterruptionTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    /** What the application does after each disturbance, to which the journal still has to be witness. */
    private static final String WRITES = """
            INSERT INTO public.events (id, at) SELECT 5000 + i, now() - i * interval '1 day' FROM generate_series(1, 20) AS i;
            UPDATE public.events SET id = -id, at = at - interval '20 days' WHERE id % 10 = 0;
            DELETE FROM public.events WHERE id % 10 = 1
            """;

    private final TestDatabase database;
    private final TableSpec spec;
    private final Parts parts;

    OnlineInterruptionTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        spec = Parts.spec(TableShapes.controlledBy(database, "timestamp"))
                .method(TableSpec.Method.ONLINE)
                .premake(1)
                .lockTimeout(Duration.ofMillis(200))
                .build();
        parts = Parts.in(database).tables(spec).build();
        database.execute(
                "CREATE INDEX doomed ON public.events (note, at)",
                "CREATE TABLE public.others (id bigint PRIMARY KEY)");
    }

    enum Outcome {
        ADAPTS,
        BEGINS_ANEW
    }

    /** What somebody does to the table, what comes of the conversion, and what is true of the table afterwards. */
    enum Disturbance {
        ADD_COLUMN(
                Outcome.BEGINS_ANEW,
                "ALTER TABLE public.events ADD COLUMN more text DEFAULT 'more'",
                "NOT EXISTS (SELECT FROM public.events WHERE more IS DISTINCT FROM 'more')"),
        CREATE_INDEX(
                Outcome.ADAPTS,
                "CREATE INDEX by_note ON public.events (note)",
                "pg_get_indexdef('public.by_note'::regclass) LIKE '%ON ONLY public.events USING btree (note)'"
                        + " AND (SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.by_note'::regclass)"),
        TRUNCATE(Outcome.BEGINS_ANEW, "TRUNCATE public.events", "(SELECT count(*) < 100 FROM public.events)"),
        VACUUM_FULL(Outcome.BEGINS_ANEW, "VACUUM FULL public.events", "true"),

        DROP_INDEX(Outcome.ADAPTS, "DROP INDEX public.doomed", "to_regclass('public.doomed') IS NULL"),
        RENAME_INDEX(
                Outcome.ADAPTS,
                "ALTER INDEX public.doomed RENAME TO saved",
                "to_regclass('public.doomed') IS NULL AND to_regclass('public.saved') IS NOT NULL"),
        EXCHANGE_KEY(
                Outcome.BEGINS_ANEW,
                "ALTER TABLE public.events DROP CONSTRAINT events_pkey, ADD CONSTRAINT by_time PRIMARY KEY (at, id)",
                "to_regclass('public.events_pkey') IS NULL AND to_regclass('public.by_time') IS NOT NULL"),
        DROP_COLUMN(
                Outcome.BEGINS_ANEW,
                "ALTER TABLE public.events DROP COLUMN note",
                "NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'public.events'::regclass AND attname = 'note')"),
        ALTER_TYPE(
                Outcome.BEGINS_ANEW,
                "ALTER TABLE public.events ALTER COLUMN id TYPE numeric",
                "(SELECT atttypid = 'numeric'::regtype FROM pg_attribute WHERE attrelid = 'public.events'::regclass AND attname = 'id')"),
        ADD_CHECK(
                Outcome.BEGINS_ANEW,
                "ALTER TABLE public.events ADD CONSTRAINT not_zero CHECK (id <> 0)",
                "EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'public.events'::regclass AND conname = 'not_zero')"),
        TRUNCATE_AND_RELOAD(
                Outcome.BEGINS_ANEW,
                "BEGIN; CREATE TEMPORARY TABLE kept AS TABLE public.events; TRUNCATE public.events;"
                        + " INSERT INTO public.events TABLE kept; COMMIT",
                "(SELECT count(*) > 200 FROM public.events)"),
        CLUSTER(
                Outcome.BEGINS_ANEW,
                "CLUSTER public.events USING doomed; ALTER TABLE public.events SET WITHOUT CLUSTER",
                "true"),
        DISABLE_OUR_TRIGGER(
                Outcome.BEGINS_ANEW, "ALTER TABLE public.events DISABLE TRIGGER partman_sidecar_capture", "true"),
        DISABLE_AND_ENABLE_ALL_TRIGGERS(
                Outcome.BEGINS_ANEW,
                "ALTER TABLE public.events DISABLE TRIGGER ALL; DELETE FROM public.events WHERE id % 7 = 0;"
                        + " ALTER TABLE public.events ENABLE TRIGGER ALL",
                "true"),
        DROP_OUR_TRIGGER(Outcome.BEGINS_ANEW, "DROP TRIGGER partman_sidecar_capture ON public.events", "true"),
        WRITE_AS_REPLICA(
                Outcome.ADAPTS,
                "SET session_replication_role = replica; DELETE FROM public.events WHERE id % 7 = 0;"
                        + " SET session_replication_role = origin",
                "true"),
        GRANT(
                Outcome.ADAPTS,
                "GRANT UPDATE (note), INSERT ON public.events TO PUBLIC",
                "(SELECT relacl::text LIKE '%=a/%' FROM pg_class WHERE oid = 'public.events'::regclass)"),
        OWNER(
                Outcome.ADAPTS,
                "ALTER TABLE public.events OWNER TO pg_database_owner",
                "(SELECT count(DISTINCT c.relowner) = 1 AND min(c.relowner::regrole::text) = 'pg_database_owner'"
                        + " FROM pg_partition_tree('public.events') AS p JOIN pg_class AS c ON c.oid = p.relid)"),
        POLICY(
                Outcome.ADAPTS,
                "CREATE POLICY own ON public.events USING (id > 0); ALTER TABLE public.events ENABLE ROW LEVEL SECURITY",
                "(SELECT relrowsecurity FROM pg_class WHERE oid = 'public.events'::regclass)"
                        + " AND EXISTS (SELECT FROM pg_policy WHERE polrelid = 'public.events'::regclass)"),
        COMMENT(
                Outcome.ADAPTS,
                "COMMENT ON TABLE public.events IS 'what happened'; COMMENT ON CONSTRAINT events_pkey ON public.events IS 'the key'",
                "obj_description('public.events'::regclass) = 'what happened'"),
        COMMENT_ON_COLUMN(
                Outcome.BEGINS_ANEW,
                "COMMENT ON COLUMN public.events.note IS 'a note'",
                "col_description('public.events'::regclass, 3) = 'a note'"),
        TRIGGER(
                Outcome.ADAPTS,
                "CREATE TRIGGER same BEFORE UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'public.events'::regclass AND tgname = 'same')"),
        VIEW(
                Outcome.ADAPTS,
                "CREATE VIEW public.seen AS SELECT id, at FROM public.events",
                "(SELECT count(*) FROM public.seen) = (SELECT count(*) FROM public.events)"),
        FOREIGN_KEY(
                Outcome.ADAPTS,
                "ALTER TABLE public.others ADD COLUMN name text; INSERT INTO public.others SELECT id FROM public.events;"
                        + " INSERT INTO public.others SELECT generate_series(5001, 5020);"
                        + " INSERT INTO public.others SELECT -id FROM public.others;"
                        + " ALTER TABLE public.events ADD CONSTRAINT known FOREIGN KEY (id) REFERENCES public.others",
                "(SELECT convalidated FROM pg_constraint WHERE conrelid = 'public.events'::regclass AND conname = 'known')"),
        STORAGE(
                Outcome.BEGINS_ANEW,
                "ALTER TABLE public.events SET (fillfactor = 70)",
                "NOT EXISTS (SELECT FROM pg_partition_tree('public.events') AS p JOIN pg_class AS c ON c.oid = p.relid"
                        + " WHERE p.isleaf AND c.reloptions IS DISTINCT FROM '{fillfactor=70}')"),
        DROP_COPY(Outcome.BEGINS_ANEW, "DROP TABLE partman_work_public.events", "true"),
        DROP_COPY_WITH_ITS_SCHEMA(Outcome.BEGINS_ANEW, "DROP SCHEMA partman_work_public CASCADE", "true");

        private final Outcome outcome;
        private final String sql;
        private final String truth;

        Disturbance(Outcome outcome, String sql, String truth) {
            this.outcome = outcome;
            this.sql = sql;
            this.truth = truth;
        }
    }

    private static final List<Phase> BEFORE_SWAP = List.of(
            Phase.JOURNAL, Phase.BACKFILL, Phase.KEYS_ONCE, Phase.INDEXES, Phase.CATCH_UP, Phase.VERIFY, Phase.SWAP);

    /**
     * What matters most, before every phase or many; of the others, what the conversion adapts to at the last moment, and what
     * makes it begin anew before any phase, in turn.
     */
    static Stream<Arguments> disturbances() {
        List<Arguments> all = new ArrayList<>();
        Iterator<Phase> inTurn = Stream.generate(() -> BEFORE_SWAP)
                .flatMap(phases -> phases.stream().skip(1))
                .iterator();
        for (Disturbance disturbance : Disturbance.values()) {
            List<Phase> phases = switch (disturbance) {
                case ADD_COLUMN -> BEFORE_SWAP;
                case CREATE_INDEX, TRUNCATE, VACUUM_FULL ->
                    List.of(Phase.BACKFILL, Phase.INDEXES, Phase.VERIFY, Phase.SWAP);
                default -> List.of(disturbance.outcome == Outcome.ADAPTS ? Phase.SWAP : inTurn.next());
            };
            phases.forEach(phase -> all.add(Arguments.of(disturbance, phase)));
        }
        return all.stream();
    }

    private void assertConverted(Content expected, Reconciler.Result result) {
        SetView set = new SetView(database, spec);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(expected);
        assertThat(set.defaultRows()).isZero();
        assertThat(set.misplacedRows()).isZero();
        assertNothingLeft();
    }

    private void assertNothingLeft() {
        assertThat(database.strings(
                        "SELECT nspname FROM pg_namespace WHERE nspname IN ('partman_sidecar', 'partman_work_public')"))
                .isEmpty();
        assertThat(database.strings("SELECT 1 FROM pg_trigger WHERE tgname = 'partman_sidecar_capture'"))
                .isEmpty();
    }

    private static Outcome outcomeOf(Plan plan) {
        return switch (plan) {
            case Plan.Online _ -> Outcome.ADAPTS;
            case Plan.Run run when run.reason().contains("begins anew") -> Outcome.BEGINS_ANEW;
            default -> throw new AssertionError(plan);
        };
    }

    @ParameterizedTest
    @MethodSource("disturbances")
    void convertsTheTableAsItIsByThen(Disturbance disturbance, Phase before) {
        parts.carryOnTo(spec, before);
        database.execute(disturbance.sql.split("; "));
        database.execute(WRITES);
        Plan next = parts.plan(spec);
        Content expected = TableShapes.content(database, EVENTS);

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(outcomeOf(next)).isEqualTo(disturbance.outcome);
        assertConverted(expected, result);
        assertThat(database.single("SELECT " + disturbance.truth)).isEqualTo(true);
    }

    /** The application has renamed the table, and made another one that it uses from now on. */
    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"BACKFILL", "SWAP"})
    void convertsAnotherTableThatHasTakenTheNameAndLetsGoOfTheOldOne(Phase before) {
        parts.carryOnTo(spec, before);
        database.execute(
                "ALTER TABLE public.events RENAME TO events_of_old",
                "CREATE TABLE public.events (at timestamp NOT NULL, id bigint, PRIMARY KEY (at, id))",
                "INSERT INTO public.events SELECT now() - i * interval '1 day', i FROM generate_series(1, 50) AS i");
        Content old = TableShapes.content(database, QualifiedName.of("public", "events_of_old"));
        Content expected = TableShapes.content(database, EVENTS);

        Reconciler.Result result = parts.reconcile(spec);

        assertConverted(expected, result);
        assertThat(TableShapes.content(database, QualifiedName.of("public", "events_of_old")))
                .isEqualTo(old);
        database.execute("DELETE FROM public.events_of_old");
    }

    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"JOURNAL", "SWAP"})
    void letsGoOfATableThatWasDroppedAndConvertsItsSuccessor(Phase before) {
        parts.carryOnTo(spec, before);
        database.execute("DROP TABLE public.events");

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan().state()).isEqualTo(TableState.MISSING);
        assertNothingLeft();
        TableShapes.controlledBy(database, "timestamp");
        Content expected = TableShapes.content(database, EVENTS);
        assertConverted(expected, parts.reconcile(spec));
    }

    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"JOURNAL", "CATCH_UP"})
    void letsGoOfATableThatWasMovedToAnotherSchema(Phase before) {
        parts.carryOnTo(spec, before);
        database.execute("CREATE SCHEMA elsewhere", "ALTER TABLE public.events SET SCHEMA elsewhere");

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan().state()).isEqualTo(TableState.MISSING);
        assertNothingLeft();
        database.execute("DELETE FROM elsewhere.events");
    }

    @Test
    void saysWhatIsInTheWayOnceItsOwnSchemaWasDropped() {
        parts.carryOnTo(spec, Phase.CATCH_UP);
        database.execute("DROP SCHEMA partman_sidecar CASCADE", WRITES);
        Content expected = TableShapes.content(database, EVENTS);

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(result.plan().reason()).contains("partman_work_public", "drop it");
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(expected);
    }

    /** Without its only key the table can't be converted online any more; nothing of the attempt is left. */
    @Test
    void givesUpAndSaysWhyOnceTheRowKeyIsGone() {
        parts.carryOnTo(spec, Phase.CATCH_UP);
        database.execute("ALTER TABLE public.events DROP CONSTRAINT events_pkey");

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(result.plan().reason()).contains("no unique index");
        assertNothingLeft();
    }

    @Test
    void waitsForAPersonOnceAnotherTableRefersToIt() {
        parts.carryOnTo(spec, Phase.SWAP);
        database.execute(
                "CREATE TABLE public.details (id bigint, at timestamp, CONSTRAINT event_exists FOREIGN KEY (id, at) REFERENCES public.events)");

        Reconciler.Result blocked = parts.reconcile(spec);

        assertThat(blocked.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(blocked.plan().reason()).contains("event_exists", "abort");
        database.execute("DROP TABLE public.details");
        assertConverted(TableShapes.content(database, EVENTS), parts.reconcile(spec));
    }

    /** About a row a block, so that few rows are many batches; the last ones lie in the newest partition. */
    private TableSpec slowTable(long rowsPerSecond) {
        database.execute(
                "CREATE TABLE public.sparse (id bigint, at timestamp NOT NULL, filler text, PRIMARY KEY (id, at)) WITH (fillfactor = 10)",
                """
                INSERT INTO public.sparse
                SELECT i, now() AT TIME ZONE 'UTC' - (700 - i) * interval '3 hours', repeat(md5(i::text), 20)
                FROM generate_series(1, 700) AS i
                """);
        return Parts.spec(QualifiedName.of("public", "sparse"), "at")
                .method(TableSpec.Method.ONLINE)
                .premake(1)
                .workers(1)
                .maxRowsPerSecond(rowsPerSecond)
                .lockTimeout(Duration.ofMillis(100))
                .build();
    }

    private long batches() {
        return (Long) Objects.requireNonNull(database.single("SELECT count(*) FROM partman_sidecar.batch"));
    }

    private void assertSlowTableConverted(TableSpec slow, Parts its, Content expected) {
        Reconciler.Result result = its.reconcile(slow);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, slow.table())).isEqualTo(expected);
        assertThat(new SetView(database, slow).misplacedRows()).isZero();
        assertNothingLeft();
    }

    /** One partition of the copy is locked, so that the backfill ends after some of its batches. */
    private void copyHalf(TableSpec slow, Parts its) {
        its.carryOnTo(slow, Phase.BACKFILL);
        Plan.Online backfill = (Plan.Online) its.plan(slow);
        Client other = database.client();
        String newest = database.strings("SELECT format('partman_work_public.sparse_p%s', to_char(now(), 'YYYYMM01'))")
                .getFirst();
        other.execute("BEGIN", "LOCK TABLE " + newest);
        assertThatThrownBy(() -> its.online().carryOn(slow, backfill)).isInstanceOf(DatabaseException.class);
        other.execute("ROLLBACK");
        assertThat(batches()).isPositive();
    }

    @Test
    void carriesOnWithTheBlocksThatAreLeftAfterHalfABackfill() {
        TableSpec slow = slowTable(0);
        Parts its = Parts.in(database).tables(slow).build();
        copyHalf(slow, its);
        long done = batches();
        database.execute(
                "UPDATE public.sparse SET at = at - interval '1 day' WHERE id % 5 = 0",
                "DELETE FROM public.sparse WHERE id % 5 = 1",
                "INSERT INTO public.sparse SELECT 10000 + i, now() FROM generate_series(1, 5) AS i");
        Content expected = TableShapes.content(database, slow.table());

        its.carryOn(slow);

        assertThat(batches()).isGreaterThan(done);
        assertSlowTableConverted(slow, its, expected);
    }

    @Test
    void copiesAllAnewAfterAVacuumFullInTheMiddleOfABackfill() {
        TableSpec slow = slowTable(0);
        Parts its = Parts.in(database).tables(slow).build();
        copyHalf(slow, its);
        database.execute("DELETE FROM public.sparse WHERE id < 300", "VACUUM FULL public.sparse");
        Content expected = TableShapes.content(database, slow.table());

        Plan next = its.plan(slow);

        assertThat(outcomeOf(next)).isEqualTo(Outcome.BEGINS_ANEW);
        assertSlowTableConverted(slow, its, expected);
    }

    /** The batches that follow would read blocks that hold other rows by now. */
    @Test
    void stopsCopyingAtAVacuumFullBetweenTwoBatches() throws InterruptedException, ExecutionException {
        TableSpec slow = slowTable(500);
        Parts its = Parts.in(database).tables(slow).build();
        its.carryOnTo(slow, Phase.BACKFILL);
        database.execute("DELETE FROM public.sparse WHERE id < 100");
        Content expected = TableShapes.content(database, slow.table());
        Future<Reconciler.Result> conversion;

        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            conversion = thread.submit(() -> its.reconcile(slow));
            Awaitility.await("the first batch")
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> batches() > 0);
            database.execute("VACUUM FULL public.sparse");
        }

        assertThat(conversion.get().failure()).contains("rewritten");
        assertSlowTableConverted(slow, its, expected);
    }

    /** The trigger names the columns that tell rows apart: the application's writes fail as long as it is there. */
    @Test
    void beginsAnewRightAfterTheBatchWhenAColumnOfTheRowKeyIsRenamed() throws InterruptedException, ExecutionException {
        TableSpec slow = slowTable(500);
        Parts its = Parts.in(database).tables(slow).build();
        its.carryOnTo(slow, Phase.BACKFILL);
        Content expected = TableShapes.content(database, slow.table());
        Future<Reconciler.Result> conversion;

        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            conversion = thread.submit(() -> its.reconcile(slow));
            Awaitility.await("the first batch")
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> batches() > 0);
            database.execute("ALTER TABLE public.sparse RENAME COLUMN id TO number");
            Awaitility.await("a write that succeeds")
                    .atMost(Duration.ofSeconds(5))
                    .ignoreExceptionsInstanceOf(Client.Refused.class)
                    .until(() -> {
                        database.execute("UPDATE public.sparse SET filler = filler WHERE number = 1");
                        return true;
                    });
        }

        assertThat(conversion.get().failure()).isEmpty();
        assertThat(conversion.get().plan()).isEqualTo(new Plan.Nothing());
        assertSlowTableConverted(slow, its, expected);
    }

    @Test
    void keepsWhatTheSwapHasDoneIfTheTableIsUsedBeforeItsForeignKeysAreChecked() {
        database.execute(
                "INSERT INTO public.others SELECT id FROM public.events",
                "ALTER TABLE public.events ADD CONSTRAINT known FOREIGN KEY (id) REFERENCES public.others");
        parts.carryOnTo(spec, Phase.SWAP);
        parts.carryOn(spec);
        database.execute(
                "CREATE INDEX by_note ON public.events (note)",
                "ALTER TABLE public.events ADD COLUMN more text DEFAULT 'more'",
                "DELETE FROM public.events WHERE id % 2 = 0");
        Content expected = TableShapes.content(database, EVENTS);

        Reconciler.Result result = parts.reconcile(spec);

        assertConverted(expected, result);
        assertThat(
                        database.strings(
                                "SELECT convalidated FROM pg_constraint WHERE conrelid = 'public.events'::regclass AND conname = 'known'"))
                .containsExactly("true");
        assertThat(TableShapes.content(database, WorkSchema.retiredOf(EVENTS)).rows())
                .isEqualTo(TableShapes.ROWS);
    }
}
