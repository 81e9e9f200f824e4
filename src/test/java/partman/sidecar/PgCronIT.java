package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** Maintenance by a job of pg_cron's that the sidecar keeps; the launcher starts it by the minute. */
@Postgres
class PgCronIT {

    private static final Duration TWO_TURNS = Duration.ofSeconds(130);

    private final Server version;

    PgCronIT(Server version) {
        this.version = version;
    }

    private static Map<String, String> environment(String databaseUrl) {
        return Map.of(
                "DATABASE_URL",
                databaseUrl,
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_MAINTENANCE_SCHEDULER",
                "pg-cron",
                "PARTMAN_MAINTENANCE_CRON",
                "* * * * *",
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false");
    }

    /** Makes a set of months that lacks two partitions. */
    private static void createSet(TestDatabase database, String name) {
        database.execute(
                "CREATE TABLE public.%s (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)".formatted(name),
                "SELECT partman.create_parent('public.%s', 'at', '1 month', p_premake := 2)".formatted(name),
                """
                UPDATE partman.part_config
                SET premake = 4, infinite_time_partitions = true, maintenance_last_run = now() - interval '1 day'
                WHERE parent_table = 'public.%s'
                """.formatted(name));
    }

    private static OptionalDouble runs(SidecarProcess sidecar, String outcome) {
        return sidecar.metric("partman_maintenance_runs_total", "parent_table", "public.orders", "outcome", outcome);
    }

    private static OptionalDouble up(SidecarProcess sidecar) {
        return sidecar.metric("partman_scheduler_up", "scheduler", "pg-cron");
    }

    private static OptionalDouble warning(SidecarProcess sidecar, String kind) {
        return sidecar.metric("partman_warning", "warning", kind);
    }

    private static List<String> warnings(SidecarProcess sidecar) {
        return sidecar.get("/api/tables").json().getJsonObject("maintenance").getJsonArray("warnings").stream()
                .map(warning -> ((JsonObject) warning).getString("text"))
                .toList();
    }

    /** The jobs for a database, each as schedule, command and user. */
    private static List<String> jobs(Client cron, TestDatabase database) {
        return cron.strings(
                "SELECT schedule || ' | ' || command || ' | ' || username FROM cron.job WHERE database = '%s'"
                        .formatted(database.name()));
    }

    @Test
    void keepsOneJobAndTellsHowItsRunsEnd() {
        try (PostgresServer server = PostgresServer.startOwn(version, Map.of("PRELOAD", "pg_cron"))) {
            TestDatabase good = server.createDatabase();
            TestDatabase broken = server.createDatabase();
            TestDatabase locked = server.createDatabase();
            Client cron = server.initialDatabase("postgres").client();
            cron.execute("CREATE EXTENSION pg_cron");
            String keeper = "keeper_" + good.name();
            good.createRole(keeper);
            good.execute(
                    "CREATE SCHEMA partman",
                    "CREATE EXTENSION pg_partman SCHEMA partman",
                    "GRANT ALL ON SCHEMA partman, public TO " + keeper,
                    "GRANT ALL ON ALL TABLES IN SCHEMA partman TO " + keeper,
                    "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA partman TO " + keeper);
            try (Client owner = good.client(keeper)) {
                owner.execute(
                        "CREATE TABLE public.orders (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)",
                        "SELECT partman.create_parent('public.orders', 'at', '1 month', p_premake := 2)",
                        "UPDATE partman.part_config SET premake = 4, infinite_time_partitions = true");
            }
            for (TestDatabase database : List.of(broken, locked)) {
                database.installPartman();
                createSet(database, "orders");
            }
            // the next partition's name is taken
            broken.execute("""
                    DO $$
                    BEGIN
                        EXECUTE format('CREATE TABLE public.orders_p%s (id bigint)',
                            to_char(date_trunc('month', now()) + interval '3 months', 'YYYYMMDD'));
                    END $$
                    """);
            Client holder = locked.client();
            holder.execute(
                    "SET application_name = 'somebody'",
                    "SELECT pg_advisory_lock(hashtext('pg_partman run_maintenance procedure'))",
                    "SELECT pg_advisory_lock(hashtext('pg_partman run_maintenance_proc'))");
            Map<String, String> goodEnvironment = environment(good.databaseUrl(keeper));

            try (SidecarProcess onGood = SidecarProcess.service(goodEnvironment)) {
                onGood.await("what is missing is told", () -> up(onGood).equals(OptionalDouble.of(0)));
                assertThat(warnings(onGood)).singleElement().asString().contains("GRANT USAGE ON SCHEMA cron TO");
                // README's rights
                cron.execute(
                        "GRANT USAGE ON SCHEMA cron TO " + keeper,
                        "GRANT EXECUTE ON FUNCTION cron.schedule_in_database(text, text, text, text, text, boolean) TO "
                                + keeper);

                try (SidecarProcess onBroken = SidecarProcess.service(environment(broken.databaseUrl()));
                        SidecarProcess onLocked = SidecarProcess.service(environment(locked.databaseUrl()))) {
                    onBroken.await(
                            "failure",
                            TWO_TURNS,
                            () -> runs(onBroken, "failure").orElse(0) > 0);
                    onLocked.await(
                            "skipped",
                            TWO_TURNS,
                            () -> runs(onLocked, "skipped").orElse(0) > 0);
                    assertThat(onBroken.lines("maintenance=failure")).isNotEmpty();
                    assertThat(runs(onBroken, "success")).hasValue(0);
                    assertThat(onLocked.lines("maintenance=skipped"))
                            .first()
                            .asString()
                            .contains("pid " + holder.pid());
                    // only a lock that was held for a while counts as stuck
                    onLocked.await(
                            "the stuck lock",
                            TWO_TURNS,
                            () -> warning(onLocked, "lock_stuck").equals(OptionalDouble.of(1)));
                    assertThat(warnings(onLocked))
                            .anySatisfy(text -> assertThat(text)
                                    .contains("pid " + holder.pid())
                                    .contains("user postgres")
                                    .contains("application somebody")
                                    .contains("pg_advisory_lock")
                                    .contains("pg_terminate_backend(" + holder.pid() + ")"));
                }
                onGood.await("success", TWO_TURNS, () -> runs(onGood, "success").orElse(0) > 0);
                assertThat(onGood.metric("partman_partitions_missing", "parent_table", "public.orders"))
                        .hasValue(0);
                assertThat(up(onGood)).hasValue(1);
                assertThat(warnings(onGood)).isEmpty();
                assertThat(jobs(cron, good))
                        .containsExactly("* * * * * | CALL \"partman\".run_maintenance_proc() | " + keeper);
            }
            try (SidecarProcess onGood =
                    SidecarProcess.service(with(goodEnvironment, "PARTMAN_MAINTENANCE_CRON", "7 3 * * *"))) {
                onGood.await(
                        "the job follows its schedule",
                        () -> jobs(cron, good)
                                .equals(List.of("7 3 * * * | CALL \"partman\".run_maintenance_proc() | " + keeper)));
            }
            try (SidecarProcess onGood =
                    SidecarProcess.service(with(goodEnvironment, "PARTMAN_MAINTENANCE_SCHEDULER", "sidecar"))) {
                onGood.await(
                        "the job that is left over is told",
                        () -> warning(onGood, "two_schedulers").equals(OptionalDouble.of(1)));
                String id = cron.strings("SELECT jobid FROM cron.job WHERE database = '%s'".formatted(good.name()))
                        .getFirst();
                assertThat(warnings(onGood)).singleElement().asString().contains("SELECT cron.unschedule(" + id + ")");
                cron.execute("SELECT cron.unschedule(%s)".formatted(id));
                onGood.await(
                        "the remedy is one",
                        () -> warning(onGood, "two_schedulers").equals(OptionalDouble.of(0)));
            }
        }
    }
}
