package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** A server that offers a newer pg_partman than the database has. */
@Postgres
class ExtensionUpdateIT {

    private final TestDatabase database;
    private final String newest;
    private final String before;

    ExtensionUpdateIT(TestDatabase database) {
        this.database = database;
        database.installPartman();
        newest = version();
        database.pretendOlderPartman();
        before = version();
    }

    private String version() {
        return (String) Objects.requireNonNull(
                database.single("SELECT extversion FROM pg_extension WHERE extname = 'pg_partman'"));
    }

    private Map<String, String> environment() {
        return Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false");
    }

    @Test
    void offersTheUpdateAndLeavesItToAPerson() {
        try (SidecarProcess plan = SidecarProcess.start(environment(), "plan");
                SidecarProcess convert = SidecarProcess.start(environment(), "convert")) {
            assertThat(plan.exitCode()).isZero();
            assertThat(convert.exitCode()).isZero();

            assertThat(plan.out())
                    .contains("-- warning extension_update: pg_partman %s is installed, and the server offers %s"
                            .formatted(before, newest))
                    .contains("-- ALTER EXTENSION pg_partman UPDATE;")
                    .doesNotContain("\nALTER EXTENSION");
            assertThat(version()).isEqualTo(before).isNotEqualTo(newest);
        }
    }

    @Test
    void updatesWhereTheSettingSaysSo() {
        try (SidecarProcess sidecar = SidecarProcess.service(with(environment(), "PARTMAN_EXTENSION_UPDATE", "true"))) {
            sidecar.await("it is updated", () -> version().equals(newest));

            sidecar.await(
                    "nothing is left to say",
                    () -> sidecar.metric("partman_warning", "warning", "extension_update")
                                    .orElse(-1)
                            == 0);
            assertThat(sidecar.lines("step=UpdateExtension")).hasSize(1);
        }
    }
}
