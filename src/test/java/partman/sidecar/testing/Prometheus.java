package partman.sidecar.testing;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;

/** The project's Prometheus, scraping one sidecar; its HTTP API answers what a dashboard would ask. */
public final class Prometheus implements AutoCloseable {

    /** Where the image has the rules; {@code prometheus.yml} names them by a pattern. */
    private static final String RULES = "/etc/prometheus/partman.rules.yaml";

    private static final String IMAGE = "partman-sidecar/prometheus:demo";
    private static final int PORT = 9090;
    private static final Duration START_LIMIT = Duration.ofMinutes(1);

    private final GenericContainer<?> container;
    private final int port;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    private Prometheus(GenericContainer<?> container, int port) {
        this.container = container;
        this.port = port;
    }

    /**
     * Starts one that scrapes this sidecar with the image's configuration, but evaluates these rules. The sidecar has to listen at
     * {@link #listenAddress()}.
     */
    // the container lives on in what is returned; Testcontainers removes it at the JVM's end at the latest
    @SuppressWarnings("resource")
    public static Prometheus scraping(SidecarProcess sidecar, String rules) {
        GenericContainer<?> container = new GenericContainer<>(IMAGE)
                .withEnv("SIDECAR", "%s:%d".formatted(addressForScrapes(), sidecar.port()))
                .withCopyToContainer(Transferable.of(rules, 0644), RULES)
                .waitingFor(Wait.forLogMessage(".*Server is ready to receive web requests.*", 1)
                        .withStartupTimeout(START_LIMIT));
        int port = Engine.freePort();
        if (Engine.hasBridge()) {
            container.withEnv("LISTEN", "0.0.0.0:" + PORT).withExposedPorts(PORT);
            container.setPortBindings(List.of("127.0.0.1:%d:%d".formatted(port, PORT)));
        } else {
            container.withEnv("LISTEN", "127.0.0.1:" + port).withNetworkMode("host");
        }
        Engine.start(container);
        return new Prometheus(container, port);
    }

    /** Where a sidecar has to listen so that a container can scrape it. */
    public static String listenAddress() {
        return Engine.hasBridge() ? "0.0.0.0" : "127.0.0.1";
    }

    /** This machine as containers see it. */
    private static String addressForScrapes() {
        if (!Engine.hasBridge()) {
            return "127.0.0.1";
        }
        return Engine.client().inspectNetworkCmd().withNetworkId("bridge").exec().getIpam().getConfig().stream()
                .map(config -> String.valueOf(config.getGateway()))
                .findFirst()
                .orElseThrow();
    }

    /** How promtool has ended, and all that it has printed. */
    public record Verdict(int exitCode, String output) {}

    /** Runs the image's promtool for each of these lists of arguments, in a directory that holds these files. */
    public static List<Verdict> promtool(Map<String, String> files, List<List<String>> calls) {
        try (GenericContainer<?> container = new GenericContainer<>(IMAGE)) {
            container
                    .withCreateContainerCmdModifier(command -> command.withEntrypoint("sleep", "infinity"))
                    .withWorkingDirectory("/tmp");
            files.forEach(
                    (name, content) -> container.withCopyToContainer(Transferable.of(content, 0644), "/tmp/" + name));
            if (!Engine.hasBridge()) {
                container.withNetworkMode("none");
            }
            Engine.start(container);
            List<Verdict> verdicts = new ArrayList<>();
            for (List<String> arguments : calls) {
                List<String> command = new ArrayList<>(List.of("promtool"));
                command.addAll(arguments);
                ExecResult result = container.execInContainer(command.toArray(String[]::new));
                verdicts.add(new Verdict(result.getExitCode(), result.getStdout() + result.getStderr()));
            }
            return verdicts;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The series of an expression now, each as the API gives it: {@code metric} with its labels, and {@code value}. */
    public List<JsonObject> query(String expression) {
        return data("/api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
                .getJsonArray("result")
                .stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    /** The rules that are loaded. */
    public List<JsonObject> rules() {
        return objects(data("/api/v1/rules").getJsonArray("groups")).stream()
                .flatMap(group -> objects(group.getJsonArray("rules")).stream())
                .toList();
    }

    /** The alerts that are pending or firing. */
    public List<JsonObject> alerts() {
        return objects(data("/api/v1/alerts").getJsonArray("alerts"));
    }

    private static List<JsonObject> objects(JsonArray array) {
        return array.stream().map(JsonObject.class::cast).toList();
    }

    private JsonObject data(String path) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d%s".formatted(port, path)))
                .timeout(Duration.ofSeconds(30))
                .build();
        try {
            JsonObject answer =
                    new JsonObject(client.send(request, BodyHandlers.ofString()).body());
            if (!"success".equals(answer.getString("status"))) {
                throw new AssertionError("%s: %s".formatted(path, answer.encode()));
            }
            return answer.getJsonObject("data");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** What it has logged until now. */
    public String log() {
        return container.getLogs();
    }

    @Override
    public void close() {
        client.close();
        container.stop();
    }
}
