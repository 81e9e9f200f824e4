package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The password, however it is given, appears nowhere. */
@Postgres
class SecretsIT {

    private static final String TABLE = "public.enriched_events";
    private static final String PASSWORD = "Sw0rdfish_7c41";

    private final TestDatabase database;
    private final String role;

    @TempDir
    private Path directory;

    SecretsIT(TestDatabase database) {
        this.database = database;
        this.role = "keeper_" + database.name();
        database.createRole(role, "SUPERUSER", "PASSWORD '" + PASSWORD + "'");
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);
    }

    private Map<String, String> environment(String way, String password) throws IOException {
        String host = "127.0.0.1:" + database.server().port();
        String url = "postgresql://%s:%s@%s/%s".formatted(role, password, host, database.name());
        Path file = directory.resolve("secret");
        Map<String, String> environment = new HashMap<>(Map.of("PARTMAN_OBSERVE_EVERY", "1s"));
        Map<String, String> libpq = Map.of(
                "PGHOST",
                "127.0.0.1",
                "PGPORT",
                Integer.toString(database.server().port()),
                "PGDATABASE",
                database.name(),
                "PGUSER",
                role);
        switch (way) {
            case "DATABASE_URL" -> environment.put(way, url);
            case "DATABASE_URL_FILE" -> {
                Files.writeString(file, url + "\n");
                environment.put(way, file.toString());
            }
            case "PGPASSWORD" -> {
                environment.putAll(libpq);
                environment.put(way, password);
            }
            case "PGPASSWORD_FILE" -> {
                Files.writeString(file, password + "\n");
                environment.putAll(libpq);
                environment.put(way, file.toString());
            }
            case "QUARKUS_DATASOURCE_PASSWORD" -> {
                environment.put("QUARKUS_DATASOURCE_JDBC_URL", database.jdbcUrl());
                environment.put("QUARKUS_DATASOURCE_USERNAME", role);
                environment.put(way, password);
            }
            case "QUARKUS_DATASOURCE_JDBC_URL" ->
                environment.put(way, database.jdbcUrl() + "?user=" + role + "&password=" + password);
            default -> throw new IllegalArgumentException(way);
        }
        return environment;
    }

    private static void assertSecret(SidecarProcess sidecar) {
        assertThat(sidecar.output()).doesNotContain(PASSWORD);
        for (String page : List.of("/", "/metrics", "/api/tables", "/health", "/health/ready", "/health/well")) {
            assertThat(sidecar.get(page).body()).as(page).doesNotContain(PASSWORD);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DATABASE_URL",
                "DATABASE_URL_FILE",
                "PGPASSWORD",
                "PGPASSWORD_FILE",
                "QUARKUS_DATASOURCE_PASSWORD",
                "QUARKUS_DATASOURCE_JDBC_URL"
            })
    void showsNoPasswordThatWorks(String way) throws IOException {
        try (SidecarProcess sidecar = SidecarProcess.service(environment(way, PASSWORD))) {
            sidecar.awaitState(TABLE, "healthy");

            assertSecret(sidecar);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"DATABASE_URL", "PGPASSWORD_FILE", "QUARKUS_DATASOURCE_PASSWORD", "QUARKUS_DATASOURCE_JDBC_URL"})
    void showsNoPasswordThatIsRefused(String way) throws IOException {
        database.execute("ALTER ROLE %s PASSWORD 'another'".formatted(role));

        try (SidecarProcess sidecar = SidecarProcess.service(environment(way, PASSWORD))) {
            sidecar.await(
                    "a failure",
                    () -> sidecar.metric("partman_observation_errors_total").orElse(0) > 0);

            assertThat(sidecar.get("/health/ready").body()).contains("password authentication failed");
            assertSecret(sidecar);
        }
    }

    @Test
    void showsNoPasswordInThePlan() throws IOException {
        try (SidecarProcess plan = SidecarProcess.start(environment("DATABASE_URL", PASSWORD), "plan")) {
            assertThat(plan.exitCode()).isEqualTo(3);
            assertThat(plan.output()).doesNotContain(PASSWORD);
        }
    }
}
