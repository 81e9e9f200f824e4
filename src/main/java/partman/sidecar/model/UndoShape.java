package partman.sidecar.model;

import java.util.List;

/**
 * What the way back of a partition set to a plain table depends on, read at one moment.
 *
 * @param begun whether an undo of the set has begun: its rows are in two tables
 * @param obstacles what makes an undo impossible, each with what to change
 * @param notes what a person should know, above all what the plain table can't be given
 * @param controlMayBeNull whether rows may lie in the default partition that have no control value
 * @param generated columns that fill themselves
 * @param detached tables that were partitions until the retention detached them; empty once an undo has begun
 * @param ddl statements that give the plain table what the set's parent has, by when they run
 * @param storage statements that give the empty plain table what the partitions have: storage options, tablespace
 * @param fingerprint changes whenever the parent gets, loses or changes something that {@code ddl} was written from
 * @param fingerprintOfC the expression that gives it, over {@code c}, the parent's row of {@code pg_class}
 */
public record UndoShape(
        boolean begun,
        List<String> obstacles,
        List<String> notes,
        boolean controlMayBeNull,
        List<Identifier> generated,
        List<String> detached,
        ObservedTable.Ddl ddl,
        List<Definition> storage,
        String fingerprint,
        Definition fingerprintOfC) {

    public UndoShape {
        obstacles = List.copyOf(obstacles);
        notes = List.copyOf(notes);
        generated = List.copyOf(generated);
        detached = List.copyOf(detached);
        storage = List.copyOf(storage);
    }
}
