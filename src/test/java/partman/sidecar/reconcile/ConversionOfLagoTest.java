package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** Lago's table, from each of the states that it is met in, to the one in which it is maintained. */
@Postgres
class ConversionOfLagoTest {

    private static final List<String> INDEXES = List.of(
            "idx_billing_on_enriched_events",
            "idx_lookup_on_enriched_events",
            "idx_unique_on_enriched_events",
            "index_enriched_events_on_event_id");

    private final TestDatabase database;

    ConversionOfLagoTest(TestDatabase database) {
        this.database = database;
    }

    private static TableSpec spec(Shape shape) {
        return Parts.spec(shape).retention("14 months").build();
    }

    private Parts parts(TableSpec spec) {
        return Parts.in(database).tables(spec).build();
    }

    private void assertMaintained(Parts parts, TableSpec spec) {
        SetView set = new SetView(database, spec);
        assertThat(parts.plan(spec)).isEqualTo(new Plan.Nothing());
        assertThat(set.configuration())
                .containsExactly(List.<@Nullable Object>of("timestamp", true, 3, true, true, true, "on"));
        assertThat(set.indexes()).isEqualTo(INDEXES);
        assertThat(set.defaultRows()).isZero();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(database.strings("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'partman_work%'"))
                .satisfiesAnyOf(
                        schemas -> assertThat(schemas).isEmpty(),
                        schemas -> assertThat(
                                        database.strings(
                                                "SELECT relname FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'partman_work%'"))
                                .isEmpty());
        assertThat(database.query("SELECT * FROM public.enriched_events LIMIT 1")
                        .getFirst())
                .hasSize(18);
    }

    @Test
    void convertsThePlainTableAndLosesNoRow() {
        Shape lago = TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 3000, 13);
        TableSpec spec = spec(lago);
        Parts parts = parts(spec);
        Content before = TableShapes.content(database, lago.table());
        QualifiedName retired = WorkSchema.retiredOf(lago.table());

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, lago.table())).isEqualTo(before);
        assertThat(TableShapes.content(database, retired)).isEqualTo(before);
        assertMaintained(parts, spec);
        assertThat(new SetView(database, spec).partitions()).hasSizeBetween(13 + 1 + 3, 13 + 1 + 3 + 1);
        assertThat(parts.status().latest().tables()).hasSize(1).first().satisfies(table -> {
            assertThat(table.state()).isEqualTo(TableState.HEALTHY);
            assertThat(table.progress().maintenanceSuccesses()).isPositive();
            assertThat(table.progress().maintenanceFailures()).isZero();
            assertThat(table.retiredBytes()).isPositive();
        });
    }

    @Test
    void convertsAnEmptyPlainTable() {
        Shape lago = TableShapes.lagoPlain(database);
        TableSpec spec = spec(lago);
        Parts parts = parts(spec);

        parts.reconcile(spec);
        TableShapes.loadLagoRows(database, 100, 0);

        assertMaintained(parts, spec);
        assertThat(TableShapes.content(database, lago.table()).rows()).isEqualTo(100);
    }

    @Test
    void servesLagosInsertsAndDeletesAfterTheConversion() {
        Shape lago = TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 100, 2);
        TableSpec spec = spec(lago);
        parts(spec).reconcile(spec);
        database.execute("CREATE TEMPORARY TABLE again AS SELECT * FROM public.enriched_events WHERE event_id IN"
                + " (SELECT event_id FROM public.enriched_events ORDER BY event_id LIMIT 10)");

        long doubled = insertAgain();
        long deleted = update("DELETE FROM public.enriched_events WHERE event_id IN (SELECT event_id FROM again)");
        long inserted = insertAgain();

        assertThat(List.of(doubled, deleted, inserted)).containsExactly(0L, 10L, 10L);
    }

    private long insertAgain() {
        return update("INSERT INTO public.enriched_events SELECT * FROM again ON CONFLICT DO NOTHING");
    }

    private long update(String sql) {
        return (Long) Objects.requireNonNull(
                database.single("WITH changed AS (%s RETURNING 1) SELECT count(*) FROM changed".formatted(sql)));
    }

    @Test
    void announcesTheRowsThatTheRetentionDetachesAndKeepsThem() {
        Shape lago = TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 2000, 18);
        TableSpec spec = spec(lago);
        Parts parts = parts(spec);
        Content before = TableShapes.content(database, lago.table());
        List<String> expired = database.strings("""
                SELECT to_char(date_trunc('month', "timestamp"), 'YYYYMMDD') || ' ' || count(*)
                FROM public.enriched_events
                GROUP BY date_trunc('month', "timestamp")
                HAVING date_trunc('month', "timestamp") + interval '1 month' < now() AT TIME ZONE 'UTC' - interval '14 months'
                ORDER BY 1
                """);

        Plan plan = parts.plan(spec);
        parts.reconcile(spec);

        assertThat(expired).hasSizeBetween(3, 4);
        long expiredRows = expired.stream()
                .mapToLong(month -> Long.parseLong(month.substring(9)))
                .sum();
        assertThat(plan)
                .isInstanceOfSatisfying(
                        Plan.Convert.class,
                        convert -> assertThat(convert.notes())
                                .anySatisfy(note -> assertThat(note)
                                        .contains("14 months", "detaches " + expired.size() + " partition(s)")
                                        .contains("with %,d rows".formatted(expiredRows))));
        assertThat(detached())
                .containsExactlyElementsOf(expired.stream()
                        .map(month -> "enriched_events_p" + month)
                        .toList());
        assertThat(TableShapes.content(database, lago.table()).rows()).isEqualTo(before.rows() - expiredRows);
        uniteWithDetached();
        assertThat(TableShapes.content(database, QualifiedName.of("public", "united")))
                .isEqualTo(before);
        assertMaintained(parts, spec);
        assertThat(parts.observeSet(spec).detached().tables()).isEqualTo(expired.size());
    }

    /** Tables of their own that were partitions, each with its number of rows. */
    private List<String> detached() {
        List<String> tables = new ArrayList<>();
        for (String name : database.strings(
                "SELECT relname FROM pg_class WHERE relname ~ '^enriched_events_p[0-9]{8}$' AND relkind = 'r' AND NOT relispartition ORDER BY 1")) {
            tables.add(name + " " + database.single("SELECT count(*) FROM public." + name));
        }
        return tables;
    }

    private void uniteWithDetached() {
        database.execute("CREATE TABLE public.united AS TABLE public.enriched_events");
        for (String table : detached()) {
            database.execute("INSERT INTO public.united TABLE public." + table.substring(0, table.indexOf(' ')));
        }
    }

    @Test
    void registersThePartitionedTableOfAFreshInstall() {
        Shape lago = TableShapes.lagoUnregistered(database);
        TableSpec spec = spec(lago);
        Parts parts = parts(spec);

        Reconciler.Result result = parts.reconcile(spec);
        TableShapes.loadLagoRows(database, 100, 0);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, lago.table()).rows()).isEqualTo(100);
        assertMaintained(parts, spec);
        assertFuturePartitionsHaveTheTablesColumns(spec);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 13})
    void registersThePartitionedTableWhoseDefaultPartitionHoldsRows(int fromMonthsAgo) {
        Shape lago = TableShapes.lagoUnregistered(database);
        TableShapes.loadLagoRows(database, 1000, fromMonthsAgo);
        TableSpec spec = spec(lago);
        Parts parts = parts(spec);
        Content before = TableShapes.content(database, lago.table());

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, lago.table())).isEqualTo(before);
        assertMaintained(parts, spec);
        assertFuturePartitionsHaveTheTablesColumns(spec);
    }

    /** The dumped schema brings another machine's template table, whose columns are those of another day. */
    private void assertFuturePartitionsHaveTheTablesColumns(TableSpec spec) {
        database.execute(
                "UPDATE partman.part_config SET premake = 5",
                "SELECT partman.run_maintenance('public.enriched_events')");
        SetView set = new SetView(database, spec);
        assertThat(set.partitions()).hasSizeGreaterThan(5);
        assertThat(database.strings("SELECT attname FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0"
                        .formatted(set.partitions().getLast().name().sql())))
                .hasSize(18);
    }

    @Test
    void leavesTheRegisteredTableAsItIs() {
        Shape lago = TableShapes.lagoRegistered(database);
        TableShapes.loadLagoRows(database, 1000, 6);
        TableSpec spec = spec(lago);
        Parts parts = parts(spec);
        Content before = TableShapes.content(database, lago.table());
        List<String> schema = SetView.schema(database);

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(SetView.schema(database)).isEqualTo(schema);
        assertThat(TableShapes.content(database, lago.table())).isEqualTo(before);
        assertMaintained(parts, spec);
    }

    @Test
    void convertsForARoleThatIsNoSuperuserButAMemberOfTheOwner() {
        Shape lago = TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 300, 3);
        database.createRole("lago");
        database.createRole("sidecar");
        database.installPartman();
        database.execute(
                "GRANT USAGE, CREATE ON SCHEMA public TO lago, sidecar",
                "ALTER TABLE public.enriched_events OWNER TO lago",
                "GRANT lago TO sidecar",
                "GRANT CREATE ON DATABASE " + database.name() + " TO sidecar",
                "GRANT ALL ON SCHEMA partman TO sidecar",
                "GRANT ALL ON ALL TABLES IN SCHEMA partman TO sidecar",
                "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA partman TO sidecar",
                "GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA partman TO sidecar");
        TableSpec spec = spec(lago);
        Parts parts = Parts.in(database).role("sidecar").tables(spec).build();
        Content before = TableShapes.content(database, lago.table());

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, lago.table())).isEqualTo(before);
        assertMaintained(parts, spec);
        assertThat(database.strings(
                        "SELECT DISTINCT tableowner FROM pg_tables WHERE tablename LIKE 'enriched_events%'"))
                .containsExactly("lago");
        try (Client application = database.client("lago")) {
            assertThat(application.single("SELECT count(*) FROM public.enriched_events"))
                    .isEqualTo(300L);
        }
    }

    @Test
    void refusesASecondRowOfTheSameKeyAfterTheConversion() {
        Shape lago = TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 50, 1);
        TableSpec spec = spec(lago);
        parts(spec).reconcile(spec);

        assertThatThrownBy(() -> database.execute(
                        "INSERT INTO public.enriched_events SELECT * FROM public.enriched_events LIMIT 1"))
                .isInstanceOfSatisfying(
                        Client.Refused.class,
                        refused -> assertThat(refused.sqlState()).isEqualTo("23505"));
    }
}
