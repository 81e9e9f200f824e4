package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.reconcile.SetView;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/** What becomes of rows in the default partition, and of sets that others made. */
@Postgres
class MoveDefaultRowsTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;

    MoveDefaultRowsTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text DEFAULT 'none', PRIMARY KEY (id, at))"
                        + " PARTITION BY RANGE (at)",
                "CREATE INDEX by_note ON public.events (note)");
    }

    private static Parts.SpecBuilder spec() {
        return Parts.spec(EVENTS, "at").retention("14 months");
    }

    /** Registers the table, as somebody did long ago. */
    private void register() {
        database.execute("SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)");
        database.execute("UPDATE partman.part_config SET retention = '14 months', retention_keep_table = true,"
                + " infinite_time_partitions = true");
    }

    private void insert(String moment) {
        database.execute("INSERT INTO public.events (id, at) SELECT (SELECT count(*) FROM public.events) + 1, %s"
                .formatted(moment));
    }

    private static String monthsAgo(int months) {
        return "date_trunc('month', now()::timestamp) - interval '%d months' + interval '3 days'".formatted(months);
    }

    private Plan reconcile(TableSpec spec) {
        var result = Parts.in(database).tables(spec).build().reconcile(spec);
        assertThat(result.failure()).isEmpty();
        return result.plan();
    }

    private PartitionSet.DefaultPartition observedDefault(TableSpec spec) {
        return Objects.requireNonNull(
                Parts.in(database).tables(spec).build().observeSet(spec).defaultPartition());
    }

    @Test
    void movesRowsToPartitionsThatLeaveNoHole() {
        register();
        insert(monthsAgo(8));
        insert(monthsAgo(11));
        insert(monthsAgo(11));
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);
        SetView set = new SetView(database, spec);
        long lying = set.defaultRows();

        Plan plan = reconcile(spec);

        assertThat(lying).isEqualTo(3);
        assertThat(plan).isEqualTo(new Plan.Nothing());
        assertThat(set.defaultRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.partitions()).hasSizeBetween(11 + 1 + 3, 11 + 1 + 3 + 1);
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
    }

    @Test
    void leavesRowsOutsideTheRangeAndReportsThem() {
        register();
        insert(monthsAgo(5));
        insert("timestamp '2099-01-01 12:00'");
        insert("timestamp 'infinity'");
        insert("timestamp '-infinity'");
        insert("timestamp '2001-02-03 04:05:06'");
        TableSpec spec = spec().build();
        SetView set = new SetView(database, spec);
        Content before = TableShapes.content(database, EVENTS);

        Plan plan = reconcile(spec);
        PartitionSet.DefaultPartition left = observedDefault(spec);

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains("4 row(s)", "2099-01-01T12:00", "2001-02-03T04:05:06", "2 of them infinite");
        assertThat(List.of(left.rows(), left.infinite(), String.valueOf(left.oldest()), String.valueOf(left.newest())))
                .containsExactly(4L, 2L, "2001-02-03T04:05:06", "2099-01-01T12:00");
        assertThat(set.defaultRows()).isEqualTo(4);
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(set.partitions()).hasSizeBetween(5 + 1 + 3, 5 + 1 + 3 + 1);
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
    }

    @Test
    void keepsMakingPartitionsWhileRowsThatFitNowhereLieInTheDefaultPartition() {
        register();
        insert("timestamp '2099-01-01 12:00'");
        TableSpec more = spec().premake(6).build();
        SetView set = new SetView(database, more);

        Plan plan = reconcile(more);

        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(set.isPremade()).isTrue();
        assertThat(set.holes()).isEmpty();
    }

    /** Each observation finds them: no survey of all rows is needed, which would have to be spared. */
    @Test
    void movesRowsAtTheNextLookThatComeWhileOthersStay() {
        register();
        insert("timestamp '2099-01-01 12:00'");
        insert(monthsAgo(5));
        TableSpec spec = spec().build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.reconcile(spec);
        insert(monthsAgo(6));

        parts.observer().observe();
        List<TableSpec> work = parts.reconciler().setsToEmpty();

        assertThat(work).containsExactly(spec);
    }

    /** Without a retention, the row of 1970 would need some 680 partitions. */
    @Test
    void movesWhatItCanThoughARowLiesTooFarBack() {
        register();
        database.execute("UPDATE partman.part_config SET retention = NULL");
        insert("timestamp '1970-01-01'");
        insert(monthsAgo(8));
        TableSpec spec = spec().retention(null).build();
        SetView set = new SetView(database, spec);

        Plan plan = reconcile(spec);

        assertThat(plan.reason()).contains("1 row(s)", "1970-01-01T00:00", "max-partitions (500)");
        assertThat(set.defaultRows()).isEqualTo(1);
        assertThat(set.partitions()).hasSizeBetween(8 + 1 + 3, 8 + 1 + 3 + 1);
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
    }

    /** Left to itself, maintenance would make partitions up to the row's year, and fail at its month. */
    @Test
    void keepsMaintenanceFromFollowingARowOfTheFarFuture() {
        register();
        database.execute("UPDATE partman.part_config SET ignore_default_data = false");
        insert("timestamp '2099-01-01 12:00'");
        TableSpec spec = spec().build();
        SetView set = new SetView(database, spec);

        Plan plan = reconcile(spec);
        database.execute("SELECT partman.run_maintenance('public.events')");

        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(set.defaultRows()).isEqualTo(1);
        assertThat(set.partitions()).hasSizeLessThanOrEqualTo(3 + 1 + 3 + 1);
    }

    @Test
    void firesNoTriggerAndSwitchesEachOnAgainAsItWas() {
        register();
        database.execute("""
                CREATE TABLE public.audit (trigger_name text, operation text);
                CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN INSERT INTO public.audit VALUES (TG_NAME, TG_OP); RETURN NEW; END $$;
                CREATE TRIGGER usual AFTER INSERT OR DELETE ON public.events FOR EACH ROW EXECUTE FUNCTION public.audit();
                CREATE TRIGGER always AFTER INSERT OR DELETE ON public.events FOR EACH ROW EXECUTE FUNCTION public.audit();
                ALTER TABLE public.events ENABLE ALWAYS TRIGGER always;
                CREATE TRIGGER on_replica AFTER INSERT OR DELETE ON public.events FOR EACH ROW EXECUTE FUNCTION public.audit();
                ALTER TABLE public.events ENABLE REPLICA TRIGGER on_replica;
                CREATE TRIGGER off AFTER INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.audit();
                ALTER TABLE public.events DISABLE TRIGGER off;
                CREATE TRIGGER by_statement AFTER INSERT ON public.events EXECUTE FUNCTION public.audit();
                """);
        insert(monthsAgo(8));
        database.execute("TRUNCATE public.audit");
        String states =
                "SELECT tgname || ' ' || tgenabled::text FROM pg_trigger WHERE tgrelid = 'public.events'::regclass"
                        + " AND NOT tgisinternal ORDER BY 1";
        List<String> before = database.strings(states);

        reconcile(spec().build());

        assertThat(database.strings("SELECT operation FROM public.audit")).isEmpty();
        assertThat(database.strings(states)).isEqualTo(before);
        insert("now()::timestamp");
        insert(monthsAgo(8));
        insert("timestamp '2099-01-01'");
        assertThat(database.strings(
                        "SELECT trigger_name || count(*) FROM public.audit GROUP BY trigger_name ORDER BY 1"))
                .containsExactly("always3", "by_statement3", "usual3");
    }

    @Test
    void refusesToMoveMoreRowsThanAllowed() {
        register();
        database.execute(
                "INSERT INTO public.events SELECT i, %s FROM generate_series(1, 11) AS i".formatted(monthsAgo(8)));
        TableSpec spec = spec().moveRows(10).build();
        List<String> schema = SetView.schema(database);

        Plan plan = reconcile(spec);

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains("11 rows", "move-rows (10)", "raise the setting", "method to online");
        assertThat(SetView.schema(database)).isEqualTo(schema);
        assertThat(new SetView(database, spec).defaultRows()).isEqualTo(11);
    }

    @Test
    void registersASetOfADefaultPartitionAloneThatHoldsRows() {
        database.execute("CREATE TABLE public.events_default PARTITION OF public.events DEFAULT");
        insert(monthsAgo(6));
        insert("now()::timestamp");
        insert("timestamp '2099-01-01'");
        insert(monthsAgo(40));
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);
        SetView set = new SetView(database, spec);

        Plan plan = reconcile(spec);

        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(set.configuration()).hasSize(1);
        assertThat(set.defaultRows()).isEqualTo(2);
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(set.misplacedRows()).isZero();
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
    }

    @Test
    void registersASetWithPartitionsOfPartmansNamesAndRowsInItsDefault() {
        database.execute("CREATE TABLE public.events_default PARTITION OF public.events DEFAULT");
        partition("'events_p' || to_char(month, 'YYYYMMDD')", -2, 0);
        insert(monthsAgo(1));
        insert(monthsAgo(4));
        insert("now()::timestamp + interval '1 month'");
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);
        SetView set = new SetView(database, spec);

        Plan plan = reconcile(spec);

        assertThat(plan).isEqualTo(new Plan.Nothing());
        assertThat(set.defaultRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(set.misplacedRows()).isZero();
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
    }

    /** Partitions of a month each, from one month to another one, counted from now. */
    private void partition(String name, int from, int to) {
        for (String statement : database.strings("""
                SELECT format('CREATE TABLE public.%%I PARTITION OF public.events FOR VALUES FROM (%%L) TO (%%L)', %s, month,
                              month + interval '1 month')
                FROM generate_series(%d, %d) AS i, LATERAL (
                    SELECT date_trunc('month', now()::timestamp) + i * interval '1 month') AS m (month)
                """.formatted(name, from, to))) {
            database.execute(statement);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void renamesPartitionsThatOthersNamed(boolean defaultPartition) {
        if (defaultPartition) {
            database.execute("CREATE TABLE public.\"the rest\" PARTITION OF public.events DEFAULT");
        }
        partition("'Events of ' || to_char(month, 'YYYY MM')", -3, 1);
        insert(monthsAgo(1));
        insert(monthsAgo(0));
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);
        SetView set = new SetView(database, spec);

        Plan plan = reconcile(spec);

        assertThat(plan).isEqualTo(new Plan.Nothing());
        assertThat(set.partitionNames()).allMatch(name -> name.matches("events_p[0-9]{8}"));
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(set.defaultRows()).isZero();
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
        database.execute("SELECT partman.run_maintenance('public.events')");
        assertThat(set.holes()).isEmpty();
    }

    @Test
    void leavesASetWhosePartitionsDoNotFitUntouched() {
        List<String> bounds = List.of(
                "FROM ('2026-01-01') TO ('2026-01-15')",
                "FROM ('2026-02-02') TO ('2026-03-02')",
                "FROM (MINVALUE) TO ('2020-01-01')");
        List<String> reasons = new ArrayList<>();
        for (String bound : bounds) {
            database.execute("CREATE TABLE public.odd PARTITION OF public.events FOR VALUES " + bound);
            List<String> schema = SetView.schema(database);

            Plan plan = reconcile(spec().build());

            assertThat(plan).isInstanceOf(Plan.Blocked.class);
            assertThat(plan.state()).isEqualTo(TableState.FOREIGN);
            reasons.add(plan.reason());
            assertThat(SetView.schema(database)).isEqualTo(schema);
            database.execute("DROP TABLE public.odd");
        }
        assertThat(reasons).allSatisfy(reason -> assertThat(reason).contains("public.odd", "1 month"));
    }

    @Test
    void leavesSubPartitionedAndOtherwiseRegisteredSetsUntouched() {
        database.execute(
                "ALTER TABLE public.events DROP CONSTRAINT events_pkey",
                "CREATE TABLE public.part PARTITION OF public.events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')"
                        + " PARTITION BY LIST (note)");
        List<@Nullable String> reasons = new ArrayList<>();

        Plan subPartitioned = reconcile(spec().build());
        database.execute("DROP TABLE public.part");
        register();
        List<String> schema = SetView.schema(database);
        Plan otherInterval = reconcile(spec().interval("1 week").build());
        Plan otherColumn = reconcile(Parts.spec(EVENTS, "moment").build());

        reasons.addAll(List.of(subPartitioned.reason(), otherInterval.reason(), otherColumn.reason()));
        assertThat(reasons.get(0)).contains("sub-partitioned", "public.part");
        assertThat(reasons.get(1)).contains("1 month", "7 days");
        assertThat(reasons.get(2)).contains("partitioned by at, not by moment");
        assertThat(List.of(subPartitioned.state(), otherInterval.state(), otherColumn.state()))
                .containsOnly(TableState.FOREIGN);
        assertThat(SetView.schema(database)).isEqualTo(schema);
    }

    @Test
    void movesRowsOfATableWithIdentityAndGeneratedColumns() {
        database.execute(
                "DROP TABLE public.events",
                "CREATE TABLE public.events (id bigint GENERATED ALWAYS AS IDENTITY, gone text, at timestamptz NOT NULL,"
                        + " \"Twice\" bigint GENERATED ALWAYS AS (EXTRACT(EPOCH FROM at AT TIME ZONE 'UTC') * 2) STORED) PARTITION BY RANGE (at)",
                "ALTER TABLE public.events DROP gone",
                "CREATE TABLE public.events_default PARTITION OF public.events DEFAULT");
        database.execute(
                "INSERT INTO public.events (at) SELECT now() - i * interval '10 days' FROM generate_series(0, 12) AS i");
        TableSpec spec = spec().build();
        Content before = TableShapes.content(database, EVENTS);

        Plan plan = reconcile(spec);

        assertThat(plan).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
        assertThat(database.query("INSERT INTO public.events (at) VALUES (now()) RETURNING id"))
                .containsExactly(List.of(14L));
    }
}
