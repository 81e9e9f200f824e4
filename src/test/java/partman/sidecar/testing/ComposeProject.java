package partman.sidecar.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A project of {@code docker compose}; closing it removes its containers, networks and volumes. */
public final class ComposeProject implements AutoCloseable {

    private final List<String> command = new ArrayList<>();
    private final Map<String, String> variables = new HashMap<>();

    /** A project made of these files, which see no other variables than these. */
    public ComposeProject(Map<String, String> variables, Path... files) {
        command.addAll(List.of("docker", "compose", "--project-name", "compose-test-" + Engine.freePort()));
        for (Path file : files) {
            command.addAll(List.of("--file", file.toString()));
        }
        this.variables.putAll(variables);
    }

    /** Whether containers have networks of their own; else they need an override with {@code network_mode: host}. */
    public static boolean hasNetworks() {
        return Engine.hasBridge();
    }

    /** A port of 127.0.0.1 to publish or to listen on. */
    public static int freePort() {
        return Engine.freePort();
    }

    /** Runs {@code docker compose} with these arguments and gives what it prints. */
    public String run(String... arguments) {
        List<String> line = new ArrayList<>(command);
        line.addAll(List.of(arguments));
        return Program.run(variables, line);
    }

    /** One of the facts that {@code docker inspect} tells about a service's container, which may have ended. */
    public String inspect(String service, String format) {
        String container = run("ps", "--all", "--quiet", service).strip();
        return Program.run(variables, List.of("docker", "inspect", "--format", format, container))
                .strip();
    }

    @Override
    public void close() {
        run("down", "--volumes", "--remove-orphans", "--timeout", "10");
    }
}
