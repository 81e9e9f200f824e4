package partman.sidecar.plan;

import static partman.sidecar.model.TableState.BLOCKED;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.ObservedTable.Interval;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;

/**
 * The partitions that a conversion makes.
 *
 * @param start lower bound of the first one of the unbroken run up to the horizon
 * @param older lower bounds of those before it: they hold rows that are older than the retention
 * @param rows how many rows each partition would get, by its lower bound
 */
record Layout(
        Horizon horizon,
        LocalDateTime start,
        List<LocalDateTime> older,
        int partitions,
        @Nullable LocalDateTime oldestRow,
        TreeMap<LocalDateTime, Long> rows) {

    static Layout of(TableSpec spec, ObservedServer server, ObservedTable.Rows rows) {
        PartitionInterval interval = spec.partitionInterval();
        Horizon horizon = Horizon.of(spec, server, null);
        LocalDateTime anchor = horizon.current();
        TreeMap<LocalDateTime, Long> byPartition = new TreeMap<>();
        for (Interval unit : rows.intervals()) {
            byPartition.merge(interval.floor(unit.from(), anchor), unit.rows(), Long::sum);
        }
        LocalDateTime oldest = byPartition.isEmpty() ? null : byPartition.firstKey();
        LocalDateTime start = oldest == null || oldest.isAfter(anchor) ? anchor : oldest;
        if (horizon.retentionLimit() != null && start.isBefore(horizon.retentionLimit())) {
            start = horizon.retentionLimit();
        }
        if (spec.startPartition() != null
                && interval.floor(spec.startPartition(), anchor).isBefore(start)) {
            start = interval.floor(spec.startPartition(), anchor);
        }
        List<LocalDateTime> older = List.copyOf(byPartition.headMap(start).keySet());
        int most = spec.conversion().maxPartitions() + 1;
        int partitions = older.size();
        for (LocalDateTime from = start;
                from.isBefore(horizon.end()) && partitions < most * 1000;
                from = interval.after(from)) {
            partitions++;
        }
        return new Layout(horizon, start, older, partitions, oldest, byPartition);
    }

    /** Every bound of the partitions, in order. */
    List<LocalDateTime> bounds(PartitionInterval interval) {
        TreeSet<LocalDateTime> bounds = new TreeSet<>();
        for (LocalDateTime from : older) {
            bounds.add(from);
            bounds.add(interval.after(from));
        }
        for (LocalDateTime from = start; !from.isAfter(horizon.end()); from = interval.after(from)) {
            bounds.add(from);
        }
        return List.copyOf(bounds);
    }

    /** What makes a conversion impossible, or null if nothing does. */
    Plan.@Nullable Blocked obstacle(TableSpec spec, ObservedTable.Shape shape) {
        if (!shape.obstacles().isEmpty()) {
            return new Plan.Blocked(
                    BLOCKED, "%s can't be converted: %s".formatted(spec.table(), String.join("; ", shape.obstacles())));
        }
        if (partitions <= spec.conversion().maxPartitions()) {
            return null;
        }
        return new Plan.Blocked(
                BLOCKED,
                "%s would get %d partitions, more than partman.conversion.max-partitions (%d): its oldest row is of %s, with %d row(s) before %s; delete them, set a retention, or raise the limit"
                        .formatted(
                                spec.table(),
                                partitions,
                                spec.conversion().maxPartitions(),
                                oldestRow,
                                rowsBefore(shape.rows(), horizon.current()),
                                horizon.current()));
    }

    /** What a person should know beforehand; {@code method} is what there is to say about the way. */
    List<String> notes(TableSpec spec, ObservedTable.Shape shape, String method) {
        List<String> notes = new ArrayList<>();
        long total = shape.rows().total();
        notes.add(
                "%,d rows, %s with indexes and TOAST; the copy needs about as much disk again, and up to as much for WAL; the plain table %s"
                        .formatted(
                                total,
                                bytes(shape.totalBytes()),
                                spec.conversion().dropRetired()
                                        ? "IS DROPPED afterwards (partman.conversion.retired is drop)"
                                        : "stays as %s until somebody drops it"
                                                .formatted(WorkSchema.retiredOf(spec.table()))));
        notes.add("%d partitions from %s to %s"
                .formatted(partitions, older.isEmpty() ? start : older.getFirst(), horizon.end()));
        notes.add(method);
        addRetention(spec, notes);
        long beyond = rows.tailMap(horizon.end(), true).values().stream()
                        .mapToLong(Long::longValue)
                        .sum()
                + shape.rows().infinite();
        if (beyond > 0) {
            notes.add("%,d rows lie after %s (or at infinity): they stay in the default partition"
                    .formatted(beyond, horizon.end()));
        }
        notes.addAll(shape.notes());
        return List.copyOf(notes);
    }

    private void addRetention(TableSpec spec, List<String> notes) {
        PartitionInterval retention = spec.retention();
        if (retention == null) {
            return;
        }
        long expired = 0;
        long expiredRows = 0;
        for (var partition : rows.entrySet()) {
            LocalDateTime to = spec.partitionInterval().after(partition.getKey());
            if (Horizon.isExpired(spec, horizon.now(), to)) {
                expired++;
                expiredRows += partition.getValue();
            }
        }
        notes.add(
                expired == 0
                        ? "the retention of %s detaches nothing yet".formatted(retention)
                        : "the retention of %s detaches %d partition(s) with %,d rows at the first maintenance: they leave %s, and %s"
                                .formatted(
                                        retention,
                                        expired,
                                        expiredRows,
                                        spec.table(),
                                        spec.retentionKeepTable()
                                                ? "stay as tables of their own"
                                                : "ARE DROPPED (retention-keep-table is false)"));
    }

    private static long rowsBefore(ObservedTable.Rows rows, LocalDateTime limit) {
        return rows.intervals().stream()
                .filter(interval -> interval.from().isBefore(limit))
                .mapToLong(Interval::rows)
                .sum();
    }

    private static String bytes(long bytes) {
        if (bytes < 1 << 20) {
            return bytes / 1024 + " kB";
        }
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1048576.0);
    }
}
