package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** README's table of metrics is made of {@link Metric}, the only place where they are described. */
class ReadmeMetricsTest {

    private static final String BEGIN = "<!-- metrics -->\n";
    private static final String END = "<!-- /metrics -->";

    @Test
    void listsEachMetricAsItIsDefined() throws IOException {
        String readme = Files.readString(Path.of("README.md"));

        int begin = readme.indexOf(BEGIN);
        int end = readme.indexOf(END);

        assertThat(begin).as("README.md has no %s", BEGIN.strip()).isNotNegative();
        assertThat(end).as("README.md has no %s after it", END).isGreaterThan(begin);
        assertThat(readme.substring(begin + BEGIN.length(), end))
                .as("paste this between the markers in README.md:%n%n%s%n", table())
                .isEqualTo(table());
    }

    private static String table() {
        return Stream.of(Metric.values())
                .map(metric -> "| `%s` | %s | %s | %s |\n"
                        .formatted(
                                metric.shownName(),
                                metric.type().label(),
                                metric.labels().stream()
                                        .map(label -> '`' + label.label() + '`')
                                        .collect(Collectors.joining(", ")),
                                metric.help()))
                .collect(Collectors.joining("", "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n", ""));
    }
}
