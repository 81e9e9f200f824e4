package partman.sidecar.config;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.TableSpec;

/**
 * What the user wants, checked: the only form in which the rest of the program sees the configuration.
 *
 * @param tables the tables to look after, by key; those that are switched off are not among them
 * @param maintenance what is common to all sets: who maintains them and when
 * @param observeEvery time between two looks at the database
 * @param defaultRowsCap rows of a default partition that are counted
 * @param ignoredUrlParameters names of the parameters in {@code DATABASE_URL} that mean nothing here, sorted
 */
public record Settings(
        Mode mode,
        List<TableSpec> tables,
        MaintenanceSpec maintenance,
        Duration observeEvery,
        long defaultRowsCap,
        List<String> ignoredUrlParameters) {

    /** What the process may do. */
    public enum Mode {
        /** Changes the database until it is as desired. */
        APPLY,
        /** Prints the SQL that {@code APPLY} would run; changes nothing. */
        PLAN,
        /** Only looks; needs no more than read rights. */
        OBSERVE
    }

    private static volatile @Nullable Settings loaded;

    public Settings {
        tables = List.copyOf(tables);
        ignoredUrlParameters = List.copyOf(ignoredUrlParameters);
    }

    /**
     * The process's settings, read at the first call; Quarkus' data source, if started after it, connects as they say.
     *
     * <p>Needs no running Quarkus, so that a wrong setting is told before anything starts.
     *
     * @throws InvalidConfigException with every fault in one message
     */
    public static Settings load() {
        Settings settings = loaded;
        if (settings == null) {
            LoadedConfig config = LoadedConfig.read(System.getenv(), InstantSource.system());
            DecidedSource.publish(config.dataSource());
            settings = config.settings();
            loaded = settings;
        }
        return settings;
    }

    /**
     * Checks the settings' text and types it.
     *
     * @throws InvalidConfigException with every fault in one message
     */
    static Settings of(SidecarConfig config, Instant now) {
        Faults faults = new Faults();
        Settings settings = new SettingsReader(config, now, faults).read(List.of());
        faults.throwIfAny();
        return settings;
    }
}
