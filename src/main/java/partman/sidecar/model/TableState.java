package partman.sidecar.model;

import java.util.Locale;

/** Where a table stands on its way to being maintained; the label that metrics, health checks and logs show. */
public enum TableState {
    /** The table does not exist; the application has not migrated yet. */
    MISSING,
    /** The server does not offer pg_partman. */
    EXTENSION_UNAVAILABLE,
    /** A pg_partman before 5.0 is all there is. */
    EXTENSION_UNSUPPORTED,
    /** pg_partman is available, not created. */
    EXTENSION_MISSING,
    /** An ordinary table. */
    PLAIN,
    /** A conversion is under way or was interrupted. */
    CONVERTING,
    /** Range-partitioned by the control column, not in {@code part_config}. */
    UNREGISTERED,
    /** {@code part_config} or the partitions present differ from the configuration. */
    DRIFTED,
    /** Rows lie in the default partition. */
    DEFAULT_NOT_EMPTY,
    /** Partitioned, registered, configured, premade partitions present, default partition empty. */
    HEALTHY,
    /** Partitioned in a way that does not fit the configuration; never touched. */
    FOREIGN,
    /** Something that a person must change stands in the way. */
    BLOCKED;

    /** The state as metrics and pages spell it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
