package partman.sidecar.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The image that users run, made of what Maven has just built: of the native executable if the tests start that, else of the jar. */
public final class SidecarImage {

    private SidecarImage() {}

    /** Builds the image unless it is there, and gives its name. */
    public static String name() {
        String image = "partman-sidecar/sidecar:" + (SidecarProcess.isNative() ? "dev" : "dev-jvm");
        Program.run(Map.of(), List.of("docker/engine", "up", image));
        return image;
    }

    /** Builds the native image anew, every stage of it, under another name. */
    public static void rebuild(String name) {
        List<String> command = new ArrayList<>(
                List.of("docker", "build", "--no-cache", "--file", "docker/sidecar/Dockerfile", "--tag", name, "."));
        if (!Engine.hasBridge()) {
            command.addAll(2, List.of("--network", "host"));
        }
        Program.run(Map.of("DOCKER_BUILDKIT", "1"), command);
    }

    /** Runs a container of an image to its end, as the user of the image, and gives what it prints. */
    public static String output(String image, String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "run", "--rm", "--network", "none", image));
        command.addAll(Arrays.asList(arguments));
        return Program.run(Map.of(), command);
    }
}
