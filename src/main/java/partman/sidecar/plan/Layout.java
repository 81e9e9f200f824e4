package partman.sidecar.plan;

import static partman.sidecar.model.TableState.BLOCKED;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.ObservedTable.Interval;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.step.CreateShadow;

/**
 * The partitions that a conversion makes.
 *
 * @param start lower bound of the first one of the unbroken run up to the horizon
 * @param lower rows before it stay where they are, if they are a default partition's; null if age does not matter
 * @param others lower bounds of those outside the run, for rows that are older than the retention, or since the set has them
 * @param rows how many rows each partition would get, by its lower bound
 */
record Layout(
        Horizon horizon,
        LocalDateTime start,
        @Nullable LocalDateTime lower,
        List<LocalDateTime> others,
        int partitions,
        @Nullable LocalDateTime oldestRow,
        TreeMap<LocalDateTime, Long> rows) {

    static Layout of(TableSpec spec, ObservedServer server, ObservedTable.Rows rows) {
        PartitionInterval interval = spec.partitionInterval();
        Horizon horizon = Horizon.of(spec, server);
        LocalDateTime anchor = horizon.current();
        TreeMap<LocalDateTime, Long> byPartition = byPartition(rows, interval, anchor);
        LocalDateTime oldest = byPartition.isEmpty() ? null : byPartition.firstKey();
        LocalDateTime start = oldest == null || oldest.isAfter(anchor) ? anchor : oldest;
        if (horizon.retentionLimit() != null && start.isBefore(horizon.retentionLimit())) {
            start = horizon.retentionLimit();
        }
        if (spec.startPartition() != null
                && interval.floor(spec.startPartition(), anchor).isBefore(start)) {
            start = interval.floor(spec.startPartition(), anchor);
        }
        List<LocalDateTime> others = List.copyOf(byPartition.headMap(start).keySet());
        int most = spec.conversion().maxPartitions() + 1;
        int partitions = others.size();
        for (LocalDateTime from = start;
                from.isBefore(horizon.end()) && partitions < most * 1000;
                from = interval.after(from)) {
            partitions++;
        }
        return new Layout(horizon, start, null, others, partitions, oldest, byPartition);
    }

    /**
     * The partitions for the rows of a set's default partition, or null if none of them belongs in one. The set's own partitions are
     * among them: then the bounds say of the rows that stay what those of the set will say, and PostgreSQL need not look at them.
     */
    static @Nullable Layout ofDefault(
            TableSpec spec, ObservedServer server, PartitionSet set, ObservedTable.Rows rows) {
        PartitionInterval interval = spec.partitionInterval();
        TreeSet<LocalDateTime> own = new TreeSet<>();
        set.children().forEach(child -> own.add(Objects.requireNonNull(child.from())));
        Horizon horizon = Horizon.of(spec, server, set);
        TreeMap<LocalDateTime, Long> byPartition = byPartition(rows, interval, horizon.current());
        LocalDateTime limit = horizon.movableFrom(spec, set, byPartition.isEmpty() ? null : byPartition.firstKey());
        LocalDateTime lower = limit == null ? LocalDateTime.MIN : limit;
        var movable = byPartition.subMap(lower, horizon.end());
        if (movable.isEmpty()) {
            return null;
        }
        LocalDateTime ownStart = own.ceiling(lower);
        LocalDateTime start = ownStart != null && ownStart.isBefore(movable.firstKey()) ? ownStart : movable.firstKey();
        List<LocalDateTime> others = new ArrayList<>(own.headSet(start));
        others.addAll(own.tailSet(horizon.end()));
        int partitions = 0;
        for (LocalDateTime from = start;
                from.isBefore(horizon.end()) && partitions <= spec.conversion().maxPartitions() * 1000;
                from = interval.after(from)) {
            partitions += own.contains(from) ? 0 : 1;
        }
        return new Layout(horizon, start, limit, List.copyOf(others), partitions, movable.firstKey(), byPartition);
    }

    private static TreeMap<LocalDateTime, Long> byPartition(
            ObservedTable.Rows rows, PartitionInterval interval, LocalDateTime anchor) {
        TreeMap<LocalDateTime, Long> byPartition = new TreeMap<>();
        for (Interval unit : rows.intervals()) {
            byPartition.merge(interval.floor(unit.from(), anchor), unit.rows(), Long::sum);
        }
        return byPartition;
    }

    /** Every bound of the partitions, in order. */
    List<LocalDateTime> bounds(PartitionInterval interval) {
        TreeSet<LocalDateTime> bounds = new TreeSet<>();
        for (LocalDateTime from : others) {
            bounds.add(from);
            bounds.add(interval.after(from));
        }
        for (LocalDateTime from = start; !from.isAfter(horizon.end()); from = interval.after(from)) {
            bounds.add(from);
        }
        return List.copyOf(bounds);
    }

    /** Makes the successor with these partitions. */
    CreateShadow createShadow(TableSpec spec, Identifier partman, ObservedTable.Ddl ddl) {
        return new CreateShadow(spec, partman, start, others, ddl.shadow(), ddl.template());
    }

    /** What makes a conversion impossible, or null if nothing does. */
    Plan.@Nullable Blocked obstacle(TableSpec spec, ObservedTable.Shape shape) {
        Plan.Blocked refused = refused(spec, shape);
        if (refused != null || partitions <= spec.conversion().maxPartitions()) {
            return refused;
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

    /** What of a table makes its conversion impossible, whatever the partitions, or null if nothing does. */
    static Plan.@Nullable Blocked refused(TableSpec spec, ObservedTable.Shape shape) {
        return shape.obstacles().isEmpty()
                ? null
                : new Plan.Blocked(
                        BLOCKED,
                        "%s can't be converted: %s".formatted(spec.table(), String.join("; ", shape.obstacles())));
    }

    /** What a person should know beforehand; {@code method} is what there is to say about the way. */
    List<String> notes(TableSpec spec, ObservedTable.Shape shape, String method) {
        List<String> notes = new ArrayList<>();
        notes.add(cost(spec, shape, "the plain table"));
        notes.add("%d partitions from %s to %s"
                .formatted(partitions, others.isEmpty() ? start : others.getFirst(), horizon.end()));
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

    /** What a person should know before the rows of a default partition are moved. */
    List<String> notesOnDefault(TableSpec spec, ObservedTable.Shape shape, String method) {
        long moved = rows.subMap(lower == null ? LocalDateTime.MIN : lower, horizon.end()).values().stream()
                .mapToLong(Long::longValue)
                .sum();
        List<String> notes = new ArrayList<>();
        notes.add(cost(spec, shape, "the old default partition"));
        notes.add("%,d rows move to %d new partitions up to %s".formatted(moved, partitions, horizon.end()));
        notes.add(method);
        if (moved < shape.rows().total()) {
            notes.add("%,d rows lie %safter %s (or at infinity): they stay in the default partition"
                    .formatted(
                            shape.rows().total() - moved,
                            lower == null ? "" : "before %s or ".formatted(lower),
                            horizon.end()));
        }
        notes.addAll(shape.notes());
        return List.copyOf(notes);
    }

    private static String cost(TableSpec spec, ObservedTable.Shape shape, String source) {
        return "%,d rows, %s with indexes and TOAST; the copy needs about as much disk again, and up to as much for WAL; %s %s"
                .formatted(
                        shape.rows().total(),
                        bytes(shape.totalBytes()),
                        source,
                        spec.conversion().dropRetired()
                                ? "IS DROPPED afterwards (partman.conversion.retired is drop)"
                                : "stays as %s until somebody drops it".formatted(WorkSchema.retiredOf(spec.table())));
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

    static String bytes(long bytes) {
        if (bytes < 1 << 20) {
            return bytes / 1024 + " kB";
        }
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1048576.0);
    }
}
