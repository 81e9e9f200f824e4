package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.PlanText;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;
import partman.sidecar.step.Transaction;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Ledger;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;
import partman.sidecar.testing.Writers;

/**
 * Very many rows lie in the default partition: they are moved while the application goes on, by the means of an online conversion.
 * Partitions begin three months ago; the rows reach back eight.
 */
@Postgres
class OnlineDefaultTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(500);

    /** What the swap itself and a busy machine may take. */
    private static final Duration MARGIN = Duration.ofMillis(500);

    private static final Duration LONGEST_MOVE = Duration.ofMinutes(5);

    /** What no partition can or may take: 4 rows. */
    private static final String ROWS_THAT_STAY = """
            INSERT INTO public.events (id, at) VALUES
                (-1, '2099-01-01 12:00'), (-2, 'infinity'), (-3, '-infinity'), (-4, '2001-02-03 04:05:06')
            """;

    private final TestDatabase database;
    private final ExecutorService thread = Executors.newSingleThreadExecutor();

    OnlineDefaultTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text DEFAULT 'none', PRIMARY KEY (id, at))"
                        + " PARTITION BY RANGE (at)",
                "CREATE INDEX by_note ON public.events (lower(note), at DESC)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)",
                "UPDATE partman.part_config SET retention = '14 months', retention_keep_table = true,"
                        + " infinite_time_partitions = true");
    }

    private static Parts.SpecBuilder spec() {
        return Parts.spec(EVENTS, "at")
                .method(TableSpec.Method.ONLINE)
                .retention("14 months")
                .lockTimeout(LOCK_TIMEOUT)
                .moveRows(10);
    }

    /** So many rows of the last eight months, most of which lie in the default partition. */
    private void load(int rows) {
        database.execute("""
                INSERT INTO public.events
                SELECT i, %s + i * interval '240 days' / %d, 'Note ' || i FROM generate_series(1, %d) AS i
                """.formatted(monthsAgo(8), rows, rows));
    }

    private static String monthsAgo(int months) {
        return "date_trunc('month', now()::timestamp) - interval '%d months'".formatted(months);
    }

    private Parts another(TableSpec spec) {
        return Parts.in(database).tables(spec).build();
    }

    private Reconciler.Result reconcile(TableSpec spec) {
        return another(spec).reconcile(spec);
    }

    private void assertMoved(TableSpec spec, long left) {
        SetView set = new SetView(database, spec);
        assertThat(set.defaultRows()).isEqualTo(left);
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(set.partitions()).hasSizeGreaterThanOrEqualTo(8 + 1 + 3);
        assertThat(set.partitionNames()).allMatch(name -> name.matches("events_p20[0-9]{4}01"));
        assertThat(set.defaultPartition()).isEqualTo(QualifiedName.of("public", "events_default"));
        assertNothingIsLeft();
    }

    private void assertNothingIsLeft() {
        assertThat(database.strings("SELECT nspname FROM pg_namespace WHERE nspname ~ '^partman_(work|sidecar)'"))
                .isEmpty();
        assertThat(database.strings("SELECT parent_table FROM partman.part_config"))
                .containsExactly("public.events");
        assertThat(database.strings("SELECT relname FROM pg_class WHERE relname ~ '^template_.*default'"))
                .isEmpty();
        assertThat(database.strings("SELECT conname FROM pg_constraint WHERE conname ~ 'partman'"))
                .isEmpty();
        assertThat(database.strings("SELECT tgname FROM pg_trigger WHERE tgname ~ 'partman'"))
                .isEmpty();
    }

    @Test
    void movesThemWhileAnApplicationWrites() {
        load(60_000);
        TableSpec spec = spec().batchTarget(Duration.ofMillis(100)).build();
        String application = "application_" + database.name();
        database.createRole(application);
        Writers writers = Writers.onEvents(database).role(application).start();
        Parts parts = Parts.in(database).tables(spec).build();
        Reconciler.Result result;

        try (writers) {
            writers.awaitTransactions(200);
            Future<Reconciler.Result> moving = thread.submit(() -> parts.reconcile(spec));
            Awaitility.await("the end of the move").atMost(LONGEST_MOVE).until(moving::isDone);
            result = resultOf(moving);
            writers.awaitTransactions(200);
        }

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertMoved(spec, 0);
        assertThat(Ledger.difference(database, EVENTS)).as(writers.toString()).isEmpty();
        assertThat(writers.slowest()).as(writers.toString()).isLessThan(LOCK_TIMEOUT.plus(MARGIN));
        assertThat(database.strings("SELECT count(*) > 30000 FROM partman_retired_public.events_default"))
                .containsExactly("true");
        assertThat(new SetView(database, spec).configuration()).hasSize(1);
    }

    private static <T> T resultOf(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void leavesRowsThatBelongNowhereAndReportsThem() {
        load(500);
        database.execute(ROWS_THAT_STAY);
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);

        Reconciler.Result result = reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(result.plan().state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(result.plan().reason()).contains("4 row(s)", "2099-01-01T12:00", "2001-02-03T04:05:06");
        assertMoved(spec, 4);
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
    }

    /** Even when it can't count them all at each look. */
    @Test
    void findsOutThatNoneOfVeryManyRowsHasToMove() {
        database.execute("INSERT INTO public.events SELECT i, '2001-01-01' FROM generate_series(1, 100) AS i");
        TableSpec spec = spec().build();
        Parts parts = Parts.in(database).tables(spec).defaultRowsCap(50).build();

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(result.plan().state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(result.plan().reason()).contains("at least 50 row(s)", "none lies between");
        assertThat(new SetView(database, spec).defaultRows()).isEqualTo(100);
        assertNothingIsLeft();
    }

    /** PostgreSQL would read all rows of a partition that it attaches, while everybody waits, if it had to; it tells when it need not. */
    @Test
    void attachesPartitionsWithoutReadingTheirRows() {
        load(500);
        database.execute(ROWS_THAT_STAY);
        TableSpec spec = spec().build();
        Parts parts = another(spec);
        parts.carryOnTo(spec, Phase.SWAP);
        Transaction swap = ((Plan.Online) parts.plan(spec))
                .stages()
                .getFirst()
                .transactions()
                .getFirst();
        List<String> told;

        try (Session session = parts.database().open()) {
            session.inTransaction(() -> {
                swap.begin(session);
                session.execute(Sql.sql("SET LOCAL client_min_messages = debug1"));
                swap.steps().forEach(step -> step.run(session));
                return true;
            });
            told = session.takeWarnings();
        }

        assertThat(told)
                .filteredOn(line -> line.contains("is implied by existing constraints"))
                .hasSize(5 + 1);
        assertThat(told).filteredOn(line -> line.contains("verifying table")).isEmpty();
        assertMoved(spec, 4);
    }

    @Test
    void isCarriedOnByAnotherProcessFromEachPhase() {
        load(2_000);
        TableSpec spec = spec().build();
        List<String> phases = new ArrayList<>();

        for (Parts parts = another(spec); parts.plan(spec) instanceof Plan.Online plan; parts = another(spec)) {
            phases.add(plan.stages().getFirst().phase().label());
            parts.carryOn(spec);
            parts.leader().release();
            write(phases.size());
        }
        Content before = TableShapes.content(database, EVENTS);
        Reconciler.Result result = reconcile(spec);

        assertThat(phases)
                .containsExactly("shadow", "journal", "backfill", "keys_once", "indexes", "catch_up", "verify", "swap");
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
        assertMoved(spec, 0);
        assertThat(database.strings("SELECT count(*) FROM public.events WHERE note = 'written'"))
                .containsExactly(String.valueOf(phases.size() * 50));
    }

    /** Rows come, go, change, and move from the default partition to another one and back. */
    private void write(int round) {
        database.execute(
                "INSERT INTO public.events SELECT 100000 * %d + i, %s + i * interval '4 days', 'written' FROM generate_series(1, 50) AS i"
                        .formatted(round, monthsAgo(7)),
                "DELETE FROM public.events WHERE id %% 40 = %d AND note <> 'written'".formatted(round),
                "UPDATE public.events SET note = 'changed' WHERE id %% 40 = %d AND note <> 'written'"
                        .formatted(round + 10),
                "UPDATE public.events SET at = now() - (now() - at) / 4 WHERE id %% 40 = %d AND note <> 'written'"
                        .formatted(round + 20),
                "UPDATE public.events SET at = %s + interval '1 day' WHERE id %% 40 = %d AND note <> 'written'"
                        .formatted(monthsAgo(6), round + 30));
    }

    /** What somebody does in the middle, and how many rows are left in the default partition at the end. */
    enum Disturbance {
        ADD_COLUMN("ALTER TABLE public.events ADD COLUMN more text DEFAULT 'more'", 0),
        CREATE_INDEX("CREATE INDEX by_time ON public.events (at)", 0),
        TRUNCATE(
                "TRUNCATE public.events; INSERT INTO public.events SELECT i, now() - interval '6 months' FROM generate_series(1, 30) AS i",
                0),
        ATTACH_A_PARTITION(
                "DELETE FROM public.events WHERE at < %s; SELECT partman.create_partition_time('public.events', ARRAY[%s])"
                        .formatted(monthsAgo(7), monthsAgo(8)),
                0),
        DETACH_A_PARTITION_THAT_IS_TOO_OLD(
                "ALTER TABLE public.events DETACH PARTITION public.too_old; INSERT INTO public.events VALUES (0, %s + interval '1 day')"
                        .formatted(monthsAgo(20)),
                1);

        private final String sql;
        private final long left;

        Disturbance(String sql, long left) {
            this.sql = sql;
            this.left = left;
        }
    }

    @ParameterizedTest
    @EnumSource(Disturbance.class)
    void adaptsOrBeginsAnewWhenTheSetIsChangedInTheMiddle(Disturbance disturbance) {
        load(2_000);
        String tooOld = database.strings(
                        "SELECT format('FROM (%%L) TO (%%L)', %s, %s)".formatted(monthsAgo(20), monthsAgo(19)))
                .getFirst();
        database.execute("CREATE TABLE public.too_old PARTITION OF public.events FOR VALUES " + tooOld);
        TableSpec spec = spec().build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, Phase.CATCH_UP);

        database.execute(disturbance.sql);
        Content before = TableShapes.content(database, EVENTS);
        Reconciler.Result result = parts.reconcile(spec);

        SetView set = new SetView(database, spec);
        assertThat(result.failure()).isEmpty();
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
        assertThat(set.defaultRows()).isEqualTo(disturbance.left);
        assertThat(set.misplacedRows()).isZero();
        assertNothingIsLeft();
    }

    @Test
    void keepsWhatTheSetAndItsDefaultPartitionHave() {
        database.execute("""
                CREATE TABLE public.audit (trigger_name text);
                CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN INSERT INTO public.audit VALUES (TG_NAME); RETURN NEW; END $$;
                CREATE TRIGGER by_row AFTER INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.audit();
                ALTER TABLE public.events ADD CONSTRAINT positive CHECK (id > -100);
                ALTER TABLE public.events ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
                ALTER TABLE public.events ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) STORED;
                CREATE TRIGGER of_its_own AFTER DELETE ON public.events_default FOR EACH ROW EXECUTE FUNCTION public.audit();
                GRANT SELECT ON public.events_default TO pg_monitor;
                COMMENT ON TABLE public.events_default IS 'the rest';
                ALTER TABLE public.events_default SET (fillfactor = 80);
                CREATE INDEX only_here ON public.events_default (note);
                CREATE VIEW public.rest AS SELECT count(*) FROM public.events_default;
                """);
        load(2_000);
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);
        List<String> parent = propertiesOf("public.events");
        List<String> rest = propertiesOf("public.events_default");
        List<String> part = propertiesOf(
                "public." + new SetView(database, spec).partitionNames().getFirst());
        database.execute("TRUNCATE public.audit");

        Reconciler.Result result = reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
        assertThat(propertiesOf("public.events")).isEqualTo(parent);
        assertThat(propertiesOf("public.events_default")).isEqualTo(rest);
        assertThat(propertiesOf(
                        "public." + new SetView(database, spec).partitionNames().getFirst()))
                .containsAll(part.stream()
                        .filter(property -> !property.startsWith("owner"))
                        .toList())
                .contains("index f t btree (note)")
                .anyMatch(property -> property.startsWith("owner 10 acl  options {fillfactor=80}"));
        assertThat(database.strings("SELECT * FROM public.rest")).containsExactly("0");
        assertThat(database.strings("SELECT trigger_name FROM public.audit")).isEmpty();
        database.execute("INSERT INTO public.events (id, at) VALUES (1000000, %s), (1000001, '2099-01-01')"
                .formatted(monthsAgo(7)));
        assertThat(database.strings("SELECT trigger_name FROM public.audit")).containsExactly("by_row", "by_row");
        assertThat(database.strings("SELECT count(DISTINCT number) = count(*) FROM public.events"))
                .containsExactly("true");
        assertMoved(spec, 1);
    }

    /** What a client sees of a table, without the names that indexes have in each partition. */
    private List<String> propertiesOf(String table) {
        return database.strings("""
                WITH t AS (SELECT c.* FROM pg_class AS c WHERE c.oid = '%s'::regclass)
                SELECT format('owner %%s acl %%s options %%s comment %%s', relowner, relacl, reloptions, obj_description(oid)) FROM t
                UNION ALL SELECT format('trigger %%s %%s', tgname, tgenabled) FROM t JOIN pg_trigger ON tgrelid = t.oid
                UNION ALL SELECT format('constraint %%s %%s %%s', conname, contype, pg_get_constraintdef(k.oid))
                          FROM t JOIN pg_constraint AS k ON conrelid = t.oid AND contype NOT IN ('p', 'n')
                UNION ALL SELECT format('index %%s %%s %%s', indisunique, indisvalid, regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', ''))
                          FROM t JOIN pg_index ON indrelid = t.oid
                UNION ALL SELECT format('column %%s %%s %%s %%s %%s', attname, atttypid, attnotnull, attidentity, attgenerated)
                          FROM t JOIN pg_attribute ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped
                ORDER BY 1
                """.formatted(table));
    }

    @Test
    void givesNewPartitionsTheParentsRightsIfPartmanIsToldTo() {
        load(500);
        database.execute(
                "GRANT SELECT ON public.events TO pg_monitor",
                "UPDATE partman.part_config SET inherit_privileges = true");

        Reconciler.Result result = reconcile(spec().build());

        assertThat(result.failure()).isEmpty();
        assertThat(database.strings("""
                SELECT count(*) FROM pg_inherits AS i
                WHERE i.inhparent = 'public.events'::regclass AND has_table_privilege('pg_monitor', i.inhrelid, 'SELECT')
                  AND pg_relation_size(i.inhrelid) > 0
                """).getFirst()).isEqualTo("5");
    }

    @Test
    void registersTheSetAfterwardsIfNobodyHas() {
        load(500);
        database.execute("DELETE FROM partman.part_config");
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);

        Reconciler.Result result = reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
        assertMoved(spec, 0);
    }

    // What stands in the way

    enum Obstacle {
        FOREIGN_KEY(
                "CREATE TABLE public.notes (note text PRIMARY KEY); INSERT INTO public.notes SELECT note FROM public.events;"
                        + " ALTER TABLE public.events ADD CONSTRAINT known FOREIGN KEY (note) REFERENCES public.notes",
                "the foreign key known on public.events"),
        FOREIGN_KEY_OF_OTHERS(
                "CREATE TABLE public.details (id bigint, at timestamp,"
                        + " CONSTRAINT of_event FOREIGN KEY (id, at) REFERENCES public.events)",
                "the foreign key of_event on public.details"),
        INVALID_INDEX("CREATE INDEX half ON ONLY public.events (note)", "the index public.half is invalid"),
        NAME_TAKEN(
                "SELECT partman.create_partition_time('public.events', ARRAY[%1$s]); ".formatted(monthsAgo(9))
                        + "CREATE TABLE public.events_p20990101 (id bigint)",
                "public.events_p20990101 stands where a partition may have to be"),
        NO_KEY("ALTER TABLE public.events DROP CONSTRAINT events_pkey", "it has no unique index"),
        ODD_PARTITION(
                "CREATE TABLE public.odd PARTITION OF public.events FOR VALUES FROM ('2001-01-01') TO ('2002-01-01')",
                "public.odd from 2001-01-01T00:00 to 2002-01-01T00:00 is not one interval");

        private final String sql;
        private final String words;

        Obstacle(String sql, String words) {
            this.sql = sql;
            this.words = words;
        }
    }

    @ParameterizedTest
    @EnumSource(Obstacle.class)
    void saysWhatStandsInTheWayAndWhatElseCanBeDone(Obstacle obstacle) {
        load(500);
        database.execute(obstacle.sql);
        TableSpec spec = spec().build();
        List<String> schema = SetView.schema(database);

        Reconciler.Result result = reconcile(spec);

        assertThat(result.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(result.plan().state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(result.plan().reason()).contains("move-rows (10)", "raise the setting", obstacle.words);
        assertThat(SetView.schema(database)).isEqualTo(schema);
    }

    @Test
    void namesWhoeverUsesTheDefaultPartitionAndMakesNobodyElseWaitForLong() {
        load(500);
        TableSpec spec = spec().build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, Phase.SWAP);
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT FROM public.events_default LIMIT 1");
        Client other = database.client();
        Duration slowest = Duration.ZERO;

        Future<Reconciler.Result> swap = thread.submit(() -> parts.reconcile(spec));
        @Nullable String trouble = null;
        while (trouble == null && !swap.isDone()) {
            long began = System.nanoTime();
            other.execute("INSERT INTO public.events VALUES (0, now())", "DELETE FROM public.events WHERE id = 0");
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            slowest = took.compareTo(slowest) > 0 ? took : slowest;
            trouble = parts.status().troubleOf(EVENTS);
        }
        reader.execute("COMMIT");
        Reconciler.Result result = resultOf(swap);

        assertThat(trouble).contains("the swap waits", "pid " + reader.pid());
        assertThat(slowest).isLessThan(LOCK_TIMEOUT.plus(MARGIN));
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertMoved(spec, 0);
    }

    // What a person sees and can do

    @Test
    void showsHowFarItIsAndHoldsMaintenanceBack() {
        load(2_000);
        TableSpec spec = spec().build();
        Parts parts = Parts.in(database).tables(spec).build();
        String before = PlanText.of(EVENTS, parts.plan(spec));
        parts.carryOnTo(spec, Phase.KEYS_ONCE);

        Snapshot.Table shown = parts.observer().observe().find(EVENTS).orElseThrow();
        var runs = parts.maintenance().run(EVENTS::equals);

        assertThat(before).contains("rows move to 5 new partitions", "ATTACH PARTITION", "public\".\"events_default");
        assertThat(shown.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(shown.reason()).contains("phase keys_once");
        assertThat(Objects.requireNonNull(shown.copying()).conversion().rowsCopied())
                .isGreaterThan(1000);
        assertThat(runs.values()).singleElement().satisfies(run -> {
            assertThat(run.outcome()).isEqualTo(Snapshot.Outcome.SKIPPED);
            assertThat(run.message()).contains("are being moved");
        });
    }

    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"JOURNAL", "BACKFILL", "INDEXES", "SWAP"})
    void leavesNothingWhenItIsGivenUp(Phase phase) {
        load(500);
        TableSpec spec = spec().build();
        Parts parts = Parts.in(database).tables(spec).build();
        List<String> schema = SetView.schema(database);
        parts.carryOnTo(spec, phase);

        Reconciler.Abort abort = parts.reconciler().abort(spec);

        assertThat(abort).isEqualTo(Reconciler.Abort.DONE);
        assertThat(SetView.schema(database)).isEqualTo(schema);
        assertThat(parts.reconciler().abort(spec)).isEqualTo(Reconciler.Abort.NOTHING);
    }

    @Test
    void dropsTheOldDefaultPartitionWhenItIsAskedTo() {
        load(500);
        TableSpec spec = spec().build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.reconcile(spec);
        @Nullable
        Long kept = parts.observer().observe().find(EVENTS).orElseThrow().retiredBytes();

        boolean dropped = parts.reconciler().dropRetired(spec);

        assertThat(kept).isNotNull().isPositive();
        assertThat(dropped).isTrue();
        assertThat(parts.reconciler().dropRetired(spec)).isFalse();
        assertThat(database.strings("SELECT to_regclass('partman_retired_public.events_default') IS NULL"))
                .containsExactly("true");
        assertThat(database.strings("SELECT count(*) FROM public.events")).containsExactly("500");
    }

    @Test
    void dropsTheOldDefaultPartitionByItselfIfTheSettingsSaySo() {
        load(500);
        TableSpec spec = spec().dropRetired(true).build();

        Reconciler.Result result = reconcile(spec);

        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(database.strings("SELECT to_regclass('partman_retired_public.events_default') IS NULL"))
                .containsExactly("true");
        assertMoved(spec, 0);
    }
}
