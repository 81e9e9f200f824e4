package partman.sidecar.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A program of the machine that is run to its end, for what it prints. */
public final class Program {

    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** What a program may see of this process's environment: where things are, not what a developer has set. */
    private static final Set<String> INHERITED =
            Set.of("PATH", "HOME", "XDG_CACHE_HOME", "DOCKER_HOST", "DOCKER_CONFIG");

    private Program() {}

    /** Gives the program's standard output; fails with all that it has written if it fails or does not end in time. */
    public static String run(Map<String, String> variables, List<String> command) {
        try {
            Path out = Files.createTempFile("program", ".out");
            Path err = Files.createTempFile("program", ".err");
            try {
                ProcessBuilder builder =
                        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
                builder.environment().keySet().retainAll(INHERITED);
                builder.environment().putAll(variables);
                Process process = builder.start();
                boolean ended = process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
                process.destroyForcibly();
                if (!ended || process.exitValue() != 0) {
                    throw new AssertionError("%s %s:\n%s%s"
                            .formatted(
                                    String.join(" ", command),
                                    ended ? "failed" : "did not end within " + PATIENCE,
                                    read(out),
                                    read(err)));
                }
                return read(out);
            } finally {
                Files.deleteIfExists(out);
                Files.deleteIfExists(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String read(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
