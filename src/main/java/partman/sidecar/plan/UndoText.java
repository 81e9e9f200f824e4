package partman.sidecar.plan;

import static partman.sidecar.plan.PlanText.comment;

import partman.sidecar.model.QualifiedName;
import partman.sidecar.step.UndoPart;
import partman.sidecar.step.UndoSet;

/** The way back to a plain table as a script for psql, which asks the database itself how far it is. */
public final class UndoText {

    /** What psql is told before anything else: to stop at an error, and to commit each statement that stands alone. */
    public static final String PSQL = "\\set ON_ERROR_STOP on\n\\set AUTOCOMMIT on";

    private UndoText() {}

    /** What there is to say and to do about one table. */
    public static String of(QualifiedName table, Undo undo) {
        StringBuilder text = new StringBuilder();
        comment(text, "table %s: the way back to a plain table".formatted(table));
        switch (undo) {
            case Undo.Nothing(String reason) -> comment(text, "nothing to undo: " + reason);
            case Undo.Blocked(String reason) -> comment(text, "blocked: " + reason);
            case Undo.Script script -> append(text, table, script);
        }
        return text.toString();
    }

    private static void append(StringBuilder text, QualifiedName table, Undo.Script script) {
        comment(text, "READ THIS FIRST; nothing of it has been run");
        for (int i = 0; i < script.notes().size(); i++) {
            comment(text, (i + 1) + ". " + script.notes().get(i));
        }
        text.append('\n');
        UndoSet.settings(table).forEach(statement -> PlanText.append(text, statement));
        for (int i = 0; i < script.parts().size(); i++) {
            UndoPart part = script.parts().get(i);
            text.append('\n');
            comment(text, "part %d of %d: %s".formatted(i + 1, script.parts().size(), part.title()));
            part.remarks().forEach(remark -> comment(text, remark));
            append(text, part);
        }
    }

    private static void append(StringBuilder text, UndoPart part) {
        text.append(part.due()).append(" \\gset partman_sidecar_\n\\if :partman_sidecar_due\n");
        if (part.atOnce()) {
            text.append("BEGIN;\nSET LOCAL lock_timeout = ")
                    .append(UndoSet.LOCK_TIMEOUT.toMillis())
                    .append(";\n");
        }
        part.statements().forEach(statement -> PlanText.append(text, statement));
        if (part.atOnce()) {
            text.append("COMMIT;\n");
        }
        text.append("\\endif\n");
    }
}
