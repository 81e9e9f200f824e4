package partman.sidecar.plan;

import java.util.List;
import partman.sidecar.step.UndoPart;

/** What there is to say about the way back of one table to a plain one; the sidecar itself never takes it. */
public sealed interface Undo {

    /** The table is not partitioned, or not there. */
    record Nothing(String reason) implements Undo {}

    /** There is no such way as long as a person does not change what the reason says, or it is another one. */
    record Blocked(String reason) implements Undo {}

    /**
     * What a person can run by psql.
     *
     * @param notes what to know beforehand, the most important first
     */
    record Script(List<String> notes, List<UndoPart> parts) implements Undo {

        public Script {
            notes = List.copyOf(notes);
            parts = List.copyOf(parts);
        }
    }
}
