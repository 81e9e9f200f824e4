package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** Maintenance by pg_partman's background worker, which the sidecar watches. */
@Postgres
class BackgroundWorkerIT {

    private final Server version;

    BackgroundWorkerIT(Server version) {
        this.version = version;
    }

    private static Map<String, String> environment(TestDatabase database) {
        return Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_MAINTENANCE_SCHEDULER",
                "bgw",
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false");
    }

    private static void createSet(TestDatabase database) {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.orders (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.orders', 'at', '1 month', p_premake := 2)");
    }

    private static OptionalDouble up(SidecarProcess sidecar) {
        return sidecar.metric("partman_scheduler_up", "scheduler", "bgw");
    }

    private static OptionalDouble warning(SidecarProcess sidecar, String kind) {
        return sidecar.metric("partman_warning", "warning", kind);
    }

    private static JsonObject maintenance(SidecarProcess sidecar) {
        return sidecar.get("/api/tables").json().getJsonObject("maintenance");
    }

    private static List<String> warnings(SidecarProcess sidecar, String kind) {
        return maintenance(sidecar).getJsonArray("warnings").stream()
                .map(JsonObject.class::cast)
                .filter(warning -> warning.getString("kind").equals(kind))
                .map(warning -> warning.getString("text"))
                .toList();
    }

    @Test
    void watchesItSaysWhatItLacksAndThatItIsOneTooMany() {
        try (PostgresServer server = PostgresServer.startOwn(
                version, Map.of("POSTGRES_DB", "app", "PRELOAD", "pg_partman_bgw"), "pg_partman_bgw.interval=1")) {
            TestDatabase served = server.initialDatabase("app");
            TestDatabase other = server.createDatabase();
            createSet(served);
            createSet(other);

            try (SidecarProcess sidecar = SidecarProcess.service(environment(served))) {
                sidecar.await("it is at work", () -> up(sidecar).equals(OptionalDouble.of(1)));
                served.execute("UPDATE partman.part_config SET premake = 5, infinite_time_partitions = true");
                sidecar.await(
                        "its runs are counted",
                        () -> sidecar.metric(
                                                "partman_maintenance_runs_total",
                                                "parent_table",
                                                "public.orders",
                                                "outcome",
                                                "success")
                                        .orElse(0)
                                > 2);
                sidecar.await(
                        "the partitions are there",
                        () -> sidecar.metric("partman_partitions_missing", "parent_table", "public.orders")
                                .equals(OptionalDouble.of(0)));
                assertThat(maintenance(sidecar).getJsonObject("backgroundWorker"))
                        .isEqualTo(new JsonObject("""
                                {"databases": ["app"], "intervalSeconds": 1, "role": "postgres", "roleIsSuperuser": true,
                                 "analyze": "off", "jobmon": "on"}
                                """));
                assertThat(warning(sidecar, "two_schedulers")).hasValue(0);
                // 5.5.0 warns of superusers itself, by its default
                assertThat(warning(sidecar, "security_advisory")).hasValue(version == Server.PG17 ? 1 : 0);
            }
            try (SidecarProcess sidecar = SidecarProcess.service(environment(other))) {
                sidecar.await(
                        "it does not serve this database", () -> up(sidecar).equals(OptionalDouble.of(0)));
                assertThat(warnings(sidecar, "scheduler_down"))
                        .singleElement()
                        .asString()
                        .contains("pg_partman_bgw.dbname = 'app,%s'".formatted(other.name()));
            }
            try (SidecarProcess sidecar =
                    SidecarProcess.service(with(environment(served), "PARTMAN_MAINTENANCE_SCHEDULER", "sidecar"))) {
                sidecar.await(
                        "it is one too many",
                        () -> warning(sidecar, "two_schedulers").equals(OptionalDouble.of(1)));
                assertThat(warnings(sidecar, "two_schedulers"))
                        .singleElement()
                        .asString()
                        .contains("pg_partman_bgw.dbname (app)");
                assertThat(sidecar.lines("warning=two_schedulers")).hasSize(1);
            }
        }
    }

    @Test
    void saysWhichLinesTheServersConfigurationLacks(TestDatabase database) {
        createSet(database);

        try (SidecarProcess sidecar = SidecarProcess.service(environment(database))) {
            sidecar.await("it is not loaded", () -> up(sidecar).equals(OptionalDouble.of(0)));

            assertThat(warnings(sidecar, "scheduler_down"))
                    .singleElement()
                    .asString()
                    .contains("shared_preload_libraries = 'pg_partman_bgw'")
                    .contains("pg_partman_bgw.dbname = '%s'".formatted(database.name()))
                    .contains("pg_partman_bgw.role = 'postgres'")
                    .contains("pg_partman_bgw.interval");
            assertThat(sidecar.status("/health/ready")).isEqualTo(200);
        }
    }
}
