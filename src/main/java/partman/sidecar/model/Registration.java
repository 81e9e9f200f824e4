package partman.sidecar.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A set's row in {@code part_config}, as far as the sidecar reads it.
 *
 * @param partitionInterval null if the set is not partitioned by time, or is itself a partition: it then ends with its own
 *     bounds, and no more partitions than fit are ever made
 * @param retentionSchema where the retention moves partitions instead of dropping them, or null
 * @param automaticMaintenance {@code on}, {@code off} or {@code none}
 * @param ignoreDefaultData whether pg_partman makes partitions ahead of the newest row that has one; else ahead of the newest row
 *     in the default partition, however far away that is
 * @param undoInProgress whether pg_partman is making a plain table of the set, or was interrupted in it: it maintains no such set
 * @param maintenanceLastRun null if it never ran, or, from pg_partman 5.5 on, failed the last time
 */
public record Registration(
        String controlColumn,
        @Nullable PartitionInterval partitionInterval,
        int premake,
        @Nullable PartitionInterval retention,
        @Nullable String retentionText,
        boolean retentionKeepTable,
        @Nullable String retentionSchema,
        boolean infiniteTimePartitions,
        String automaticMaintenance,
        boolean ignoreDefaultData,
        boolean undoInProgress,
        @Nullable String templateTable,
        @Nullable Instant maintenanceLastRun) {

    /** Whether schedulers maintain the set. */
    public boolean isMaintained() {
        return automaticMaintenance.equals("on") && !undoInProgress;
    }

    /** Whether a partition that the retention takes away is gone. */
    public boolean mayDrop() {
        return !retentionKeepTable && retentionSchema == null;
    }

    /** The registration of a set that is itself a partition. */
    public Registration withoutInterval() {
        return new Registration(
                controlColumn,
                null,
                premake,
                retention,
                retentionText,
                retentionKeepTable,
                retentionSchema,
                infiniteTimePartitions,
                automaticMaintenance,
                ignoreDefaultData,
                undoInProgress,
                templateTable,
                maintenanceLastRun);
    }
}
