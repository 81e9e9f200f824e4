package partman.sidecar.model;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One look at the whole database.
 *
 * @param tables every configured table, by its name
 * @param otherSets sets in {@code part_config} that are not configured: maintained and measured, never reconfigured
 * @param astray names in {@code part_config} that no partitioned table has: pg_partman fails on them
 * @param retired tables that conversions have retired and that are still there, by the names they had, with their sizes in bytes
 */
public record Observation(
        Instant at,
        Duration took,
        ObservedServer server,
        Map<QualifiedName, ObservedTable> tables,
        List<PartitionSet> otherSets,
        List<QualifiedName> astray,
        Map<QualifiedName, Long> retired) {

    /** All sets, configured or not. */
    public List<PartitionSet> sets() {
        List<PartitionSet> sets = new ArrayList<>(otherSets);
        for (ObservedTable table : tables.values()) {
            if (table instanceof ObservedTable.Partitioned(PartitionSet set)) {
                sets.add(set);
            }
        }
        return sets;
    }

    /** The names of a configured table's retired ones: the plain table that it was, and a default partition that it had. */
    public List<QualifiedName> retiredOf(QualifiedName table) {
        List<QualifiedName> names = new ArrayList<>(List.of(table));
        if (tables.get(table) instanceof ObservedTable.Partitioned(PartitionSet set)
                && set.defaultPartition() != null) {
            names.add(set.defaultPartition().name());
        }
        names.retainAll(retired.keySet());
        return List.copyOf(names);
    }
}
