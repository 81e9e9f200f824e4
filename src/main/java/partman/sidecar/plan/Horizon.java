package partman.sidecar.plan;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.TableSpec;

/**
 * The span of time that a set's partitions are meant to cover, on the grid of its partition bounds.
 *
 * @param now the server's clock, in UTC
 * @param current lower bound of the partition of now
 * @param retentionLimit lower bound of the oldest partition that the retention keeps attached, or null if it keeps all
 * @param end upper bound of the last partition that pg_partman makes ahead
 */
record Horizon(
        LocalDateTime now, LocalDateTime current, @Nullable LocalDateTime retentionLimit, LocalDateTime end) {

    /** The horizon of a set that is to be made. */
    static Horizon of(TableSpec spec, ObservedServer server) {
        return of(spec, server, (LocalDateTime) null);
    }

    /** {@code anchor} is any bound of the set's partitions, or null for a set that has none yet. */
    private static Horizon of(TableSpec spec, ObservedServer server, @Nullable LocalDateTime anchor) {
        PartitionInterval interval = spec.partitionInterval();
        LocalDateTime now = LocalDateTime.ofInstant(server.now(), ZoneOffset.UTC);
        LocalDateTime grid = anchor == null ? interval.floor(now) : anchor;
        LocalDateTime current = interval.floor(now, grid);
        LocalDateTime end = current;
        for (int i = 0; i <= spec.premake(); i++) {
            end = interval.after(end);
        }
        PartitionInterval retention = spec.retention();
        LocalDateTime limit = retention == null ? null : interval.floor(retention.before(now), grid);
        return new Horizon(now, current, limit, end);
    }

    /** The horizon on the grid of a set's partitions. */
    static Horizon of(TableSpec spec, ObservedServer server, PartitionSet set) {
        return of(
                spec,
                server,
                set.children().isEmpty() ? null : set.children().getFirst().from());
    }

    /**
     * Lower bound of the oldest partition that rows of a set's default partition move to, or null if age does not matter: a row that
     * would need more new partitions than are allowed must not keep younger ones from moving. Nobody relies yet on a set that is not
     * registered; there its rows are one whole.
     */
    @Nullable
    LocalDateTime movableFrom(TableSpec spec, PartitionSet set, @Nullable LocalDateTime oldestRow) {
        if (set.registration() == null || oldestRow == null) {
            return retentionLimit;
        }
        Set<LocalDateTime> there = set.lowerBounds();
        int made = 0;
        LocalDateTime from = end;
        while (from.isAfter(oldestRow) && (retentionLimit == null || from.isAfter(retentionLimit))) {
            LocalDateTime before = spec.partitionInterval().before(from);
            made += there.contains(before) ? 0 : 1;
            if (made > spec.conversion().maxPartitions()) {
                return from;
            }
            from = before;
        }
        return retentionLimit;
    }

    /** Whether the retention detaches a partition with this upper bound at the next maintenance. */
    static boolean isExpired(TableSpec spec, LocalDateTime now, LocalDateTime to) {
        PartitionInterval retention = spec.retention();
        return retention != null && to.isBefore(retention.before(now));
    }
}
