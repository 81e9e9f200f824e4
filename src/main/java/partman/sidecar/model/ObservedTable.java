package partman.sidecar.model;

import java.time.LocalDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Observed state of one table: what the catalog said at one moment. */
public sealed interface ObservedTable {

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

    /** A table that is partitioned by something else than one column's ranges. */
    record PartitionedOtherwise(String key) implements ObservedTable {}

    /** A table that is range-partitioned by one column. */
    record Partitioned(PartitionSet set) implements ObservedTable {}

    /**
     * Everything about a plain table that its conversion depends on, read at one moment.
     *
     * @param obstacles what makes a conversion impossible, each with what to change
     * @param notes what a person should know and that does not stand in the way
     * @param columns those that a copy fills; generated ones fill themselves
     * @param hashable whether every column's type can be hashed, which makes the comparison of two copies fast
     * @param totalBytes with indexes and TOAST
     * @param ddl statements that give the successor what the table has, by when they run
     */
    record Shape(
            Identifier owner,
            List<String> obstacles,
            List<String> notes,
            List<Identifier> columns,
            boolean hashable,
            long totalBytes,
            Ddl ddl,
            Rows rows) {}

    /**
     * Statements that the server wrote about a plain table, for its successor.
     *
     * @param shadow on the empty successor in the work schema: identity columns
     * @param template on pg_partman's template table: storage options
     * @param indexes on the filled successor: primary key, unique constraints, indexes
     * @param foreignKeys on the filled successor
     * @param release on the plain table: what it must let go of before it leaves its place
     * @param carryOver on the successor in its final place, in this order
     */
    record Ddl(
            List<Definition> shadow,
            List<Definition> template,
            List<Definition> indexes,
            List<Definition> foreignKeys,
            List<Definition> release,
            List<Definition> carryOver) {}

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
