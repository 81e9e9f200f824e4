package partman.sidecar.model;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * One look at the whole database.
 *
 * @param tables every configured table, by its name
 * @param otherSets sets in {@code part_config} that are not configured: maintained and measured, never reconfigured
 * @param astray names in {@code part_config} that no partitioned table has: pg_partman fails on them
 * @param retired plain tables that a conversion has retired and that are still there, with their sizes in bytes
 */
public record Observation(
        Instant at,
        Duration took,
        ObservedServer server,
        Map<QualifiedName, ObservedTable> tables,
        List<PartitionSet> otherSets,
        List<QualifiedName> astray,
        Map<QualifiedName, Long> retired) {}
