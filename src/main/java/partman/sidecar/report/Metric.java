package partman.sidecar.report;

import static partman.sidecar.report.Metric.Label.KIND;
import static partman.sidecar.report.Metric.Label.OUTCOME;
import static partman.sidecar.report.Metric.Label.PARENT_TABLE;
import static partman.sidecar.report.Metric.Label.PARTMAN_VERSION;
import static partman.sidecar.report.Metric.Label.PHASE;
import static partman.sidecar.report.Metric.Label.POSTGRES_VERSION;
import static partman.sidecar.report.Metric.Label.SCHEDULER;
import static partman.sidecar.report.Metric.Label.STATE;
import static partman.sidecar.report.Metric.Label.VERSION;
import static partman.sidecar.report.Metric.Label.WARNING;

import java.util.List;
import java.util.Locale;

/**
 * Every metric there is, each with its only definition; README's table is made of it.
 *
 * <p>A metric about one table is absent while there is nothing that it could tell: for a table that is no partition set,
 * and before the first observation. When the database can't be reached, all of them stay as last observed, and {@link #UP}
 * is 0.
 */
enum Metric {
    UP("partman_up", Type.GAUGE, "1 if the last observation reached the database and could use it, else 0."),
    LEADER(
            "partman_leader",
            Type.GAUGE,
            "1 if this process is the one that may change the database, else 0; always 0 on a replica and in the modes"
                    + " plan and observe."),
    INFO(
            "partman_info",
            Type.GAUGE,
            "Always 1; the labels tell the versions of the sidecar, of PostgreSQL and of pg_partman, and are empty while"
                    + " unknown or not installed.",
            VERSION,
            POSTGRES_VERSION,
            PARTMAN_VERSION),
    OBSERVATION_TIMESTAMP(
            "partman_observation_timestamp_seconds",
            Type.GAUGE,
            "Unix time of the last observation that succeeded, by the server's clock, in seconds."),
    OBSERVATION_DURATION(
            "partman_observation_duration_seconds",
            Type.GAUGE,
            "Time that the last observation that succeeded took, in seconds."),
    OBSERVATION_ERRORS(
            "partman_observation_errors_total", Type.COUNTER, "Observations that failed since the process started."),
    SCHEDULER_UP(
            "partman_scheduler_up",
            Type.GAUGE,
            "1 if the scheduler that partman.maintenance.scheduler names does its work, else 0; absent on a replica, for"
                    + " none, and where another process is the leader.",
            SCHEDULER),
    WARNINGS(
            "partman_warning",
            Type.GAUGE,
            "1 if the server as a whole has something that a person should change, else 0; /api/tables says what and how.",
            WARNING),
    TABLE_STATE(
            "partman_table_state",
            Type.GAUGE,
            "1 for the state that the table is in, 0 for every other state.",
            PARENT_TABLE,
            STATE),
    DEFAULT_PARTITION_ROWS(
            "partman_default_partition_rows",
            Type.GAUGE,
            "Rows in the default partition, exact up to partman.observe.default-rows-cap; 0 if the set has no default"
                    + " partition, absent while it can't be read.",
            PARENT_TABLE),
    DEFAULT_PARTITION_ROWS_CAPPED(
            "partman_default_partition_rows_capped",
            Type.GAUGE,
            "1 if the default partition may hold more rows than partman_default_partition_rows shows, else 0.",
            PARENT_TABLE),
    DEFAULT_PARTITION_BYTES(
            "partman_default_partition_bytes",
            Type.GAUGE,
            "Size of the default partition with its indexes and TOAST, in bytes; 0 if the set has none, absent while"
                    + " another session locks it.",
            PARENT_TABLE),
    DEFAULT_PARTITION_OLDEST_ROW(
            "partman_default_partition_oldest_row_timestamp_seconds",
            Type.GAUGE,
            "Oldest finite value of the control column in the default partition, as Unix time in seconds; absent if there"
                    + " is none.",
            PARENT_TABLE),
    PARTITIONS("partman_partitions", Type.GAUGE, "Attached partitions, without the default partition.", PARENT_TABLE),
    PARTITIONS_MISSING(
            "partman_partitions_missing",
            Type.GAUGE,
            "Partitions that should exist and don't: holes between partitions, and those short of premake.",
            PARENT_TABLE),
    PREMADE_HORIZON(
            "partman_premade_horizon_seconds",
            Type.GAUGE,
            "Time from the observation to the end of the last partition that follows without a hole on the present one, in"
                    + " seconds; 0 if no partition holds the present, +Inf if that end is open.",
            PARENT_TABLE),
    PARTITION_SET_BYTES(
            "partman_partition_set_bytes",
            Type.GAUGE,
            "Size of all attached partitions with their indexes and TOAST, the default partition included, in bytes.",
            PARENT_TABLE),
    PARTITION_INTERVAL(
            "partman_partition_interval_seconds",
            Type.GAUGE,
            "What one partition spans by part_config, in seconds, a month taken as 30 days; absent if the set is not partitioned"
                    + " by time.",
            PARENT_TABLE),
    PARTITIONS_EXPIRED(
            "partman_partitions_expired",
            Type.GAUGE,
            "Attached partitions that end before the retention of part_config, so that the next maintenance should take them"
                    + " away; absent if it has none.",
            PARENT_TABLE),
    DETACHED_PARTITIONS(
            "partman_detached_partitions",
            Type.GAUGE,
            "Tables that were partitions and that the retention has detached and kept.",
            PARENT_TABLE),
    DETACHED_PARTITIONS_BYTES(
            "partman_detached_partitions_bytes",
            Type.GAUGE,
            "Size of the tables that the retention has detached and kept, with their indexes and TOAST, in bytes.",
            PARENT_TABLE),
    RETAINED_TABLE_BYTES(
            "partman_retained_table_bytes",
            Type.GAUGE,
            "Size of what conversions have retired and kept, the plain table and an old default partition, with indexes and TOAST, in bytes; absent"
                    + " if there is none.",
            PARENT_TABLE),
    MAINTENANCE_RUNS(
            "partman_maintenance_runs_total",
            Type.COUNTER,
            "Maintenance runs since the process started, its own and those that it saw another scheduler run; skipped means"
                    + " that another session held pg_partman's lock, that the rows of the default partition were being moved, or"
                    + " that pg_partman would have taken partitions away that the retention keeps.",
            PARENT_TABLE,
            OUTCOME),
    MAINTENANCE_DURATION(
            "partman_maintenance_duration_seconds",
            Type.GAUGE,
            "Time that the last maintenance run by this process took, in seconds; absent before the first one and after a"
                    + " skipped one.",
            PARENT_TABLE),
    MAINTENANCE_LAST_SUCCESS(
            "partman_maintenance_last_success_timestamp_seconds",
            Type.GAUGE,
            "Unix time at which the last maintenance run ended that this process ran, or saw another scheduler run, with"
                    + " success, in seconds; absent until one has.",
            PARENT_TABLE),
    MAINTENANCE_LAST_RUN(
            "partman_maintenance_last_run_timestamp_seconds",
            Type.GAUGE,
            "Unix time at which pg_partman last maintained the set, whoever had it do so, as part_config tells it, in seconds; 0 if"
                    + " it never has, or marks its last run as failed; absent unless automatic_maintenance is on.",
            PARENT_TABLE),
    MAINTENANCE_DUE(
            "partman_maintenance_due_timestamp_seconds",
            Type.GAUGE,
            "Unix time since which the chosen scheduler should have maintained every set, by its cron expression or interval, in"
                    + " seconds; absent on a replica, for none, and if the scheduler is a sidecar that may not change the"
                    + " database."),
    LOCK_TIMEOUTS(
            "partman_lock_timeouts_total",
            Type.COUNTER,
            "Locks that were not granted within partman.lock-timeout since the process started.",
            PARENT_TABLE),
    LOCK_WAIT_MAX(
            "partman_lock_wait_seconds_max",
            Type.GAUGE,
            "Longest wait for the lock under which a conversion swapped the tables, since the process started, in seconds.",
            PARENT_TABLE),
    CONVERSION_PHASE(
            "partman_conversion_phase",
            Type.GAUGE,
            "1 for the phase that the table's online conversion is in, 0 for every other phase; absent while there is none.",
            PARENT_TABLE,
            PHASE),
    CONVERSION_FAILED(
            "partman_conversion_failed",
            Type.GAUGE,
            "1 if the table's online conversion has stopped until a person looks, else 0; absent while there is none.",
            PARENT_TABLE),
    CONVERSION_ROWS(
            "partman_conversion_rows",
            Type.GAUGE,
            "Rows of the table's online conversion: copied by the backfill, total when it began, and changes that wait in the journal (counted up to 1,000,000).",
            PARENT_TABLE,
            KIND),
    CONVERSION_BYTES(
            "partman_conversion_bytes",
            Type.GAUGE,
            "Size of the table's heap in bytes: copied by the backfill, and total when the journal began.",
            PARENT_TABLE,
            KIND),
    CONVERSION_ROWS_PER_SECOND(
            "partman_conversion_rows_per_second",
            Type.GAUGE,
            "Rows that the backfill copied per second in the last half minute, or between the last two observations if they are further apart; 0 in other phases.",
            PARENT_TABLE),
    CONVERSION_ETA(
            "partman_conversion_eta_seconds",
            Type.GAUGE,
            "Time until the backfill ends at its present rate, in seconds; absent in other phases.",
            PARENT_TABLE);

    /** How Prometheus treats a metric. */
    enum Type {
        GAUGE,
        COUNTER;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What tells the series of one metric apart. The values of each are few: tables, constants of an enum, versions. */
    enum Label {
        /** The table as {@code schema.table}, without quotes. */
        PARENT_TABLE,
        /** One of {@link partman.sidecar.model.TableState}. */
        STATE,
        /** One of {@link partman.sidecar.reconcile.Snapshot.Outcome}. */
        OUTCOME,
        /** One of {@link partman.sidecar.model.Scheduler}. */
        SCHEDULER,
        /** One of {@link partman.sidecar.model.Warning.Kind}. */
        WARNING,
        /** One of {@link partman.sidecar.model.Conversion.Phase}. */
        PHASE,
        /** What of a conversion is counted: {@code copied}, {@code total}, {@code journal}. */
        KIND,
        VERSION,
        POSTGRES_VERSION,
        PARTMAN_VERSION;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final String shownName;
    private final Type type;
    private final String help;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<Label> labels;

    Metric(String shownName, Type type, String help, Label... labels) {
        this.shownName = shownName;
        this.type = type;
        this.help = help;
        this.labels = List.of(labels);
    }

    /** The name as Prometheus shows it. */
    String shownName() {
        return shownName;
    }

    Type type() {
        return type;
    }

    String help() {
        return help;
    }

    List<Label> labels() {
        return labels;
    }
}
