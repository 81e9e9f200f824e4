package partman.sidecar.config;

import java.util.Set;
import java.util.TreeSet;

/** The environment variables that the program reads, for tests of files that set some. */
public final class KnownVariables {

    private KnownVariables() {}

    /** Whether a variable has a meaning, as one of the settings or for the connection. */
    public static boolean contains(String variable) {
        return KnownKeys.ofVariable(variable).isPresent() || ofConnection().contains(variable);
    }

    /** Those that the reader of the connection asks for. */
    private static Set<String> ofConnection() {
        Set<String> asked = new TreeSet<>();
        ConnectionSettings.of(variable -> {
            asked.add(variable);
            return null;
        });
        return asked;
    }
}
