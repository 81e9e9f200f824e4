package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The dashboard by itself; {@code MonitoringIT} asks a real Prometheus for what it shows. */
class DashboardTest {

    @Test
    void namesNothingThatNoScrapeHas() {
        assertThat(Dashboard.expressions())
                .isNotEmpty()
                .allSatisfy(expression -> assertThat(Expressions.unknownNames(expression))
                        .as(expression)
                        .isEmpty());
    }

    @Test
    void saysOfEachPanelWhatItShowsInWhichUnit() {
        assertThat(Dashboard.panels()).allSatisfy(panel -> {
            JsonObject defaults = panel.json().getJsonObject("fieldConfig").getJsonObject("defaults");
            assertThat(panel.json().getString("description")).as(panel.title()).isNotBlank();
            assertThat(defaults.getString("unit")).as(panel.title()).isNotBlank();
            assertThat(defaults.getJsonObject("thresholds").getJsonArray("steps"))
                    .as(panel.title())
                    .isNotEmpty();
            assertThat(panel.json().getJsonObject("datasource").getString("uid"))
                    .isEqualTo("${datasource}");
            assertThat(panel.json().containsKey("id")).as("an id of an export").isFalse();
        });
    }

    @Test
    void letsNoTwoPanelsOverlap() {
        Set<String> taken = new HashSet<>();
        for (Dashboard.Panel panel : Dashboard.panels()) {
            JsonObject place = panel.json().getJsonObject("gridPos");
            for (int x = place.getInteger("x"); x < place.getInteger("x") + place.getInteger("w"); x++) {
                for (int y = place.getInteger("y"); y < place.getInteger("y") + place.getInteger("h"); y++) {
                    assertThat(taken.add(x + "/" + y)).as(panel.title()).isTrue();
                    assertThat(x).as(panel.title()).isLessThan(24);
                }
            }
        }
    }

    /** A metric that nobody looks at would be a mistake, here or there. */
    @Test
    void showsOrAlertsOnEveryMetric() {
        Set<String> named = new HashSet<>();
        Stream.concat(Dashboard.expressions().stream(), AlertRules.expressions().stream())
                .forEach(expression -> named.addAll(Expressions.metrics(expression)));

        List<String> missing = Arrays.stream(Metric.values())
                .filter(metric -> metric != Metric.INFO)
                .map(Metric::shownName)
                .filter(name -> !named.contains(name))
                .toList();
        assertThat(missing).isEmpty();
    }
}
