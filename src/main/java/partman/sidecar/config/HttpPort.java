package partman.sidecar.config;

import java.util.List;
import java.util.Map;

/** The port that the service listens on, for whoever asks it from beside it. */
public final class HttpPort {

    private static final int HIGHEST = 65_535;

    private HttpPort() {}

    /**
     * Reads the port alone: whoever asks may not have the service's other settings.
     *
     * @throws InvalidConfigException if it is not set to a port's number
     */
    public static int of(Map<String, String> environment) {
        Faults faults = new Faults();
        String text = LoadedConfig.open(environment, faults)
                .find("quarkus.http.port", faults)
                .orElse("");
        try {
            int port = Integer.parseInt(text);
            if (port >= 1 && port <= HIGHEST) {
                return port;
            }
        } catch (NumberFormatException e) {
            // told like a number that is none of a port
        }
        throw new InvalidConfigException(List.of(
                "quarkus.http.port: '%s' is no port; use a number from 1 to %d".formatted(Shown.text(text), HIGHEST)));
    }
}
