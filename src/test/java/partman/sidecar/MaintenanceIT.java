package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** Maintenance of sets that are in {@code part_config}: what counts as done, and what one failing set does to others. */
@Postgres
class MaintenanceIT {

    private final TestDatabase database;

    MaintenanceIT(TestDatabase database) {
        this.database = database;
        database.installPartman();
    }

    private Map<String, String> environment() {
        return Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false");
    }

    /** What {@code maintain} ended with. */
    private record Ended(int code, String out, String err) {}

    private Ended maintain(String... variablesAndValues) {
        try (SidecarProcess process = SidecarProcess.start(with(environment(), variablesAndValues), "maintain")) {
            int code = process.exitCode();
            return new Ended(code, process.out(), process.err());
        }
    }

    /** Makes a set of months that lacks two partitions, and that pg_partman last maintained a day ago. */
    private void createSet(String name) {
        database.execute(
                "CREATE TABLE public.%s (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)".formatted(name),
                "SELECT partman.create_parent('public.%s', 'at', '1 month', p_premake := 2)".formatted(name),
                """
                UPDATE partman.part_config
                SET premake = 4, infinite_time_partitions = true, maintenance_last_run = now() - interval '1 day'
                WHERE parent_table = 'public.%s'
                """.formatted(name));
    }

    private int partitions(String name) {
        return Integer.parseInt(database.strings(
                        "SELECT count(*) FROM pg_inherits WHERE inhparent = 'public.%s'::regclass".formatted(name))
                .getFirst());
    }

    /** Makes a role that owns these sets, and may use pg_partman. */
    private String createKeeperOf(String... sets) {
        String keeper = "keeper_" + database.name();
        database.createRole(keeper);
        database.execute(
                "GRANT ALL ON SCHEMA partman, public TO " + keeper,
                "GRANT ALL ON ALL TABLES IN SCHEMA partman TO " + keeper,
                "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA partman TO " + keeper,
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + keeper);
        for (String set : sets) {
            for (String table :
                    database.strings("SELECT relid::regclass FROM pg_partition_tree('public.%s')".formatted(set))) {
                database.execute("ALTER TABLE %s OWNER TO %s".formatted(table, keeper));
            }
            database.execute("ALTER TABLE partman.template_public_%s OWNER TO %s".formatted(set, keeper));
        }
        return keeper;
    }

    private List<String> partConfig() {
        return database.strings("""
                SELECT to_jsonb(p) - 'maintenance_last_run' FROM partman.part_config AS p ORDER BY parent_table
                """);
    }

    @Test
    void maintainsAndMeasuresASetThatIsNotConfiguredAndLeavesItsConfiguration() {
        createSet("orders");
        database.execute("UPDATE partman.part_config SET retention = '9 months', retention_keep_table = false");
        List<String> before = partConfig();
        int partitions = partitions("orders");

        Ended ended = maintain();

        assertThat(ended.code()).as(ended.err()).isEqualTo(0);
        assertThat(ended.out()).isEqualTo("public.orders: success\n");
        assertThat(partitions("orders")).isGreaterThanOrEqualTo(partitions + 2);
        assertThat(partConfig()).isEqualTo(before);
        try (SidecarProcess sidecar = SidecarProcess.service(environment())) {
            sidecar.awaitState("public.orders", "healthy");
            assertThat(sidecar.metric("partman_partitions", "parent_table", "public.orders"))
                    .hasValue(partitions("orders") - 1);
            assertThat(sidecar.metric("partman_partitions_missing", "parent_table", "public.orders"))
                    .hasValue(0);
            assertThat(sidecar.status("/health/well")).isEqualTo(200);
            assertThat(partConfig()).isEqualTo(before);
        }
    }

    @Test
    void maintainsASetOfNumbersAndASetWithMixedCase() {
        database.execute(
                "CREATE TABLE public.numbers (id bigint NOT NULL) PARTITION BY RANGE (id)",
                "SELECT partman.create_parent('public.numbers', 'id', '1000')",
                "INSERT INTO public.numbers SELECT generate_series(1, 3500)",
                "CREATE TABLE public.\"Odd Name\" (\"At\" timestamptz NOT NULL) PARTITION BY RANGE (\"At\")",
                "SELECT partman.create_parent('public.Odd Name', 'At', '1 day', p_premake := 2)",
                "UPDATE partman.part_config SET premake = premake + 1, maintenance_last_run = NULL");

        Ended ended = maintain();

        assertThat(ended.code()).as(ended.err()).isEqualTo(0);
        assertThat(ended.out()).isEqualTo("public.Odd Name: success\npublic.numbers: success\n");
        assertThat(database.single("SELECT count(*) FROM partman.part_config WHERE maintenance_last_run IS NULL"))
                .isEqualTo(0L);
    }

    @Test
    void leavesASetAloneWhoseAutomaticMaintenanceIsOff() {
        createSet("orders");
        createSet("visits");
        database.execute(
                "UPDATE partman.part_config SET automatic_maintenance = 'off' WHERE parent_table = 'public.orders'");
        int partitions = partitions("orders");

        Ended ended = maintain();

        assertThat(ended.code()).as(ended.err()).isEqualTo(0);
        assertThat(ended.out()).isEqualTo("public.visits: success\n");
        assertThat(partitions("orders")).isEqualTo(partitions);
        assertThat(database.single("""
                SELECT maintenance_last_run < now() - interval '1 hour' FROM partman.part_config
                WHERE parent_table = 'public.orders'
                """)).isEqualTo(true);
    }

    @Test
    void maintainsTheOtherSetsWhenOneFails() {
        createSet("accounts");
        createSet("orders");
        createSet("visits");
        database.execute("UPDATE partman.part_config SET maintenance_order = 1 WHERE parent_table = 'public.orders'");
        String keeper = createKeeperOf("accounts", "visits");
        int accounts = partitions("accounts");
        int orders = partitions("orders");
        int visits = partitions("visits");

        Ended ended = maintain("DATABASE_URL", database.databaseUrl(keeper));

        assertThat(ended.code()).as(ended.err()).isEqualTo(1);
        assertThat(ended.out().lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("public.orders: failure: "),
                        line -> assertThat(line).isEqualTo("public.accounts: success"),
                        line -> assertThat(line).isEqualTo("public.visits: success"));
        assertThat(ended.out()).containsPattern("must be owner of table orders|does not own template table");
        assertThat(partitions("orders")).isEqualTo(orders);
        assertThat(partitions("accounts")).isGreaterThan(accounts);
        assertThat(partitions("visits")).isGreaterThan(visits);
    }

    @Test
    void worksOnItsOwnTableWhenAnotherOneIsNotItsOwn() {
        createSet("orders");
        createSet("visits");
        String keeper = createKeeperOf("visits");

        try (SidecarProcess sidecar = SidecarProcess.service(with(
                environment(),
                "DATABASE_URL",
                database.databaseUrl(keeper),
                "PARTMAN_TABLES_ORDERS_NAME",
                "public.orders",
                "PARTMAN_TABLES_ORDERS_CONTROL",
                "at",
                "PARTMAN_TABLES_ORDERS_INTERVAL",
                "1 month",
                "PARTMAN_TABLES_VISITS_NAME",
                "public.visits",
                "PARTMAN_TABLES_VISITS_CONTROL",
                "at",
                "PARTMAN_TABLES_VISITS_INTERVAL",
                "1 month"))) {
            sidecar.awaitState("public.visits", "healthy");
            sidecar.awaitState("public.orders", "blocked");

            assertThat(sidecar.get("/health/well").body()).contains("does not own it");
            assertThat(sidecar.status("/health/ready")).isEqualTo(200);
            assertThat(sidecar.lines("a person must act")).hasSize(1);
        }
    }

    @Test
    void countsARunAsFailedThatLeavesAPartitionOut() {
        createSet("orders");
        database.execute("""
                DO $$
                BEGIN
                    EXECUTE format('CREATE TABLE public.orders_p%s (id bigint)',
                        to_char(date_trunc('month', now()) + interval '3 months', 'YYYYMMDD'));
                END $$
                """);

        Ended ended = maintain();

        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.out()).startsWith("public.orders: failure: ").contains("partition");
        assertThat(ended.out().lines()).hasSize(1);
        assertThat(ended.err()).contains("maintenance=failure");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pg_partman run_maintenance procedure", "pg_partman run_maintenance_proc"})
    void skipsWhileTheProcedureRunsElsewhere(String lock) {
        createSet("orders");
        int partitions = partitions("orders");
        try (Client other = database.client()) {
            other.execute("SET application_name = 'another scheduler'");
            other.execute("SELECT pg_advisory_lock(hashtext('%s'))".formatted(lock));

            Ended ended = maintain();

            assertThat(ended.code()).isEqualTo(4);
            assertThat(ended.out())
                    .startsWith("public.orders: skipped: ")
                    .contains("pid " + other.pid())
                    .contains("another scheduler");
            assertThat(partitions("orders")).isEqualTo(partitions);
        }

        assertThat(maintain()).extracting(Ended::code, Ended::out).containsExactly(0, "public.orders: success\n");
    }

    @Test
    void skipsWhileTheFunctionRunsElsewhere() {
        createSet("orders");
        int partitions = partitions("orders");
        try (Client other = database.client()) {
            other.execute("SET application_name = 'another scheduler'", "BEGIN");
            other.execute("SELECT pg_advisory_xact_lock(hashtext('pg_partman run_maintenance'))");

            Ended ended = maintain();

            assertThat(ended.code()).isEqualTo(4);
            assertThat(ended.out())
                    .startsWith("public.orders: skipped: ")
                    .contains("pid " + other.pid())
                    .contains("another scheduler");
            assertThat(partitions("orders")).isEqualTo(partitions);
        }

        assertThat(maintain()).extracting(Ended::code, Ended::out).containsExactly(0, "public.orders: success\n");
    }

    @Test
    void failsWithoutWaitingForLongWhenATableIsLocked() {
        createSet("orders");
        createSet("visits");
        int partitions = partitions("orders");
        try (Client other = database.client()) {
            other.execute("BEGIN", "SELECT count(*) FROM public.orders", "LOCK TABLE public.orders IN SHARE MODE");

            Ended ended = maintain();

            assertThat(ended.code()).as(ended.err()).isEqualTo(1);
            assertThat(ended.out()).contains("public.orders: failure: ").contains("lock timeout");
            assertThat(ended.out()).contains("public.visits: success");
            assertThat(partitions("orders")).isEqualTo(partitions);
        }
    }
}
