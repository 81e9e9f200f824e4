package partman.sidecar.config;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/**
 * Tells Quarkus how to reach PostgreSQL: what {@link Settings#load} has decided, and nothing before that.
 *
 * <p>Quarkus asks each source while the application is built, too, and stores the answers in the program. A source that read
 * the environment by itself would put the password of the machine that builds into the image.
 */
public final class DecidedSource implements ConfigSource {

    /** Above every other source: only keys that no other one has a value for are published, and one that is blank must not win. */
    private static final int ORDINAL = 500;

    private static volatile Map<String, String> values = Map.of();

    /** Answers with these values from now on; a dollar sign in them is no expression. */
    static void publish(Map<String, String> decided) {
        Map<String, String> escaped = new TreeMap<>();
        decided.forEach((key, value) -> escaped.put(key, value.replace("$", "\\$")));
        values = Map.copyOf(escaped);
    }

    @Override
    public int getOrdinal() {
        return ORDINAL;
    }

    @Override
    public Set<String> getPropertyNames() {
        return values.keySet();
    }

    @Override
    public @Nullable String getValue(String key) {
        return values.get(key);
    }

    @Override
    public String getName() {
        return "connection of partman-sidecar";
    }
}
