package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** Maintenance as the service runs it by its cron expression, which takes up to a minute. */
@Postgres(Server.PG17)
class ScheduledMaintenanceIT {

    private static final Duration TWO_TURNS = Duration.ofSeconds(130);

    private final TestDatabase database;

    ScheduledMaintenanceIT(TestDatabase database) {
        this.database = database;
    }

    private static OptionalDouble runs(SidecarProcess sidecar, String table, String outcome) {
        return sidecar.metric("partman_maintenance_runs_total", "parent_table", table, "outcome", outcome);
    }

    @Test
    void skipsWhileAnotherHoldsTheLockAndThenMaintainsWhatItMay() {
        database.installPartman();
        for (String name : List.of("orders", "visits")) {
            database.execute(
                    "CREATE TABLE public.%s (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)"
                            .formatted(name),
                    "SELECT partman.create_parent('public.%s', 'at', '1 month', p_premake := 2)".formatted(name));
        }
        database.execute("UPDATE partman.part_config SET premake = 4, infinite_time_partitions = true");
        String keeper = "keeper_" + database.name();
        database.createRole(keeper);
        database.execute(
                "GRANT ALL ON SCHEMA partman, public TO " + keeper,
                "GRANT ALL ON ALL TABLES IN SCHEMA partman TO " + keeper,
                "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA partman TO " + keeper,
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + keeper);
        for (String table : database.strings("SELECT relid::regclass FROM pg_partition_tree('public.visits')")) {
            database.execute("ALTER TABLE %s OWNER TO %s".formatted(table, keeper));
        }
        database.execute("ALTER TABLE partman.template_public_visits OWNER TO " + keeper);

        try (Client other = database.client();
                SidecarProcess sidecar = SidecarProcess.service(Map.of(
                        "DATABASE_URL",
                        database.databaseUrl(keeper),
                        "PARTMAN_OBSERVE_EVERY",
                        "1s",
                        "PARTMAN_MAINTENANCE_CRON",
                        "* * * * *",
                        "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                        "false"))) {
            other.execute("SELECT pg_advisory_lock(hashtext('pg_partman run_maintenance procedure'))");
            sidecar.await(
                    "skipped",
                    TWO_TURNS,
                    () -> runs(sidecar, "public.visits", "skipped").orElse(0) > 0);
            assertThat(runs(sidecar, "public.visits", "success")).hasValue(0);
            assertThat(runs(sidecar, "public.orders", "skipped").orElse(0)).isGreaterThan(0);
            assertThat(sidecar.lines("maintenance=skipped")).first().asString().contains("pid " + other.pid());
            assertThat(sidecar.metric(
                            "partman_maintenance_last_success_timestamp_seconds", "parent_table", "public.visits"))
                    .isEmpty();
            other.execute("SELECT pg_advisory_unlock_all()");

            sidecar.await(
                    "success",
                    TWO_TURNS,
                    () -> runs(sidecar, "public.visits", "success").orElse(0) > 0
                            && runs(sidecar, "public.orders", "failure").orElse(0) > 0);
            assertThat(runs(sidecar, "public.orders", "success")).hasValue(0);
            assertThat(sidecar.metric("partman_partitions_missing", "parent_table", "public.visits"))
                    .hasValue(0);
            assertThat(sidecar.metric("partman_partitions_missing", "parent_table", "public.orders"))
                    .hasValue(2);
            assertThat(sidecar.state("public.orders")).isEqualTo("drifted");
            assertThat(sidecar.metric(
                            "partman_maintenance_last_success_timestamp_seconds", "parent_table", "public.visits"))
                    .isPresent();
            assertThat(sidecar.table("public.orders")
                            .orElseThrow()
                            .getJsonObject("maintenance")
                            .getJsonObject("last")
                            .getString("message"))
                    .contains("must be owner of table orders");
            assertThat(database.strings("""
                    SELECT l.classid || ' ' || l.objid FROM pg_locks AS l
                    WHERE l.locktype = 'advisory'
                      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    """))
                    .as("only the leader's lock is held")
                    .hasSize(1);
        }
    }
}
