package partman.sidecar.config;

import java.util.List;
import java.util.Map;

/** The port that the service listens on, for whoever asks it from beside it. */
public final class HttpPort {

    private HttpPort() {}

    /**
     * Reads the port alone: whoever asks may not have the service's other settings.
     *
     * @throws InvalidConfigException if it is not set to a number
     */
    public static int of(Map<String, String> environment) {
        Faults faults = new Faults();
        String port = Sources.open(environment, faults)
                .find("quarkus.http.port", faults)
                .orElse("");
        try {
            return Integer.parseInt(port);
        } catch (NumberFormatException e) {
            throw new InvalidConfigException(List.of(
                    "quarkus.http.port: '%s' is no port; use a number from 1 to 65535".formatted(Shown.text(port))));
        }
    }
}
