package partman.sidecar.plan;

import static partman.sidecar.model.TableState.EXTENSION_MISSING;
import static partman.sidecar.model.TableState.EXTENSION_UNAVAILABLE;
import static partman.sidecar.model.TableState.EXTENSION_UNSUPPORTED;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.model.UndoShape;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.step.UndoSet;

/** Decides whether there is a way back from what was observed of a table to a plain table, and what to know of it. */
public final class UndoPlanner {

    private static final Set<TableState> WITHOUT_PARTMAN =
            Set.of(EXTENSION_UNAVAILABLE, EXTENSION_UNSUPPORTED, EXTENSION_MISSING);

    private UndoPlanner() {}

    /**
     * The way back of one table of those that were observed.
     *
     * @param shape of the set, if the table is one; else null
     * @param unfinished whether the table is a plain one whose undo has still to drop the partitions that it has emptied
     */
    public static Undo plan(TableSpec spec, Observation observation, @Nullable UndoShape shape, boolean unfinished) {
        ObservedTable table = Objects.requireNonNull(observation.tables().get(spec.table()));
        ObservedTable.Converting converting = table.underWay();
        if (converting != null) {
            return new Undo.Blocked(underWay(table, converting));
        }
        return switch (table) {
            case ObservedTable.Missing _ -> new Undo.Nothing("it does not exist");
            case ObservedTable.NotATable(String kind) -> new Undo.Nothing("it is " + kind);
            case ObservedTable.Plain _
            when unfinished ->
                new Undo.Script(
                        List.of(
                                "its undo has put the plain table into its place; what is left are the partitions that it has emptied"),
                        List.of(UndoSet.cleanUp(spec.table())));
            case ObservedTable.Plain _ -> new Undo.Nothing("it is a plain table");
            case ObservedTable.PartitionedOtherwise(String key) ->
                new Undo.Blocked("it is partitioned by %s, which is none of the sidecar's sets".formatted(key));
            case ObservedTable.Partitioned(PartitionSet set) ->
                onSet(spec, observation, set, Objects.requireNonNull(shape));
            case ObservedTable.Converting _ -> throw new IllegalStateException("is under way: " + spec.table());
        };
    }

    /** That pg_partman is making a plain table of a set, for people, and what to do; null if it isn't. Nobody else may work on it meanwhile. */
    public static @Nullable String inProgress(PartitionSet set, Identifier partman) {
        return set.registration() == null || !set.registration().undoInProgress()
                ? null
                : "pg_partman's undo of it is under way, or was interrupted: finish it; if it was given up, run UPDATE %s.part_config SET undo_in_progress = false WHERE parent_table = %s"
                        .formatted(
                                partman.sql(),
                                Literal.of(set.parent().unquoted()).sql());
    }

    private static String underWay(ObservedTable table, ObservedTable.Converting converting) {
        if (table instanceof ObservedTable.Partitioned) {
            return "the rows of its default partition are being moved: let that end, or give it up by: partman-sidecar abort";
        }
        return converting.conversion().phase() == Phase.FOREIGN_KEYS
                ? "its conversion has swapped the tables and is about to end: let it"
                : "its online conversion is under way, and it still is the plain table: the way back is: partman-sidecar abort";
    }

    private static Undo onSet(TableSpec spec, Observation observation, PartitionSet set, UndoShape shape) {
        Plan plan = Planner.plan(spec, observation);
        if (plan instanceof Plan.Blocked(TableState state, String reason) && WITHOUT_PARTMAN.contains(state)) {
            return new Undo.Blocked(reason);
        }
        if (set.registration() == null && !shape.begun()) {
            return new Undo.Blocked(
                    "pg_partman's undo works on sets that are in part_config, and it is not there, or %s may not read that: register it by: partman-sidecar convert"
                            .formatted(observation.server().role()));
        }
        if (!shape.obstacles().isEmpty()) {
            return new Undo.Blocked(String.join("; ", shape.obstacles()));
        }
        return new Undo.Script(
                notes(spec, observation, set, shape),
                new UndoSet(set, observation.server().partmanSchema(), shape).parts());
    }

    private static List<String> notes(TableSpec spec, Observation observation, PartitionSet set, UndoShape shape) {
        List<String> notes = new ArrayList<>();
        if (shape.begun()) {
            notes.add("ITS UNDO HAS BEGUN, and its rows are in two tables: this is what is left to do");
        }
        notes.add(
                "stop the application, or keep it out of %s, until this has ended: until then the rows are in two tables"
                        .formatted(spec.table()));
        notes.add(
                "beforehand tell the sidecar to leave the table alone, or it would convert it again: partman.tables.%s.enabled=false; start a running service anew"
                        .formatted(spec.key()));
        if (observation.server().inRecovery()) {
            notes.add("this was printed by a replica: run it on the primary server");
        }
        notes.add(
                "run it as superuser, or as the role that the sidecar connects as: psql --no-psqlrc -v ON_ERROR_STOP=1 -f …");
        notes.add(
                "the disk must hold the table twice: the rows are copied and deleted, and partitions are dropped last; about %s, and as much for WAL"
                        .formatted(Layout.bytes(set.sizeBytes())));
        notes.add(
                "if it fails or is interrupted: run the same file again, or a newly printed one; it goes on where it was");
        notes.add(
                "once it has begun, let it end: if the table is to be partitioned after all, have it converted again");
        notes.add(
                "it waits %d s for a lock at most; nobody should hold one".formatted(UndoSet.LOCK_TIMEOUT.toSeconds()));
        if (!shape.detached().isEmpty()) {
            notes.add(
                    "the retention has detached these: their rows are not part of the table any more, and stay where they are: "
                            + String.join(", ", shape.detached()));
        }
        if (observation.retired().containsKey(spec.table())) {
            notes.add("%s still is the plain table as of its conversion: NOTHING that was written since is in it"
                    .formatted(WorkSchema.retiredOf(spec.table())));
        }
        notes.addAll(shape.notes());
        return notes;
    }
}
