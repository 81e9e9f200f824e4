package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Warning;
import partman.sidecar.report.AlertRules.Alert;
import partman.sidecar.testing.Prometheus;
import partman.sidecar.testing.Prometheus.Verdict;

/** The alert rules by themselves; {@code MonitoringIT} has a real Prometheus evaluate them on a real scrape. */
class AlertRulesTest {

    private static final String RUNBOOK = "## Runbook\n";

    @Test
    void passPromtoolsChecksAndTheirOwnTests() throws IOException {
        List<Verdict> verdicts = Prometheus.promtool(
                Map.of(
                        AlertRules.FILE.getFileName().toString(),
                        Files.readString(AlertRules.FILE),
                        AlertRules.TEST_FILE.getFileName().toString(),
                        Files.readString(AlertRules.TEST_FILE),
                        "prometheus.yml",
                        Files.readString(Path.of("docker/prometheus/prometheus.yml"))),
                List.of(
                        List.of("check", "rules", AlertRules.FILE.getFileName().toString()),
                        List.of(
                                "test",
                                "rules",
                                AlertRules.TEST_FILE.getFileName().toString()),
                        List.of("check", "config", "prometheus.yml")));

        assertThat(verdicts)
                .allSatisfy(verdict ->
                        assertThat(verdict.exitCode()).as(verdict.output()).isZero());
        assertThat(verdicts.getFirst().output())
                .contains("SUCCESS: %d rules".formatted(AlertRules.expressions().size()));
    }

    @Test
    void haveATestOfEachThatFiresAndOneThatDoesNot() throws IOException {
        TreeSet<String> fires = new TreeSet<>();
        TreeSet<String> keepsQuiet = new TreeSet<>();
        for (JsonNode test : new YAMLMapper()
                .readTree(Files.readString(AlertRules.TEST_FILE))
                .get("tests")) {
            for (JsonNode alertTest : test.get("alert_rule_test")) {
                String name = alertTest.get("alertname").asText();
                (alertTest.get("exp_alerts").isEmpty() ? keepsQuiet : fires).add(name);
            }
        }

        TreeSet<String> names =
                AlertRules.alerts().stream().map(Alert::name).collect(Collectors.toCollection(TreeSet::new));
        assertThat(fires).isEqualTo(names);
        assertThat(keepsQuiet).isEqualTo(names);
    }

    @Test
    void leadToTheirSectionsOfTheRunbook() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        assertThat(readme).contains(RUNBOOK);
        String runbook = readme.substring(readme.indexOf(RUNBOOK) + RUNBOOK.length());
        int end = runbook.indexOf("\n## ");
        List<String> sections = (end < 0 ? runbook : runbook.substring(0, end))
                .lines()
                .filter(line -> line.startsWith("### "))
                .map(line -> line.substring("### ".length()))
                .toList();

        assertThat(AlertRules.alerts()).allSatisfy(alert -> {
            assertThat(alert.runbookUrl())
                    .as(alert.name())
                    .endsWith("/README.md#" + alert.name().toLowerCase(Locale.ROOT));
            assertThat(alert.severity()).as(alert.name()).isIn("critical", "warning", "info");
        });
        assertThat(sections)
                .containsExactlyElementsOf(
                        AlertRules.alerts().stream().map(Alert::name).distinct().toList());
    }

    @Test
    void nameNothingThatNoScrapeHas() {
        assertThat(AlertRules.expressions())
                .allSatisfy(expression ->
                        assertThat(Expressions.unknownNames(expression)).isEmpty());
    }

    /** partman_scheduler_up tells the same as the warning that the scheduler is down. */
    @Test
    void lookAtEachWarningThatThereIs() {
        String all = String.join("\n", AlertRules.expressions());

        assertThat(EnumSet.complementOf(EnumSet.of(Warning.Kind.SCHEDULER_DOWN)))
                .allSatisfy(kind -> assertThat(all).contains("warning=\"%s\"".formatted(kind.label())));
    }
}
