package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** What the outside sees of a retention: what it has taken away, and what it may not. */
@Postgres
class RetentionIT {

    private final TestDatabase database;

    RetentionIT(TestDatabase database) {
        this.database = database;
        database.installPartman();
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, UNIQUE (id, at)) PARTITION BY RANGE (at)");
    }

    private Map<String, String> environment(boolean keep) {
        Map<String, String> environment = new HashMap<>();
        environment.put("DATABASE_URL", database.databaseUrl());
        environment.put("PARTMAN_OBSERVE_EVERY", "1s");
        environment.put("PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED", "false");
        environment.put("PARTMAN_TABLES_EVENTS_NAME", "public.events");
        environment.put("PARTMAN_TABLES_EVENTS_CONTROL", "at");
        environment.put("PARTMAN_TABLES_EVENTS_INTERVAL", "1 month");
        environment.put("PARTMAN_TABLES_EVENTS_RETENTION", "14 months");
        environment.put("PARTMAN_TABLES_EVENTS_RETENTION_KEEP_TABLE", String.valueOf(keep));
        return environment;
    }

    private void createParent(int monthsAgo) {
        database.execute("""
                DO $$
                BEGIN
                    PERFORM partman.create_parent('public.events', 'at', '1 month', p_premake => 3,
                        p_start_partition => (date_trunc('month', now()) - %d * interval '1 month')::text);
                END $$
                """.formatted(monthsAgo));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countsThePartitionsThatTheRetentionHasKept(boolean keep) {
        createParent(16);
        List<String> expired =
                database.strings("SELECT relname FROM pg_class WHERE relname ~ '^events_p[0-9]+$' ORDER BY 1 LIMIT 2");

        try (SidecarProcess sidecar = SidecarProcess.service(environment(keep))) {
            sidecar.awaitState("public.events", "healthy");
            sidecar.await(
                    "maintenance",
                    () -> sidecar.metric(
                                            "partman_maintenance_runs_total",
                                            "parent_table",
                                            "public.events",
                                            "outcome",
                                            "success")
                                    .orElse(0)
                            == 1);

            assertThat(sidecar.metric("partman_detached_partitions", "parent_table", "public.events"))
                    .hasValue(keep ? 2 : 0);
            assertThat(database.strings("""
                    SELECT relname FROM pg_class
                    WHERE relname ~ '^events_p[0-9]+$' AND NOT relispartition
                    ORDER BY 1
                    """)).isEqualTo(keep ? expired : List.of());
            assertThat(database.strings("SELECT to_regclass('public.%s') IS NOT NULL".formatted(expired.getFirst())))
                    .containsExactly(keep ? "true" : "false");
        }
    }

    @Test
    void tellsOfASetThatIsHeldBackAndOfForeignKeysOnce() {
        createParent(0);
        database.execute(
                "CREATE TABLE public.events_old (LIKE public.events INCLUDING ALL)",
                """
                DO $$
                BEGIN
                    EXECUTE format('ALTER TABLE public.events ATTACH PARTITION public.events_old FOR VALUES FROM (%L) TO (%L)',
                        date_trunc('month', now()) - interval '20 months', date_trunc('month', now()));
                END $$
                """,
                "CREATE TABLE public.refs (id bigint, at timestamp, CONSTRAINT refs_of_events FOREIGN KEY (id, at) REFERENCES public.events (id, at))");

        try (SidecarProcess sidecar = SidecarProcess.service(environment(true))) {
            sidecar.awaitState("public.events", "blocked");
            sidecar.await(
                    "skipped",
                    () -> sidecar.metric(
                                            "partman_maintenance_runs_total",
                                            "parent_table",
                                            "public.events",
                                            "outcome",
                                            "skipped")
                                    .orElse(0)
                            == 1);

            assertThat(sidecar.get("/health/well").body()).contains("would detach partition public.events_old");
            assertThat(sidecar.table("public.events").orElseThrow().getJsonArray("referencedBy"))
                    .containsExactly("public.refs (refs_of_events)");
            assertThat(sidecar.lines("foreign keys refer to the set")).hasSize(1);
            assertThat(sidecar.lines("a person must act")).hasSize(1);
        }
        try (SidecarProcess maintain = SidecarProcess.start(environment(true), "maintain")) {
            assertThat(maintain.exitCode()).isEqualTo(ExitCode.BLOCKED);
            assertThat(maintain.out()).startsWith("public.events: skipped: maintenance is held back: ");
        }
    }
}
