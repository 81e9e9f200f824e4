package partman.sidecar.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The image that users run, made of what Maven has just built: of the native executable if the tests start that, else of the jar. */
public final class SidecarImage {

    private static final Duration LIMIT = Duration.ofMinutes(10);

    private SidecarImage() {}

    /** Builds the image unless it is there, and gives its name. */
    public static String name() {
        String image = "partman-sidecar/sidecar:" + (SidecarProcess.isNative() ? "dev" : "dev-jvm");
        run("docker/engine", "up", image);
        return image;
    }

    /** Builds the native image anew, every stage of it, under another name. */
    public static void rebuild(String name) {
        List<String> command = new ArrayList<>(
                List.of("docker", "build", "--no-cache", "--file", "docker/sidecar/Dockerfile", "--tag", name, "."));
        if (!Engine.hasBridge()) {
            command.addAll(2, List.of("--network", "host"));
        }
        run(command.toArray(String[]::new));
    }

    /** Runs a container of an image to its end, as the user of the image, and gives what it prints. */
    public static String output(String image, String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "run", "--rm", "--network", "none", image));
        command.addAll(Arrays.asList(arguments));
        return run(command.toArray(String[]::new));
    }

    private static String run(String... command) {
        try {
            Path output = Files.createTempFile("sidecar-image", null);
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try {
                if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
                    throw new AssertionError(
                            "%s failed: %s".formatted(String.join(" ", command), Files.readString(output)));
                }
                return new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            } finally {
                process.destroyForcibly();
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
