package partman.sidecar.model;

import java.time.LocalDateTime;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A range-partitioned table with all its children.
 *
 * @param ownedByRole whether the sidecar's role may do what only the owner may
 * @param controlType the control column's type: {@code timestamp}, {@code timestamptz} or {@code date}
 * @param children all partitions but the default one, oldest first
 * @param registration its row in {@code part_config}, or null if it has none
 * @param detached tables that were partitions and were kept by the retention
 * @param referencedBy foreign keys that refer to the set, each as {@code schema.table (constraint)}
 */
public record PartitionSet(
        QualifiedName parent,
        Identifier owner,
        boolean ownedByRole,
        Identifier controlColumn,
        String controlType,
        List<Child> children,
        @Nullable DefaultPartition defaultPartition,
        @Nullable Registration registration,
        Detached detached,
        List<Trigger> triggers,
        List<Identifier> columns,
        List<String> referencedBy) {

    /** The types of a control column that pg_partman can partition by time without a decoder. */
    public static final Set<String> CONTROL_TYPES = Set.of("timestamp", "timestamptz", "date");

    /**
     * One partition; bounds are from-inclusive and to-exclusive, in UTC.
     *
     * @param from null for an end that is open ({@code MINVALUE}, infinity)
     * @param sizeBytes with indexes and TOAST; null while another session locks it
     * @param empty whether its heap has no page at all
     */
    public record Child(
            QualifiedName name,
            @Nullable LocalDateTime from,
            @Nullable LocalDateTime to,
            boolean partitioned,
            boolean empty,
            @Nullable Long sizeBytes) {

        /** By lower bound, an open one first. */
        public static final Comparator<Child> OLDEST_FIRST =
                Comparator.comparing(child -> child.from() == null ? LocalDateTime.MIN : child.from());
    }

    /**
     * The child that takes rows no other child fits.
     *
     * @param counted whether its rows could be looked at: the role may read it and nobody locks it
     * @param rows rows found, at most the cap
     * @param capped whether there may be more than {@code rows}
     * @param oldest oldest finite control value, in UTC; null if there is none
     * @param infinite rows whose control value is infinity or minus infinity
     * @param spread the rows with a finite control value, by the hour or day they lie in, oldest first
     * @param table the same as a table of its own, whose rows can be moved as a plain table's are: plain, or converting
     */
    public record DefaultPartition(
            QualifiedName name,
            @Nullable Long sizeBytes,
            boolean counted,
            long rows,
            boolean capped,
            @Nullable LocalDateTime oldest,
            @Nullable LocalDateTime newest,
            long infinite,
            List<ObservedTable.Interval> spread,
            ObservedTable table) {

        /** The same with another look at it as a table of its own. */
        public DefaultPartition with(ObservedTable newTable) {
            return new DefaultPartition(
                    name, sizeBytes, counted, rows, capped, oldest, newest, infinite, spread, newTable);
        }

        /** Whether another session keeps it from being looked at, and not a lack of rights. */
        public boolean isLocked() {
            return !counted && sizeBytes == null;
        }

        /** What it holds, in words for people. */
        public String contents() {
            return "%s%d row(s) in the default partition%s%s"
                    .formatted(
                            capped ? "at least " : "",
                            rows,
                            oldest == null ? "" : ", the oldest of %s, the newest of %s".formatted(oldest, newest),
                            infinite == 0 ? "" : ", %d of them infinite".formatted(infinite));
        }
    }

    /** Tables named like this set's partitions that are no longer attached. */
    public record Detached(int tables, long sizeBytes) {

        public static final Detached NONE = new Detached(0, 0);
    }

    /** A row trigger or statement trigger of the parent, and when it fires ({@code pg_trigger.tgenabled}). */
    public record Trigger(Identifier name, char enabled) {}

    /** The same set with another look at its default partition. */
    public PartitionSet with(DefaultPartition newDefaultPartition) {
        return new PartitionSet(
                parent,
                owner,
                ownedByRole,
                controlColumn,
                controlType,
                children,
                newDefaultPartition,
                registration,
                detached,
                triggers,
                columns,
                referencedBy);
    }

    /** Where its partitions begin, but one with an open beginning. */
    public Set<LocalDateTime> lowerBounds() {
        Set<LocalDateTime> bounds = new HashSet<>();
        for (Child child : children) {
            if (child.from() != null) {
                bounds.add(child.from());
            }
        }
        return bounds;
    }

    /** Partitions that lie wholly before the retention of {@code part_config}; null if that has none, or none that can be read. */
    public @Nullable Integer expired(LocalDateTime now) {
        PartitionInterval retention = registration == null ? null : registration.retention();
        if (retention == null) {
            return null;
        }
        LocalDateTime limit = retention.before(now);
        return (int) children.stream()
                .filter(child -> child.to() != null && child.to().isBefore(limit))
                .count();
    }

    /** All bytes of all partitions whose size is known. */
    public long sizeBytes() {
        long known = 0;
        for (Child child : children) {
            known += child.sizeBytes() == null ? 0 : child.sizeBytes();
        }
        DefaultPartition rest = defaultPartition;
        return known + (rest == null || rest.sizeBytes() == null ? 0 : rest.sizeBytes());
    }
}
