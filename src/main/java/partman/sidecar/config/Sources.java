package partman.sidecar.config;

import static java.util.stream.Collectors.toMap;

import io.quarkus.runtime.configuration.QuarkusConfigBuilderCustomizer;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.PropertiesLocationConfigSourceFactory;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SysPropConfigSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Where settings come from, the strongest first: system properties, the environment, files named by
 * {@code quarkus.config.locations}, {@code config/application.properties} in the working directory, and the program's own
 * {@code application.properties}. These are Quarkus' sources, read before Quarkus starts.
 */
final class Sources {

    private static final int ABOVE_THE_ENVIRONMENT = EnvConfigSource.ORDINAL + 1;

    private final SmallRyeConfig config;

    private Sources(SmallRyeConfig config) {
        this.config = config;
    }

    /**
     * Opens the sources; the variables that are settings of the sidecar are taken under their keys.
     *
     * @throws IllegalArgumentException if a file can't be read
     */
    static Sources open(Map<String, String> environment, Faults faults) {
        Map<String, String> others = environment.entrySet().stream()
                .filter(variable -> !variable.getKey().startsWith("PARTMAN_"))
                .collect(toMap(Map.Entry::getKey, Map.Entry::getValue));
        return new Sources(new SmallRyeConfigBuilder()
                .withCustomizers(new QuarkusConfigBuilderCustomizer())
                .addDefaultInterceptors()
                .withSources(
                        new SysPropConfigSource(),
                        new PropertiesConfigSource(
                                PartmanVariables.read(environment, faults), "environment", ABOVE_THE_ENVIRONMENT),
                        new EnvConfigSource(others, EnvConfigSource.ORDINAL))
                .withSources(new PropertiesLocationConfigSourceFactory())
                .addPropertiesSources()
                .build());
    }

    /** The sidecar's own settings; a fault for each key that is unknown or whose value can't be read. */
    SidecarConfig sidecarConfig(Faults faults) {
        Map<String, String> values = new TreeMap<>();
        for (String key : new TreeSet<>(keys())) {
            if (key.startsWith(KnownKeys.PREFIX)) {
                KnownKeys.findFault(key)
                        .ifPresentOrElse(
                                fault -> faults.add(key, fault),
                                () -> find(key, faults).ifPresent(value -> values.put(key, value)));
            }
        }
        return sidecarConfig(values);
    }

    /** The settings with these values by key; no value is looked up elsewhere. */
    static SidecarConfig sidecarConfig(Map<String, String> values) {
        return new SmallRyeConfigBuilder()
                .withMapping(SidecarConfig.class)
                .withSources(new PropertiesConfigSource(values, "sidecar", ConfigSource.DEFAULT_ORDINAL))
                .build()
                .getConfigMapping(SidecarConfig.class);
    }

    private List<String> keys() {
        List<String> keys = new ArrayList<>();
        config.getPropertyNames().forEach(keys::add);
        return keys;
    }

    /** A value; one that is blank counts as not set. */
    Optional<String> find(String key, Faults faults) {
        ConfigValue found = config.getConfigValue(key);
        if (found.hasProblems()) {
            faults.add(key, "an expression ${…} in its value names a setting that is not set; write \\$ for a plain $");
            return Optional.empty();
        }
        String value = found.getValue();
        return value == null || value.isBlank() ? Optional.empty() : Optional.of(value.strip());
    }
}
