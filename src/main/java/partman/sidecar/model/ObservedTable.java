package partman.sidecar.model;

import java.time.LocalDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Observed state of one table: what the catalog said at one moment. */
public sealed interface ObservedTable {

    /** No relation of that name exists. */
    record Missing() implements ObservedTable {}

    /** A relation that is no table: a view, a foreign table, an index, or a partition of another table. */
    record NotATable(String kind) implements ObservedTable {}

    /**
     * An ordinary table.
     *
     * @param estimatedRows the planner's estimate; -1 if the table was never analyzed
     * @param sizeBytes with indexes and TOAST; null while another session locks the table
     * @param shape what a conversion needs to know; null if it was not asked for
     */
    record Plain(
            long estimatedRows,
            @Nullable Long sizeBytes,
            @Nullable Shape shape) implements ObservedTable {}

    /** A table that is partitioned by something else than one column's ranges, or by another column. */
    record PartitionedOtherwise(String key) implements ObservedTable {}

    /** A table that is range-partitioned by one column of a date or time type. */
    record Partitioned(PartitionSet set) implements ObservedTable {}

    /**
     * Everything about a plain table that its conversion depends on, read at one moment.
     *
     * @param obstacles what makes a conversion impossible, each with what to change
     * @param notes what a person should know, none of which stands in the way
     * @param properties what must be there afterwards, to the letter
     */
    record Shape(
            QualifiedName table,
            Identifier owner,
            List<String> obstacles,
            List<String> notes,
            List<Column> columns,
            boolean hashable,
            boolean forcesRowSecurity,
            long heapBytes,
            long indexBytes,
            List<Definition> beforeCopy,
            List<Definition> indexes,
            List<Definition> foreignKeys,
            List<Definition> templateOptions,
            List<Definition> beforeSwap,
            List<Definition> afterSwap,
            String properties,
            Rows rows) {}

    /** A column that a copy must fill; generated ones fill themselves. */
    record Column(Identifier name, boolean generated) {}

    /**
     * Where a plain table's rows lie in time.
     *
     * @param intervals the partitions that hold rows, oldest first
     * @param infinite rows at plus or minus infinity, which no partition can take
     */
    record Rows(long total, List<Interval> intervals, long infinite) {}

    /** The rows of one partition to be. */
    record Interval(LocalDateTime from, long rows) {}
}
