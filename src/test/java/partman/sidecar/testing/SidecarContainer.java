package partman.sidecar.testing;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Capability;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/**
 * The sidecar's image as a service, in a container that may do next to nothing: its file system is read-only, it has no
 * capabilities, can't gain any, and runs as a user that the image does not know.
 */
public final class SidecarContainer implements AutoCloseable {

    private static final int PORT = 9780;
    private static final Duration START_LIMIT = Duration.ofMinutes(1);

    private final GenericContainer<?> container;
    private final int port;

    private SidecarContainer(GenericContainer<?> container, int port) {
        this.container = container;
        this.port = port;
    }

    /** Starts one beside this database, and waits until the image's own health check is content. */
    // the container lives on in what is returned; Testcontainers removes it at the JVM's end at the latest
    @SuppressWarnings("resource")
    public static SidecarContainer beside(TestDatabase database, Map<String, String> environment) {
        PostgresServer server = database.server();
        GenericContainer<?> container = new GenericContainer<>(SidecarImage.name())
                .withEnv(
                        "DATABASE_URL",
                        "postgresql://%1$s:%1$s@%2$s:%3$d/%4$s"
                                .formatted(
                                        PostgresServer.SUPERUSER,
                                        server.hostForContainers(),
                                        server.portForContainers(),
                                        database.name()))
                .withEnv(environment)
                .withCreateContainerCmdModifier(command -> {
                    command.withUser("12345:12345");
                    Objects.requireNonNull(command.getHostConfig())
                            .withReadonlyRootfs(true)
                            .withCapDrop(Capability.ALL)
                            .withSecurityOpts(List.of("no-new-privileges:true"));
                })
                .waitingFor(Wait.forHealthcheck().withStartupTimeout(START_LIMIT));
        int port = Engine.publish(container, PORT, "QUARKUS_HTTP_PORT", "QUARKUS_HTTP_HOST");
        Engine.start(container);
        return new SidecarContainer(container, port);
    }

    /** Status of a page. */
    public int status(String path) {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:%d%s".formatted(port, path)))
                    .timeout(Duration.ofSeconds(10))
                    .build();
            return client.send(request, BodyHandlers.discarding()).statusCode();
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

    /** Asks it to end, as {@code docker stop} does, kills it when so many seconds have passed, and gives its exit code. */
    public long stop(int seconds) {
        Engine.client()
                .stopContainerCmd(container.getContainerId())
                .withTimeout(seconds)
                .exec();
        InspectContainerResponse ended =
                Engine.client().inspectContainerCmd(container.getContainerId()).exec();
        return Objects.requireNonNull(ended.getState().getExitCodeLong());
    }

    @Override
    public void close() {
        container.stop();
    }
}
