package partman.sidecar.config;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The environment variables {@code PARTMAN_…}, under the keys that they stand for.
 *
 * <p>SmallRye's own mapping can't know where the user's key of a table ends, and ignores a misspelt variable. A variable
 * without a value counts as not set: that is what {@code ${UNSET:-}} in a compose file makes.
 */
final class PartmanVariables {

    private static final String PREFIX = "PARTMAN_";

    /**
     * What Kubernetes puts into every container of a namespace that has a service named {@code partman…}.
     *
     * @see <a href="https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables">Service:
     *     environment variables</a>
     */
    private static final Pattern SERVICE_LINK = Pattern.compile("PARTMAN(_[A-Z0-9_]+)?_"
            + "(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\\d+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)");

    private PartmanVariables() {}

    /** Values by key; a fault for each variable that stands for no setting. */
    static Map<String, String> read(Map<String, String> environment, Faults faults) {
        Map<String, String> values = new TreeMap<>();
        new TreeMap<>(environment).forEach((variable, value) -> {
            if (!variable.startsWith(PREFIX) || value.isBlank()) {
                return;
            }
            Optional<String> key = KnownKeys.ofVariable(variable);
            if (key.isPresent()) {
                values.put(key.get(), value);
            } else if (!SERVICE_LINK.matcher(variable).matches()) {
                faults.add(
                        variable,
                        "no setting has this environment variable; did you mean "
                                + KnownKeys.nearestVariable(variable)
                                + "?");
            }
        });
        return values;
    }
}
