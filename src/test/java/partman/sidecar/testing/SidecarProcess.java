package partman.sidecar.testing;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * The built sidecar in a process of its own. Of this process's environment it inherits only where programs are, so that a
 * test says everything it is told. It ends with the test at the latest, and so does the test with it: all waits are bounded.
 */
public final class SidecarProcess implements AutoCloseable {

    /** How the process answered an HTTP request. */
    public record Answer(int status, String body) {

        public JsonObject json() {
            return new JsonObject(body);
        }
    }

    /** The native executable; empty: the jar is run by the JVM. */
    private static final String EXECUTABLE = System.getProperty("sidecar.executable", "");

    private static final Path JAR = Path.of(System.getProperty("sidecar.jar", "target/quarkus-app/quarkus-run.jar"));
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final Path directory;
    private final int port;
    private final long startedAt = System.nanoTime();
    private final Thread reaper;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    private SidecarProcess(ProcessBuilder builder, Path directory, int port) throws IOException {
        this.directory = directory;
        this.port = port;
        this.process = builder.start();
        this.reaper = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(reaper);
    }

    /** Starts the service. */
    public static SidecarProcess service(Map<String, String> environment) {
        return start(environment);
    }

    /** Starts the sidecar with these arguments. */
    public static SidecarProcess start(Map<String, String> environment, String... arguments) {
        try {
            Path directory = Files.createTempDirectory("sidecar-process");
            int port = Engine.freePort();
            List<String> command = new ArrayList<>(program());
            command.addAll(List.of(arguments));
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectOutput(directory.resolve("out").toFile())
                    .redirectError(directory.resolve("err").toFile());
            Map<String, String> inherited = Map.copyOf(builder.environment());
            builder.environment().clear();
            for (String variable : List.of("PATH", "JAVA_HOME")) {
                Optional.ofNullable(inherited.get(variable))
                        .ifPresent(value -> builder.environment().put(variable, value));
            }
            builder.environment().put("QUARKUS_HTTP_HOST", "127.0.0.1");
            builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
            builder.environment().putAll(environment);
            return new SidecarProcess(builder, directory, port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the tests start the native executable, not the jar. */
    static boolean isNative() {
        return !EXECUTABLE.isEmpty();
    }

    private static List<String> program() {
        if (isNative()) {
            return List.of(present(Path.of(EXECUTABLE), "./mvnw -Dnative package"));
        }
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                present(JAR, "./mvnw package"));
    }

    private static String present(Path file, String build) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalStateException("%s is missing: build it with %s".formatted(file.toAbsolutePath(), build));
        }
        return file.toAbsolutePath().toString();
    }

    /** Adds variables to an environment, each followed by its value; the later ones win. */
    public static Map<String, String> with(Map<String, String> environment, String... variablesAndValues) {
        Map<String, String> both = new HashMap<>(environment);
        for (int i = 0; i < variablesAndValues.length; i += 2) {
            both.put(variablesAndValues[i], variablesAndValues[i + 1]);
        }
        return both;
    }

    /** What it wrote to standard output until now. */
    public String out() {
        return read("out");
    }

    /** What it wrote to standard error until now. */
    public String err() {
        return read("err");
    }

    /** Both outputs until now, the lines of standard output first. */
    public String output() {
        return out() + err();
    }

    /** The lines of both outputs until now that hold this text. */
    public List<String> lines(String text) {
        return output().lines().filter(line -> line.contains(text)).toList();
    }

    private String read(String name) {
        try {
            return new String(Files.readAllBytes(directory.resolve(name)), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asks the process by HTTP; status 0 if nobody listens. */
    public Answer get(String path) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(10))
                .build();
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body());
        } catch (ConnectException e) {
            return new Answer(0, "");
        } catch (IOException e) {
            return new Answer(0, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    /** Status of a page. */
    public int status(String path) {
        return get(path).status();
    }

    /** The value of a series, if it is shown: {@code metric("partman_up")}, or with labels and their values in turn. */
    public OptionalDouble metric(String name, String... labelsAndValues) {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> {
                    for (int i = 0; i < labelsAndValues.length; i += 2) {
                        if (!line.contains("%s=\"%s\"".formatted(labelsAndValues[i], labelsAndValues[i + 1]))) {
                            return false;
                        }
                    }
                    return true;
                })
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst();
    }

    /** The table's state as its metric shows it; {@code "none"} if it shows no state. */
    public String state(String table) {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith("partman_table_state{")
                        && line.contains("parent_table=\"" + table + "\"")
                        && line.endsWith(" 1.0"))
                .map(line -> line.replaceFirst(".*state=\"([a-z_]+)\".*", "$1"))
                .findFirst()
                .orElse("none");
    }

    /** The entry of {@code /api/tables} about this table; empty if there is none. */
    public Optional<JsonObject> table(String name) {
        return get("/api/tables").json().getJsonArray("tables").stream()
                .map(JsonObject.class::cast)
                .filter(table -> table.getString("name").equals(name))
                .findFirst();
    }

    /** Waits until a table has this state. */
    public void awaitState(String table, String state) {
        await("state " + state + " of " + table, () -> state(table).equals(state));
    }

    /** Waits until something is so; fails with the process's output if it ends or time is over before. */
    public void await(String what, Callable<Boolean> condition) {
        await(what, PATIENCE, condition);
    }

    /** Waits no longer than this until something is so. */
    public void await(String what, Duration patience, Callable<Boolean> condition) {
        try {
            Awaitility.await(what)
                    .atMost(patience)
                    .pollInterval(Duration.ofMillis(100))
                    .failFast("the process ended", () -> !process.isAlive())
                    .until(condition);
        } catch (RuntimeException e) {
            throw new AssertionError("%s: %s; output:\n%s".formatted(what, e.getMessage(), output()), e);
        }
    }

    /** Waits for the end of the process and gives its exit code. */
    public int exitCode() {
        return exitCode(PATIENCE);
    }

    /** Waits no longer than this for the end of the process and gives its exit code. */
    public int exitCode(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("still running after %s; output:\n%s".formatted(limit, output()));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Time since the process was started. */
    public Duration age() {
        return Duration.ofNanos(System.nanoTime() - startedAt);
    }

    /** Asks the process to end, as Kubernetes and Docker do: {@code SIGTERM}. */
    public void terminate() {
        process.destroy();
    }

    /** Ends the process without a chance to tidy up: {@code SIGKILL}. */
    public void kill() {
        process.destroyForcibly();
        exitCode(Duration.ofSeconds(10));
    }

    @Override
    public void close() {
        kill();
        Runtime.getRuntime().removeShutdownHook(reaper);
        for (String file : List.of("out", "err", "")) {
            try {
                Files.deleteIfExists(directory.resolve(file));
            } catch (IOException e) {
                // left to the machine's temporary directory
            }
        }
    }
}
