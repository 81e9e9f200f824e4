package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.Prometheus;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** Rules and dashboard with the tools that read them: a real Prometheus scrapes a real sidecar beside a real server. */
@Postgres
class MonitoringIT {

    private static final String TABLE = "public.enriched_events";

    private final TestDatabase database;

    MonitoringIT(TestDatabase database) {
        this.database = database;
    }

    @Test
    void findsAllThatRulesAndDashboardNameAndCallsForRowsInTheDefaultPartition() throws IOException {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 30_000, 6);
        // slow enough that several scrapes see the backfill
        Map<String, String> environment = Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_CONVERSION_MAX_ROWS_PER_SECOND",
                "1500",
                "QUARKUS_HTTP_HOST",
                Prometheus.listenAddress());
        String hasty = Files.readString(AlertRules.FILE).replaceAll("(?m)^( +for:) .*", "$1 1s");

        try (SidecarProcess sidecar = SidecarProcess.service(environment);
                Prometheus prometheus = Prometheus.scraping(sidecar, hasty)) {
            sidecar.await("started", () -> sidecar.status("/health/ready") == 200);
            sidecar.awaitState(TABLE, "healthy");
            sidecar.await(
                    "a scrape after it",
                    () -> !prometheus
                            .query("partman_table_state{state=\"healthy\"} == 1")
                            .isEmpty());
            assertThat(firing(prometheus)).doesNotContain("PartmanDefaultPartitionHoldsRows");
            insertARowOfTheFarFuture();

            Awaitility.await("the alert")
                    .atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(firing(prometheus)).contains("PartmanDefaultPartitionHoldsRows"));
            JsonObject alert = prometheus.alerts().stream()
                    .filter(one -> one.getJsonObject("labels")
                            .getString("alertname")
                            .equals("PartmanDefaultPartitionHoldsRows"))
                    .findFirst()
                    .orElseThrow();
            assertThat(alert.getJsonObject("labels").getMap())
                    .isEqualTo(Map.of(
                            "alertname", "PartmanDefaultPartitionHoldsRows",
                            "job", "partman-sidecar",
                            "parent_table", TABLE,
                            "severity", "warning"));
            assertThat(alert.getJsonObject("annotations").getString("description"))
                    .contains(TABLE + " has 1 row(s) in its default partition");
            assertThat(firing(prometheus))
                    .doesNotContain(
                            "PartmanSidecarDown",
                            "PartmanDatabaseUnreachable",
                            "PartmanObservationStale",
                            "PartmanDefaultPartitionUnreadable",
                            "PartmanPremadeHorizonShort",
                            "PartmanPartitionsMissing",
                            "PartmanRetentionNotApplied",
                            "PartmanMaintenanceFailing",
                            "PartmanSchedulerDown",
                            "PartmanConversionStalled");
            assertRulesAreEvaluated(prometheus);
            assertEachMetricWasScraped(prometheus);
            assertThePanelsAreAnswered(prometheus);
        }
    }

    private void insertARowOfTheFarFuture() {
        database.execute("""
                INSERT INTO public.enriched_events
                SELECT (jsonb_populate_record(NULL::public.enriched_events,
                    to_jsonb(e) || jsonb_build_object('id', gen_random_uuid(), 'timestamp', '2099-01-01T00:00:00'))).*
                FROM (SELECT * FROM public.enriched_events LIMIT 1) AS e
                """);
    }

    private static List<String> firing(Prometheus prometheus) {
        return prometheus.alerts().stream()
                .filter(alert -> alert.getString("state").equals("firing"))
                .map(alert -> alert.getJsonObject("labels").getString("alertname"))
                .toList();
    }

    private static void assertRulesAreEvaluated(Prometheus prometheus) {
        assertThat(prometheus.rules()).hasSize(AlertRules.expressions().size());
        assertThat(prometheus.rules())
                .allSatisfy(rule ->
                        assertThat(rule.getString("health")).as(rule.encode()).isEqualTo("ok"));
    }

    /** Each metric that rules or dashboard name, with all of its labels, at some time of the test. */
    private static void assertEachMetricWasScraped(Prometheus prometheus) {
        Set<String> named = new HashSet<>();
        Stream.concat(AlertRules.expressions().stream(), Dashboard.expressions().stream())
                .forEach(expression -> named.addAll(Expressions.metrics(expression)));
        assertThat(named).allSatisfy(name -> {
            List<JsonObject> series = prometheus.query("present_over_time(%s[1h])".formatted(name));
            assertThat(series).as(name).isNotEmpty();
            Stream<String> own = Arrays.stream(Metric.values())
                    .filter(metric -> metric.shownName().equals(name))
                    .flatMap(metric -> metric.labels().stream())
                    .map(Metric.Label::label);
            assertThat(series.getFirst().getJsonObject("metric").fieldNames())
                    .as(name)
                    .containsAll(
                            Stream.concat(Stream.of("job", "instance"), own).toList());
        });
    }

    private static void assertThePanelsAreAnswered(Prometheus prometheus) {
        assertThat(Dashboard.panels()).allSatisfy(panel -> {
            for (String expression : panel.expressions()) {
                List<JsonObject> answer =
                        prometheus.query(expression.replace("$job", ".*").replace("$parent_table", TABLE));
                if (panel.row().equals(Dashboard.FLEET)) {
                    assertThat(answer).as("%s: %s", panel.title(), expression).isNotEmpty();
                }
            }
        });
    }
}
