package partman.sidecar.model;

import java.time.LocalDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Observed state of one table: what the catalog said at one moment. */
public sealed interface ObservedTable {

    /** The online conversion that is under way: of the table itself, or of its default partition; null if there is none. */
    default @Nullable Converting underWay() {
        return switch (this) {
            case Converting converting -> converting;
            case Partitioned(PartitionSet set)
            when set.defaultPartition() != null ->
                set.defaultPartition().table().underWay();
            default -> null;
        };
    }

    /** No relation of that name exists. */
    record Missing() implements ObservedTable {}

    /** A relation that is no table by itself: a view, a foreign table, an index, or a child of another table. */
    record NotATable(String kind) implements ObservedTable {}

    /**
     * An ordinary table.
     *
     * @param estimatedRows the planner's estimate; -1 if the table was never analyzed
     * @param ownedByRole whether the sidecar's role may do what only the owner may
     * @param sizeBytes with indexes and TOAST; null while another session locks the table
     * @param shape what a conversion needs to know; null if it was not asked for
     */
    record Plain(
            long estimatedRows,
            boolean ownedByRole,
            @Nullable Long sizeBytes,
            @Nullable Shape shape) implements ObservedTable {}

    /**
     * A table whose online conversion has begun.
     *
     * @param ownedByRole whether the sidecar's role may do what only the owner may
     * @param shape what carrying on needs to know; null if it was not asked for
     * @param successor what the partitioned successor is; null if it was not asked for
     */
    record Converting(
            Conversion conversion,
            boolean ownedByRole,
            @Nullable Shape shape,
            @Nullable Successor successor) implements ObservedTable {}

    /** A table that is partitioned by something else than one column's ranges. */
    record PartitionedOtherwise(String key) implements ObservedTable {}

    /** A table that is range-partitioned by one column. */
    record Partitioned(PartitionSet set) implements ObservedTable {}

    /**
     * Everything about a plain table that its conversion depends on, read at one moment.
     *
     * @param obstacles what makes a conversion impossible, each with what to change
     * @param notes what a person should know and that does not stand in the way
     * @param controlType the control column's type; empty if there is no such column
     * @param columns those that a copy fills; generated ones fill themselves
     * @param hashable whether every column's type can be hashed, which makes the comparison of two copies fast
     * @param rowKey null if no unique index over columns that are never null exists
     * @param uniqueIndexes how many unique indexes there are, keys included
     * @param fingerprint changes whenever the table's columns, checks, storage or file do
     * @param totalBytes with indexes and TOAST
     * @param ddl statements that give the successor what the table has, by when they run
     */
    record Shape(
            long oid,
            Identifier owner,
            String controlType,
            List<String> obstacles,
            List<String> notes,
            List<Identifier> columns,
            boolean hashable,
            @Nullable RowKey rowKey,
            int uniqueIndexes,
            String fingerprint,
            long totalBytes,
            Ddl ddl,
            Rows rows) {}

    /**
     * Statements that the server wrote about a table, for its successor.
     *
     * @param shadow on the successor in the work schema: identity columns
     * @param template on pg_partman's template table: storage options
     * @param indexes on the filled successor: primary key, unique constraints, indexes
     * @param foreignKeys on the filled successor in the work schema
     * @param finalForeignKeys the same, on the successor in its final place
     * @param release on the table: what it must let go of before it leaves its place
     * @param carryOver on the successor in its final place, in this order
     */
    record Ddl(
            List<Definition> shadow,
            List<Definition> template,
            List<Definition> indexes,
            List<Definition> foreignKeys,
            List<Definition> finalForeignKeys,
            List<Definition> release,
            List<Definition> carryOver) {}

    /**
     * The partitioned successor of a table whose online conversion has begun: in the work schema, or in the table's place once
     * they were swapped.
     *
     * @param lowerBounds the lower bound of each of its partitions, in order
     * @param bounds every bound of its partitions, in order
     * @param indexes statements that give its partitions the indexes they lack, a list for each partition, the largest first
     * @param parentIndexes statements that give itself the indexes it lacks; they adopt those of the partitions
     * @param superfluousIndexes statements that drop the indexes that the plain table has no more
     * @param addForeignKeys statements that give its partitions, in their final place, the plain table's foreign keys for new rows
     * @param validateForeignKeys statements that check those of the old rows, once they were swapped
     * @param parentForeignKeys statements that then give itself the foreign keys; they adopt those of the partitions
     */
    record Successor(
            List<LocalDateTime> lowerBounds,
            List<LocalDateTime> bounds,
            List<List<Definition>> indexes,
            List<Definition> parentIndexes,
            List<Definition> superfluousIndexes,
            List<Definition> addForeignKeys,
            List<Definition> validateForeignKeys,
            List<Definition> parentForeignKeys) {

        /** Whether an index is to be built or dropped. */
        public boolean differsInIndexes() {
            return lacksIndexes() || !superfluousIndexes.isEmpty();
        }

        /** Whether an index is to be built. */
        public boolean lacksIndexes() {
            return !indexes.isEmpty() || !parentIndexes.isEmpty();
        }
    }

    /**
     * Where a plain table's rows lie in time.
     *
     * @param intervals the calendar units that hold rows, oldest first
     * @param infinite rows at plus or minus infinity, which no partition can take
     */
    record Rows(long total, List<Interval> intervals, long infinite) {}

    /** The rows of one calendar unit, or of one partition to be, that begins at {@code from}. */
    record Interval(LocalDateTime from, long rows) {}
}
