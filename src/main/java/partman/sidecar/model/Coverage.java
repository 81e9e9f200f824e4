package partman.sidecar.model;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How well a set's partitions cover time: what pg_partman should have made by now, and what is not there.
 *
 * @param holes lower bounds of the intervals between two partitions that no partition covers, oldest first
 * @param notPremade lower bounds of the intervals from the current one to the premake limit that lie after the last
 *     partition
 * @param horizon end of the unbroken run of partitions that holds the present, or the present if none does
 */
public record Coverage(List<LocalDateTime> holes, List<LocalDateTime> notPremade, LocalDateTime horizon) {

    /** More holes than this are counted no further: the set's partitions are not what the interval says. */
    private static final int MOST_HOLES = 10_000;

    /** Partitions that should be there and are not. */
    public int missing() {
        return holes.size() + notPremade.size();
    }

    /**
     * Compares the partitions there are with those that pg_partman makes.
     *
     * @param interval the interval that new partitions get
     * @param since holes before it do not count, since the retention will detach what lies around them; null counts all
     * @param infinite whether pg_partman counts {@code premake} from now; else from the newest partition with rows
     */
    public static Coverage of(
            List<PartitionSet.Child> children,
            PartitionInterval interval,
            int premake,
            boolean infinite,
            LocalDateTime now,
            @Nullable LocalDateTime since) {
        List<LocalDateTime> holes = new ArrayList<>();
        LocalDateTime covered = null;
        LocalDateTime newestWithRows = null;
        LocalDateTime horizon = now;
        boolean runHoldsNow = false;
        for (PartitionSet.Child child : children) {
            LocalDateTime from = child.from();
            if (covered != null && from != null && covered.isBefore(from)) {
                addHoles(holes, covered, from, interval, since);
                runHoldsNow = false;
            }
            boolean holdsNow = (from == null || !from.isAfter(now))
                    && (child.to() == null || child.to().isAfter(now));
            runHoldsNow |= holdsNow;
            if (!child.empty()) {
                newestWithRows = from;
            }
            covered = child.to() == null ? LocalDateTime.MAX : child.to();
            if (runHoldsNow) {
                horizon = covered;
            }
        }
        return new Coverage(
                List.copyOf(holes), notPremade(covered, infinite ? now : newestWithRows, interval, premake), horizon);
    }

    private static List<LocalDateTime> notPremade(
            @Nullable LocalDateTime covered,
            @Nullable LocalDateTime reference,
            PartitionInterval interval,
            int premake) {
        if (reference == null || LocalDateTime.MAX.equals(covered)) {
            return List.of();
        }
        LocalDateTime next = covered == null ? interval.floor(reference) : covered;
        LocalDateTime current = next.isAfter(reference) ? interval.floor(reference, next) : null;
        List<LocalDateTime> missing = new ArrayList<>();
        if (current == null) {
            // the last partition ended before the reference: everything from there to the current one is missing too
            while (!interval.after(next).isAfter(reference) && missing.size() < MOST_HOLES) {
                missing.add(next);
                next = interval.after(next);
            }
            current = next;
        }
        LocalDateTime limit = current;
        for (int i = 0; i <= premake; i++) {
            limit = interval.after(limit);
        }
        for (; next.isBefore(limit); next = interval.after(next)) {
            missing.add(next);
        }
        return List.copyOf(missing);
    }

    private static void addHoles(
            List<LocalDateTime> holes,
            LocalDateTime from,
            LocalDateTime to,
            PartitionInterval interval,
            @Nullable LocalDateTime since) {
        for (LocalDateTime hole = from; hole.isBefore(to) && holes.size() < MOST_HOLES; hole = interval.after(hole)) {
            if (since == null || !hole.isBefore(since)) {
                holes.add(hole);
            }
        }
    }
}
