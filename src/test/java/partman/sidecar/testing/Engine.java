package partman.sidecar.testing;

import com.github.dockerjava.api.DockerClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Random;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;

/**
 * The Docker engine that the tests' containers run on. An ordinary one publishes their ports; one that {@code
 * docker/engine} started has no bridge, so its containers listen on the host's own loopback address.
 */
final class Engine {

    private Engine() {}

    static DockerClient client() {
        try {
            return DockerClientFactory.instance().client();
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    "no Docker engine answers: run docker/engine, then export what `docker/engine env` prints", e);
        }
    }

    /**
     * Makes a container's server reachable on a port of 127.0.0.1, which stays the same when the container is restarted.
     *
     * @param inside the port that the server listens on if it has a network of its own
     * @param portVariable tells the server its port
     * @param listenVariable tells the server the address to listen on
     * @return the port
     */
    static int publish(GenericContainer<?> container, int inside, String portVariable, String listenVariable) {
        int port = freePort();
        publish(container, inside, port, portVariable, listenVariable);
        return port;
    }

    /** Makes it reachable on this port, a free one. */
    static void publish(
            GenericContainer<?> container, int inside, int port, String portVariable, String listenVariable) {
        if (hasBridge()) {
            container.withEnv(portVariable, Integer.toString(inside)).withEnv(listenVariable, "0.0.0.0");
            container.withExposedPorts(inside);
            container.setPortBindings(List.of("127.0.0.1:%d:%d".formatted(port, inside)));
        } else {
            container.withEnv(portVariable, Integer.toString(port)).withEnv(listenVariable, "127.0.0.1");
            container.withNetworkMode("host");
        }
    }

    /** Whether containers have networks of their own. */
    static boolean hasBridge() {
        return client().listNetworksCmd().exec().stream().anyMatch(network -> "bridge".equals(network.getName()));
    }

    /**
     * A port below those that the kernel gives to outgoing connections: none of them takes the port while the server is
     * away, and a client that tries to connect meanwhile can't meet itself.
     */
    static int freePort() {
        Random random = new Random();
        while (true) {
            int port = random.nextInt(20_000, 32_000);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                // taken: try another one
            }
        }
    }

    /** Starts a container of an image that is there: the project's images come from {@code docker/engine} alone. */
    static void start(GenericContainer<?> container) {
        container.withImagePullPolicy(_ -> false);
        try {
            container.start();
        } catch (RuntimeException e) {
            container.stop();
            throw new IllegalStateException(
                    container.getDockerImageName() + " does not start; if the image is missing, run docker/engine", e);
        }
    }
}
