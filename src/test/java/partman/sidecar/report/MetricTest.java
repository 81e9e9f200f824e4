package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MetricTest {

    @ParameterizedTest
    @EnumSource
    void followsPrometheusNamingPractice(Metric metric) {
        String name = metric.shownName();

        assertThat(name).matches("partman_[a-z]+(_[a-z]+)*");
        assertThat(name.endsWith("_total")).isEqualTo(metric.type() == Metric.Type.COUNTER);
        assertThat(metric.help()).endsWith(".").doesNotContain("\n", "|");
    }

    @ParameterizedTest
    @EnumSource
    void saysItsUnit(Metric metric) {
        if (metric.shownName().endsWith("_seconds")) {
            assertThat(metric.help()).contains("in seconds");
        }
        if (metric.shownName().endsWith("_bytes")) {
            assertThat(metric.help()).contains("in bytes");
        }
    }

    @Test
    void definesEachNameOnce() {
        List<String> names =
                Arrays.stream(Metric.values()).map(Metric::shownName).toList();

        assertThat(names).doesNotHaveDuplicates();
    }
}
