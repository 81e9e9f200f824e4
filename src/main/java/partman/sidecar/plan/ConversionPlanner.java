package partman.sidecar.plan;

import static partman.sidecar.model.TableState.BLOCKED;
import static partman.sidecar.model.TableState.PLAIN;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.ObservedTable.Interval;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.step.AddForeignKeys;
import partman.sidecar.step.BuildIndexes;
import partman.sidecar.step.CopyRows;
import partman.sidecar.step.CreateShadow;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.SwapTables;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdatePartConfig;
import partman.sidecar.step.VerifyCopy;

/** Plans how a plain table becomes a partitioned one. */
final class ConversionPlanner {

    private ConversionPlanner() {}

    static Plan plan(TableSpec spec, ObservedServer server, ObservedTable.Shape shape) {
        Identifier partman = server.partmanSchema();
        QualifiedName table = spec.table();
        if (!shape.obstacles().isEmpty()) {
            return new Plan.Blocked(
                    BLOCKED, "%s can't be converted: %s".formatted(table, String.join("; ", shape.obstacles())));
        }
        Layout layout = Layout.of(spec, server, shape.rows());
        if (layout.partitions() > spec.conversion().maxPartitions()) {
            return new Plan.Blocked(
                    BLOCKED,
                    "%s would get %d partitions, more than partman.conversion.max-partitions (%d): its oldest row is of %s, with %d row(s) before %s; delete them, set a retention, or raise the limit"
                            .formatted(
                                    table,
                                    layout.partitions(),
                                    spec.conversion().maxPartitions(),
                                    layout.oldestRow(),
                                    rowsBefore(shape.rows(), layout.horizon().current()),
                                    layout.horizon().current()));
        }
        List<Step> steps = new ArrayList<>();
        steps.add(new LockTable(table));
        steps.add(new CreateShadow(
                spec,
                partman,
                layout.start(),
                layout.older(),
                shape.ddl().shadow(),
                shape.ddl().template()));
        steps.add(new CopyRows(table, shape.columns(), shape.rows().total()));
        steps.add(new BuildIndexes(table, shape.ddl().indexes()));
        if (!shape.ddl().foreignKeys().isEmpty()) {
            steps.add(new AddForeignKeys(table, shape.ddl().foreignKeys()));
        }
        steps.add(new VerifyCopy(table, shape.columns(), shape.hashable()));
        steps.add(new SwapTables(
                table,
                partman,
                shape.owner(),
                shape.ddl().release(),
                shape.ddl().carryOver()));
        steps.add(new UpdatePartConfig(spec, partman, List.of()));
        return new Plan.Convert(
                PLAIN,
                table + " is a plain table",
                List.of(),
                new Transaction(steps, spec.conversion().lockTimeout()),
                List.of(Transaction.of(
                        new RunMaintenance(table, partman), spec.conversion().lockTimeout())),
                notes(spec, shape, layout));
    }

    /**
     * The partitions that a conversion makes.
     *
     * @param start lower bound of the first one of the unbroken run up to the horizon
     * @param older lower bounds of those before it: they hold rows that are older than the retention
     */
    private record Layout(
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
    }

    private static List<String> notes(TableSpec spec, ObservedTable.Shape shape, Layout layout) {
        List<String> notes = new ArrayList<>();
        long total = shape.rows().total();
        notes.add(
                "%,d rows, %s with indexes and TOAST; the copy needs about as much disk again, and up to as much for WAL; the plain table stays as %s until somebody drops it"
                        .formatted(total, bytes(shape.totalBytes()), WorkSchema.retiredOf(spec.table())));
        notes.add("%d partitions from %s to %s"
                .formatted(
                        layout.partitions(),
                        layout.older().isEmpty()
                                ? layout.start()
                                : layout.older().getFirst(),
                        layout.horizon().end()));
        notes.add("method offline: the application's statements on %s wait from the copy's begin to its end"
                .formatted(spec.table()));
        PartitionInterval retention = spec.retention();
        if (retention != null) {
            long partitions = 0;
            long rows = 0;
            for (var partition : layout.rows().entrySet()) {
                LocalDateTime to = spec.partitionInterval().after(partition.getKey());
                if (Horizon.isExpired(spec, layout.horizon().now(), to)) {
                    partitions++;
                    rows += partition.getValue();
                }
            }
            notes.add(
                    partitions == 0
                            ? "the retention of %s detaches nothing yet".formatted(retention)
                            : "the retention of %s detaches %d partition(s) with %,d rows at the first maintenance: they leave %s, and %s"
                                    .formatted(
                                            retention,
                                            partitions,
                                            rows,
                                            spec.table(),
                                            spec.retentionKeepTable()
                                                    ? "stay as tables of their own"
                                                    : "ARE DROPPED (retention-keep-table is false)"));
        }
        long beyond = layout.rows().tailMap(layout.horizon().end(), true).values().stream()
                        .mapToLong(Long::longValue)
                        .sum()
                + shape.rows().infinite();
        if (beyond > 0) {
            notes.add("%,d rows lie after %s (or at infinity): they stay in the default partition"
                    .formatted(beyond, layout.horizon().end()));
        }
        notes.addAll(shape.notes());
        return List.copyOf(notes);
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
