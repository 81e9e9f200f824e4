package partman.sidecar.config;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that one reading of the configuration gives.
 *
 * @param dataSource keys and values for Quarkus' data source, where the user did not set these keys
 */
record LoadedConfig(Settings settings, Map<String, String> dataSource) {

    private static final String JDBC_URL = "quarkus.datasource.jdbc.url";
    private static final String USERNAME = "quarkus.datasource.username";
    private static final String PASSWORD = "quarkus.datasource.password";

    /** Quarkus reads this variable, but not its {@code _FILE}. */
    private static final String PASSWORD_VARIABLE = "QUARKUS_DATASOURCE_PASSWORD";

    LoadedConfig {
        dataSource = Map.copyOf(dataSource);
    }

    /**
     * Reads and checks everything.
     *
     * @throws InvalidConfigException with every fault in one message
     */
    static LoadedConfig read(Map<String, String> environment, InstantSource clock) {
        Faults faults = new Faults();
        Sources sources = open(environment, faults);
        Map<String, String> dataSource = new TreeMap<>();
        List<String> ignored = readConnection(environment, sources, dataSource, faults);
        Settings settings = new SettingsReader(sources.sidecarConfig(faults), clock.instant(), faults).read(ignored);
        faults.throwIfAny();
        return new LoadedConfig(settings, dataSource);
    }

    /**
     * Opens the sources.
     *
     * @throws InvalidConfigException if a file can't be read
     */
    static Sources open(Map<String, String> environment, Faults faults) {
        try {
            return Sources.open(environment, faults);
        } catch (IllegalArgumentException e) {
            faults.add(
                    "quarkus.config.locations",
                    Shown.text(String.valueOf(e.getMessage())) + "; check the files with settings");
            throw new InvalidConfigException(faults.lines());
        }
    }

    /** Decides how to connect, and says which of the URL's parameters mean nothing here; the user's own keys are left to Quarkus. */
    private static List<String> readConnection(
            Map<String, String> environment, Sources sources, Map<String, String> dataSource, Faults faults) {
        List<String> ignored = List.of();
        if (sources.find(JDBC_URL, faults).isEmpty()) {
            ConnectionSettings connection = ConnectionSettings.of(environment::get);
            faults.addAll(connection.faults());
            putUnlessNull(dataSource, JDBC_URL, connection.url());
            putUnlessNull(dataSource, USERNAME, connection.username());
            putUnlessNull(dataSource, PASSWORD, connection.password());
            ignored = connection.ignoredParameters();
        }
        Secret password = Secret.read(PASSWORD_VARIABLE, environment::get, faults);
        putUnlessNull(dataSource, PASSWORD, password == null ? null : password.value());
        dataSource
                .keySet()
                .removeIf(key ->
                        !key.equals(JDBC_URL) && sources.find(key, faults).isPresent());
        return ignored;
    }

    private static void putUnlessNull(Map<String, String> map, String key, @Nullable String value) {
        if (value != null) {
            map.put(key, value);
        }
    }

    /** The settings without the connection, which holds the password. */
    @Override
    public String toString() {
        return "LoadedConfig[settings=" + settings + "]";
    }
}
