package partman.sidecar.reconcile;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Observation;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.plan.Plan;

/**
 * All that is known at one moment; what every scrape, probe and page shows. Immutable.
 *
 * @param observation the last look at the database that succeeded, or null if none has yet
 * @param tables the configured tables first, then the sets that only {@code part_config} knows
 * @param maintenance what is known and to be done about the maintenance of all sets
 * @param nextMaintenance when the chosen scheduler is to begin its next run, or null if that can't be told; it may be past
 * @param failure why the database can't be used now, or null if it can
 * @param attempted whether a look at the database has ended, well or badly
 * @param applies whether this process's mode lets it change the database
 * @param leader whether this process is the one that may change the database
 * @param observationErrors looks at the database that failed, since the start
 */
public record Snapshot(
        @Nullable Observation observation,
        List<Table> tables,
        MaintenancePlan maintenance,
        @Nullable Instant nextMaintenance,
        @Nullable String failure,
        boolean attempted,
        boolean applies,
        boolean leader,
        long observationErrors) {

    /** What is known before the first look. */
    public static final Snapshot NOTHING_YET = new Snapshot(
            null,
            List.of(),
            MaintenancePlan.NOTHING_YET,
            null,
            "the database has not been looked at yet",
            false,
            false,
            false,
            0);

    /**
     * One table.
     *
     * @param spec what the settings want of it, or null if they don't name it: then it is maintained and measured, never changed
     *     otherwise
     * @param plan what is to be done about it; null if it is not configured
     * @param set its partitions, or null if it is no partition set
     * @param coverage how well they cover time, or null if it is no set that is partitioned by time
     * @param copying how far its online conversion is, or null if none has begun
     * @param retiredBytes size of the plain table that a conversion has kept, or null if there is none
     * @param trouble the last failure of work on it, or null if the last work succeeded
     */
    public record Table(
            QualifiedName name,
            @Nullable TableSpec spec,
            TableState state,
            String reason,
            @Nullable Plan plan,
            @Nullable PartitionSet set,
            @Nullable Coverage coverage,
            @Nullable Copying copying,
            @Nullable Long retiredBytes,
            Progress progress,
            @Nullable String trouble) {

        /** Whether the settings name it. */
        public boolean configured() {
            return spec != null;
        }

        /** Whether pg_partman's maintenance takes it up by itself. */
        public boolean isMaintained() {
            Registration registration = set == null ? null : set.registration();
            return registration != null && registration.isMaintained();
        }

        Table with(Progress newProgress, @Nullable String newTrouble) {
            return new Table(
                    name, spec, state, reason, plan, set, coverage, copying, retiredBytes, newProgress, newTrouble);
        }
    }

    /**
     * How far an online conversion is.
     *
     * @param rowsPerSecond rows that were copied per second in the last half minute, or since the observation before
     * @param left how long the copy will take at that rate, or null if that can't be told
     */
    public record Copying(
            Conversion conversion,
            double rowsPerSecond,
            @Nullable Duration left) {

        /** {@code before} is what was observed {@code span} earlier of the same copy, or null if nothing was. */
        static Copying of(Conversion now, @Nullable Conversion before, Duration span) {
            boolean copies = now.phase() == Conversion.Phase.BACKFILL;
            if (!copies || before == null || !span.isPositive()) {
                return new Copying(now, 0, null);
            }
            double seconds = span.toMillis() / 1000.0;
            double rows = (now.rowsCopied() - before.rowsCopied()) / seconds;
            double blocks = (now.blocksCopied() - before.blocksCopied()) / seconds;
            return new Copying(
                    now,
                    Math.max(0, rows),
                    blocks <= 0
                            ? null
                            : Duration.ofMillis((long) ((now.blocks() - now.blocksCopied()) / blocks * 1000)));
        }

        /** Bytes of the table's heap that are copied, of {@link Conversion#bytesTotal()}. */
        public long bytesCopied() {
            return conversion.blocks() == 0
                    ? 0
                    : conversion.bytesTotal() / conversion.blocks() * conversion.blocksCopied();
        }
    }

    /**
     * What this process has done for one table since its start, and what it has seen others do.
     *
     * @param lastMaintenance outcome of the last maintenance run, or null if none ended yet
     * @param lockTimeouts locks that were not granted in time
     * @param longestLockWait the longest wait for a lock that was granted and that blocks the application
     */
    public record Progress(
            long maintenanceSuccesses,
            long maintenanceFailures,
            long maintenanceSkips,
            @Nullable MaintenanceRun lastMaintenance,
            @Nullable Instant lastMaintenanceSuccess,
            long lockTimeouts,
            Duration longestLockWait) {

        /** Before anything was done. */
        public static final Progress NONE = new Progress(0, 0, 0, null, null, 0, Duration.ZERO);

        Progress with(MaintenanceRun run) {
            return new Progress(
                    maintenanceSuccesses + (run.outcome() == Outcome.SUCCESS ? 1 : 0),
                    maintenanceFailures + (run.outcome() == Outcome.FAILURE ? 1 : 0),
                    maintenanceSkips + (run.outcome() == Outcome.SKIPPED ? 1 : 0),
                    run,
                    run.outcome() == Outcome.SUCCESS ? run.ended() : lastMaintenanceSuccess,
                    lockTimeouts,
                    longestLockWait);
        }

        Progress withLockTimeout() {
            return new Progress(
                    maintenanceSuccesses,
                    maintenanceFailures,
                    maintenanceSkips,
                    lastMaintenance,
                    lastMaintenanceSuccess,
                    lockTimeouts + 1,
                    longestLockWait);
        }

        Progress withLockWait(Duration waited) {
            return new Progress(
                    maintenanceSuccesses,
                    maintenanceFailures,
                    maintenanceSkips,
                    lastMaintenance,
                    lastMaintenanceSuccess,
                    lockTimeouts,
                    waited.compareTo(longestLockWait) > 0 ? waited : longestLockWait);
        }
    }

    /** How a maintenance run ended. */
    public enum Outcome {
        /** It ran, and the catalog shows what it should have done. */
        SUCCESS,
        /** It failed, or returned without having done its work. */
        FAILURE,
        /**
         * Another session held pg_partman's lock, or the rows of the default partition were being moved, or the retention would have
         * taken partitions that shall be kept: nothing was tried.
         */
        SKIPPED;

        /** The outcome as metrics and pages spell it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One maintenance run of one set.
     *
     * @param took null if another scheduler ran it
     * @param message what went wrong; empty after a success
     */
    public record MaintenanceRun(
            Outcome outcome, Instant ended, @Nullable Duration took, String message) {}

    Snapshot withTables(List<Table> newTables) {
        return new Snapshot(
                observation,
                newTables,
                maintenance,
                nextMaintenance,
                failure,
                attempted,
                applies,
                leader,
                observationErrors);
    }

    /** When the next maintenance run of a table is to begin, or null if none is, or if that can't be told. */
    public @Nullable Instant nextMaintenanceOf(Table table) {
        return table.isMaintained() ? nextMaintenance : null;
    }

    /** The table of that name, if it is known. */
    public Optional<Table> find(QualifiedName name) {
        return tables.stream().filter(table -> table.name().equals(name)).findFirst();
    }
}
