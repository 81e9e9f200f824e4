package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.ComposeProject;
import partman.sidecar.testing.SidecarImage;

/** The sidecar as a part of Lago's own Compose project, for which a small stand-in serves. */
class LagoComposeIT {

    private static final String SIDECAR = "partman-sidecar";
    private static final String IMAGE = "partman-sidecar/sidecar";

    private static final Path LAGO =
            Path.of("src/test/resources/lago/docker-compose.yml").toAbsolutePath();
    private static final Path HOST_NETWORK =
            Path.of("src/test/resources/lago/compose.host.yaml").toAbsolutePath();
    private static final Path OVERRIDE =
            Path.of("docker/lago/compose.override.yaml").toAbsolutePath();

    @Test
    void startsAfterTheMigrationsAndPartitionsTheTable() throws InterruptedException {
        int port = ComposeProject.freePort();
        Map<String, String> variables = new HashMap<>(Map.of(
                "PARTMAN_SIDECAR_VERSION", SidecarImage.name().replace(IMAGE + ":", ""),
                "PARTMAN_SIDECAR_PORT", Integer.toString(port),
                "POSTGRES_PASSWORD", "a p@ss/word:50%?"));
        Path[] files = {LAGO, OVERRIDE};
        if (!ComposeProject.hasNetworks()) {
            variables.put("POSTGRES_PORT", Integer.toString(ComposeProject.freePort()));
            files = new Path[] {LAGO, OVERRIDE, HOST_NETWORK};
        }

        try (ComposeProject lago = new ComposeProject(variables, files)) {
            lago.run("up", "--detach", "--pull", "never");
            awaitWell(lago, port);

            assertThat(lago.inspect("migrate", "{{.State.Status}} {{.State.ExitCode}}"))
                    .isEqualTo("exited 0");
            assertThat(Instant.parse(lago.inspect(SIDECAR, "{{.State.StartedAt}}")))
                    .isAfter(Instant.parse(lago.inspect("migrate", "{{.State.FinishedAt}}")));
            assertThat(lago.inspect(SIDECAR, "{{.HostConfig.ReadonlyRootfs}} {{.RestartCount}}"))
                    .isEqualTo("true 0");
            assertThat(query(lago, "SELECT relkind FROM pg_class WHERE oid = 'public.enriched_events'::regclass"))
                    .isEqualTo("p");
            assertThat(query(lago, "SELECT count(*) FROM public.enriched_events"))
                    .isEqualTo("3000");
        }
    }

    /** Waits until the sidecar finds every table well; else fails with what all services have written. */
    private static void awaitWell(ComposeProject lago, int port) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d/health/well".formatted(port)))
                    .timeout(Duration.ofSeconds(5))
                    .build();
            Awaitility.await()
                    .atMost(Duration.ofSeconds(90))
                    .pollInterval(Duration.ofMillis(500))
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(() -> {
                        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
                        return answer.statusCode() == 200;
                    });
        } catch (RuntimeException e) {
            throw new AssertionError("not well; output:\n" + lago.run("logs"), e);
        }
    }

    private static String query(ComposeProject lago, String sql) {
        return lago.run(
                        "exec",
                        "--no-TTY",
                        "db",
                        "psql",
                        "--host=/var/run/postgresql",
                        "--username=lago",
                        "--dbname=lago",
                        "--no-align",
                        "--tuples-only",
                        "--command",
                        sql)
                .strip();
    }

    @Test
    void connectsWithLagosDefaults() {
        JsonObject sidecar = configured(Map.of());

        assertThat(sidecar.getJsonObject("environment").getMap())
                .isEqualTo(Map.of(
                        "PGHOST", "db",
                        "PGPORT", "5432",
                        "PGDATABASE", "lago",
                        "PGUSER", "lago",
                        "PGPASSWORD", "changeme",
                        "PARTMAN_MODE", "apply"));
        assertThat(sidecar.getString("image")).isEqualTo(IMAGE + ":" + Version.CURRENT);
    }

    @Test
    void connectsAsLagosVariablesSay() {
        JsonObject sidecar = configured(Map.of(
                "POSTGRES_PORT", "6543",
                "POSTGRES_DB", "billing",
                "POSTGRES_USER", "owner",
                "POSTGRES_PASSWORD", "p@ss/word:50%?",
                "PARTMAN_MODE", "plan"));

        assertThat(sidecar.getJsonObject("environment").getMap())
                .isEqualTo(Map.of(
                        "PGHOST", "db",
                        "PGPORT", "6543",
                        "PGDATABASE", "billing",
                        "PGUSER", "owner",
                        "PGPASSWORD", "p@ss/word:50%?",
                        "PARTMAN_MODE", "plan"));
    }

    @Test
    void hasNoMoreRightsThanItNeeds() {
        JsonObject sidecar = configured(Map.of());

        assertThat(sidecar.getBoolean("read_only")).isTrue();
        assertThat(sidecar.getJsonArray("cap_drop")).isEqualTo(JsonArray.of("ALL"));
        assertThat(sidecar.getJsonArray("security_opt")).isEqualTo(JsonArray.of("no-new-privileges:true"));
        List<String> addresses = sidecar.getJsonArray("ports").stream()
                .map(port -> ((JsonObject) port).getString("host_ip"))
                .toList();
        assertThat(addresses).containsExactly("127.0.0.1");
    }

    /** The sidecar's service as Compose reads the files; no engine is needed. */
    private static JsonObject configured(Map<String, String> variables) {
        String config = new ComposeProject(variables, LAGO, OVERRIDE).run("config", "--format", "json");
        return new JsonObject(config).getJsonObject("services").getJsonObject(SIDECAR);
    }
}
