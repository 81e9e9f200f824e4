package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.testing.SidecarProcess;

/** The process when its settings or arguments are wrong. */
class BadConfigurationIT {

    private static final String PASSWORD = "swordfish-7c41";

    private static final Map<String, String> THREE_FAULTS = Map.of(
            "DATABASE_URL",
            "postgresql://lago:" + PASSWORD + "@db:54321000/lago?sslmode=perhaps",
            "PARTMAN_MODE",
            "aply",
            "PARTMAN_OBSERVE_EVERY",
            "soon",
            "PARTMAN_MAINTENANCE_CRON",
            "every day",
            "PARTMAN_TABLES_ENRICHED_EVENTS_PREMAKE",
            "-1",
            "PARTMAN_TABLE_ENRICHED_EVENTS_RETENTION",
            "1 month");

    @ParameterizedTest
    @ValueSource(strings = {"", "plan", "check", "convert", "maintain", "drop-retired", "abort"})
    void namesEveryFaultAtOnceAndEndsFast(String command) {
        try (SidecarProcess sidecar =
                SidecarProcess.start(THREE_FAULTS, command.isEmpty() ? new String[0] : new String[] {command})) {
            int code = sidecar.exitCode(Duration.ofSeconds(20));
            Duration took = sidecar.age();
            System.out.printf("bad configuration, command '%s': %d ms%n", command, took.toMillis());

            assertThat(code).isEqualTo(2);
            assertThat(sidecar.err())
                    .contains("DATABASE_URL", "partman.mode", "partman.observe.every", "partman.maintenance.cron")
                    .contains("partman.tables.enriched-events.premake", "PARTMAN_TABLE_ENRICHED_EVENTS_RETENTION");
            assertThat(sidecar.out()).isEmpty();
            assertThat(sidecar.output()).doesNotContain(PASSWORD).doesNotContain("Exception");
            assertThat(took).isLessThan(Duration.ofSeconds(3));
        }
    }

    @Test
    void saysWhatIsMissingWhenNothingIsSet() {
        try (SidecarProcess sidecar = SidecarProcess.service(Map.of())) {
            assertThat(sidecar.exitCode(Duration.ofSeconds(20))).isEqualTo(2);
            assertThat(sidecar.err()).contains("DATABASE_URL");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pln", "--verbose", "plan plan", "PLAN"})
    void refusesAnUnknownCommandWithTheUsage(String arguments) {
        try (SidecarProcess sidecar = SidecarProcess.start(Map.of(), arguments.split(" ", -1))) {
            assertThat(sidecar.exitCode(Duration.ofSeconds(20))).isEqualTo(2);
            assertThat(sidecar.err()).contains("usage:").contains("drop-retired");
            assertThat(sidecar.out()).isEmpty();
        }
    }

    @Test
    void printsTheUsageWhenAskedWithoutAnySettings() {
        try (SidecarProcess sidecar = SidecarProcess.start(Map.of(), "--help")) {
            assertThat(sidecar.exitCode(Duration.ofSeconds(20))).isEqualTo(0);
            assertThat(sidecar.out()).contains("usage:").contains("maintain").contains("exit codes");
            assertThat(sidecar.err()).isEmpty();
        }
    }
}
