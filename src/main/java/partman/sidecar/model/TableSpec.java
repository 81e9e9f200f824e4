package partman.sidecar.model;

import java.time.Duration;
import java.time.LocalDateTime;
import org.jspecify.annotations.Nullable;

/**
 * The desired state of one table: how it shall be partitioned and maintained.
 *
 * @param key what the user calls it in the settings ({@code partman.tables.<key>})
 * @param premake partitions to hold ready after the one of now
 * @param retention age from which a partition is detached, or null to keep all
 * @param retentionKeepTable whether a partition that the retention detaches stays as a table of its own
 * @param infiniteTimePartitions whether partitions are premade even when no new rows come
 * @param startPartition lower bound of the first partition to make, or null for the oldest that is useful
 * @param moveRows most rows that are moved out of a default partition under the set's lock
 */
public record TableSpec(
        String key,
        QualifiedName table,
        Identifier controlColumn,
        PartitionInterval partitionInterval,
        int premake,
        @Nullable PartitionInterval retention,
        boolean retentionKeepTable,
        boolean infiniteTimePartitions,
        @Nullable LocalDateTime startPartition,
        Conversion conversion,
        long moveRows,
        Drift drift) {

    /** The same for another table: for the default partition, whose rows are moved as a plain table's are. */
    public TableSpec about(QualifiedName other) {
        return new TableSpec(
                key,
                other,
                controlColumn,
                partitionInterval,
                premake,
                retention,
                retentionKeepTable,
                infiniteTimePartitions,
                startPartition,
                conversion,
                moveRows,
                drift);
    }

    /**
     * How a plain table is converted.
     *
     * @param maxPartitions most partitions that a conversion makes
     * @param lockTimeout longest wait for a strong lock; whole milliseconds, at least one (0 would mean no limit)
     * @param workers connections that copy rows and build indexes at the same time
     * @param batchTarget how long one batch of the copy shall take; its size follows from that
     * @param maxRowsPerSecond most rows that all workers together copy in a second; 0 for no limit
     * @param maxReplicaLag how far a replica may lag before the copy pauses, or null if that does not matter
     * @param swapWindow time of the day at which the tables may be swapped, or null for any time
     * @param dropRetired whether the plain table is dropped once its successor has taken its place
     */
    public record Conversion(
            Method method,
            int maxPartitions,
            Duration lockTimeout,
            int workers,
            Duration batchTarget,
            long maxRowsPerSecond,
            @Nullable Duration maxReplicaLag,
            @Nullable SwapWindow swapWindow,
            boolean dropRetired) {}

    /** What becomes of a row of {@code part_config} that differs from the configuration. */
    public enum Drift {
        /** It is put back. */
        FIX,
        /** It is left as it is, and reported: whoever changed it may have had a reason. */
        REPORT
    }

    /** The ways to convert a plain table. */
    public enum Method {
        /** While the application goes on reading and writing; needs a unique index over columns that are never null. */
        ONLINE,
        /** In one transaction that holds the table's lock throughout: all or nothing, and the application waits. */
        OFFLINE
    }
}
