package partman.sidecar.reconcile;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Observation;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;

/**
 * All that is known at one moment; what every scrape, probe and page shows. Immutable.
 *
 * @param observation the last look at the database that succeeded, or null if none has yet
 * @param tables the configured tables first, then the sets that only {@code part_config} knows
 * @param failure why the database can't be used now, or null if it can
 * @param attempted whether a look at the database has ended, well or badly
 * @param leader whether this process is the one that may change the database
 * @param observationErrors looks at the database that failed, since the start
 */
public record Snapshot(
        @Nullable Observation observation,
        List<Table> tables,
        @Nullable String failure,
        boolean attempted,
        boolean leader,
        long observationErrors) {

    /** What is known before the first look. */
    public static final Snapshot NOTHING_YET =
            new Snapshot(null, List.of(), "the database has not been looked at yet", false, false, 0);

    /**
     * One table.
     *
     * @param configured whether the settings name it; if not, it is maintained and measured, never changed otherwise
     * @param plan what is to be done about it; null if it is not configured
     * @param set its partitions, or null if it is no partition set
     * @param coverage how well they cover time, or null if it is no set that is partitioned by time
     * @param retiredBytes size of the plain table that a conversion has kept, or null if there is none
     * @param trouble the last failure of work on it, or null if the last work succeeded
     */
    public record Table(
            QualifiedName name,
            boolean configured,
            TableState state,
            String reason,
            @Nullable Plan plan,
            @Nullable PartitionSet set,
            @Nullable Coverage coverage,
            @Nullable Long retiredBytes,
            Progress progress,
            @Nullable String trouble) {

        Table with(Progress newProgress, @Nullable String newTrouble) {
            return new Table(
                    name, configured, state, reason, plan, set, coverage, retiredBytes, newProgress, newTrouble);
        }
    }

    /**
     * What this process has done for one table since its start.
     *
     * @param lastMaintenance outcome of the last maintenance run, or null if none ended yet
     * @param lockTimeouts locks that were not granted in time
     */
    public record Progress(
            long maintenanceSuccesses,
            long maintenanceFailures,
            long maintenanceSkips,
            @Nullable MaintenanceRun lastMaintenance,
            @Nullable Instant lastMaintenanceSuccess,
            long lockTimeouts) {

        /** Before anything was done. */
        public static final Progress NONE = new Progress(0, 0, 0, null, null, 0);

        Progress with(MaintenanceRun run) {
            return new Progress(
                    maintenanceSuccesses + (run.outcome() == Outcome.SUCCESS ? 1 : 0),
                    maintenanceFailures + (run.outcome() == Outcome.FAILURE ? 1 : 0),
                    maintenanceSkips + (run.outcome() == Outcome.SKIPPED ? 1 : 0),
                    run,
                    run.outcome() == Outcome.SUCCESS ? run.ended() : lastMaintenanceSuccess,
                    lockTimeouts);
        }

        Progress withLockTimeout() {
            return new Progress(
                    maintenanceSuccesses,
                    maintenanceFailures,
                    maintenanceSkips,
                    lastMaintenance,
                    lastMaintenanceSuccess,
                    lockTimeouts + 1);
        }
    }

    /** How a maintenance run ended. */
    public enum Outcome {
        /** It ran, and the catalog shows what it should have done. */
        SUCCESS,
        /** It failed, or returned without having done its work. */
        FAILURE,
        /** Another session held pg_partman's lock, so nothing was tried. */
        SKIPPED;

        /** The outcome as metrics and pages spell it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** One maintenance run of one set; the message says what went wrong, and is empty after a success. */
    public record MaintenanceRun(Outcome outcome, Instant ended, Duration took, String message) {}

    Snapshot withTables(List<Table> newTables) {
        return new Snapshot(observation, newTables, failure, attempted, leader, observationErrors);
    }

    /** The table of that name, if it is known. */
    public Optional<Table> find(QualifiedName name) {
        return tables.stream().filter(table -> table.name().equals(name)).findFirst();
    }
}
