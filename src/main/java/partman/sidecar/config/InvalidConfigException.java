package partman.sidecar.config;

import java.util.List;

/** The settings are wrong; its message is for the user: one line for each fault, which starts with the key to change. */
public final class InvalidConfigException extends RuntimeException {

    InvalidConfigException(List<String> faults) {
        super(String.join("\n", faults));
    }
}
