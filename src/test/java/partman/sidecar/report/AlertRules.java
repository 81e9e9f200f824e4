package partman.sidecar.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The alert rules as Prometheus reads them. */
final class AlertRules {

    static final Path FILE = Path.of("docker/prometheus/partman.rules.yaml");
    static final Path TEST_FILE = Path.of("docker/prometheus/partman.rules.test.yaml");

    /** The one recording rule, which alerts name like a metric. */
    static final String RECORDED = "instance:partman_up:speaks";

    private AlertRules() {}

    /** One alert; several may have the same name. */
    record Alert(String name, String expression, String severity, String runbookUrl) {}

    static List<Alert> alerts() {
        List<Alert> alerts = new ArrayList<>();
        for (JsonNode rule : rules()) {
            if (rule.has("alert")) {
                alerts.add(new Alert(
                        rule.get("alert").asText(),
                        rule.get("expr").asText(),
                        rule.at("/labels/severity").asText(),
                        rule.at("/annotations/runbook_url").asText()));
            }
        }
        return alerts;
    }

    /** The expressions of all rules. */
    static List<String> expressions() {
        return rules().stream().map(rule -> rule.get("expr").asText()).toList();
    }

    private static List<JsonNode> rules() {
        try {
            List<JsonNode> rules = new ArrayList<>();
            for (JsonNode group :
                    new YAMLMapper().readTree(Files.readString(FILE)).get("groups")) {
                group.get("rules").forEach(rules::add);
            }
            return rules;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
