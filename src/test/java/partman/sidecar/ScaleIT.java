package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** A hundred sets of a hundred daily partitions; half of the sets are configured. The figures are printed. */
class ScaleIT {

    private static final int SETS = 100;
    private static final int PARTITIONS = 100;
    private static final int CONFIGURED = 50;

    /** Sets as pg_partman would have made them, without the minutes it takes for that. */
    private static void createSets(TestDatabase database) {
        database.installPartman();
        for (int i = 0; i < SETS; i++) {
            String name = name(i);
            database.execute("""
                    CREATE TABLE public.%1$s (id bigint NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at))
                        PARTITION BY RANGE (at);
                    CREATE TABLE public.%1$s_default PARTITION OF public.%1$s DEFAULT;
                    DO $$
                    DECLARE
                        first timestamptz := date_trunc('day', now(), 'UTC') - interval '%2$d days';
                    BEGIN
                        FOR i IN 0 .. %3$d - 1 LOOP
                            EXECUTE format('CREATE TABLE public.%1$s_p%%s PARTITION OF public.%1$s FOR VALUES FROM (%%L) TO (%%L)',
                                to_char((first + i * interval '1 day') AT TIME ZONE 'UTC', 'YYYYMMDD'),
                                first + i * interval '1 day', first + (i + 1) * interval '1 day');
                        END LOOP;
                    END $$;
                    INSERT INTO partman.part_config (parent_table, control, partition_interval, partition_type, premake,
                        automatic_maintenance, retention_keep_table, infinite_time_partitions, datetime_string)
                    VALUES ('public.%1$s', 'at', '1 day', 'range', 4, 'on', true, true, 'YYYYMMDD');
                    """.formatted(name, PARTITIONS - 5, PARTITIONS));
        }
        database.execute("ANALYZE");
    }

    private static String name(int i) {
        return String.format(Locale.ROOT, "events_%03d", i);
    }

    private static Map<String, String> environment(TestDatabase database) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false"));
        for (int i = 0; i < CONFIGURED; i++) {
            String prefix = "PARTMAN_TABLES_SET%d_".formatted(i);
            environment.put(prefix + "NAME", "public." + name(i));
            environment.put(prefix + "CONTROL", "at");
            environment.put(prefix + "INTERVAL", "1 day");
        }
        return environment;
    }

    @Test
    void showsAHundredSetsSoonAndLooksAtThemFast() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
            TestDatabase database = server.createDatabase();
            createSets(database);
            for (int run = 0; run < 3; run++) {
                measure(database);
            }
        }
    }

    private static void measure(TestDatabase database) {
        try (SidecarProcess sidecar = SidecarProcess.service(environment(database))) {
            sidecar.await("metrics", () -> sidecar.status("/metrics") == 200);
            Duration served = sidecar.age();
            sidecar.await("the first look", () -> sidecar.metric("partman_up").orElse(0) == 1);
            Duration looked = sidecar.age();
            Map<Double, Double> durations = new TreeMap<>();
            sidecar.await("ten looks", () -> {
                String body = sidecar.get("/metrics").body();
                durations.put(
                        value(body, "partman_observation_timestamp_seconds"),
                        value(body, "partman_observation_duration_seconds"));
                return durations.size() >= 10;
            });
            long started = System.nanoTime();
            String metrics = sidecar.get("/metrics").body();
            Duration scrape = Duration.ofNanos(System.nanoTime() - started);
            started = System.nanoTime();
            String tables = sidecar.get("/api/tables").body();
            Duration json = Duration.ofNanos(System.nanoTime() - started);
            List<Double> sorted = new ArrayList<>(durations.values());
            System.out.printf(
                    Locale.ROOT,
                    "scale: metrics served after %d ms, first look shown after %d ms, looks (s) %s, scrape %d ms of %d bytes, JSON %d ms of %d bytes%n",
                    served.toMillis(),
                    looked.toMillis(),
                    sorted,
                    scrape.toMillis(),
                    metrics.length(),
                    json.toMillis(),
                    tables.length());

            assertThat(metrics.lines()
                            .filter(line ->
                                    line.startsWith("partman_partitions{") && line.endsWith(" " + PARTITIONS + ".0")))
                    .hasSize(SETS);
            assertThat(metrics.lines().filter(line -> line.contains("state=\"healthy\"") && line.endsWith(" 1.0")))
                    .hasSize(SETS);
            assertThat(served).isLessThan(Duration.ofSeconds(6));
            assertThat(looked).isLessThan(Duration.ofSeconds(10));
            assertThat(sorted.stream().sorted().toList().get(sorted.size() / 2)).isLessThan(2.0);
        }
    }

    private static double value(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }
}
