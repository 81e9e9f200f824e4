package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Ends the journal of a table: its changes are written down no more. Takes {@code ACCESS EXCLUSIVE} on the table, whatever it is
 * called by now; the wait is bounded: on timeout nothing has changed.
 */
public record DropJournal(QualifiedName table, long conversion) implements Step {

    private static final Sql DROP_TRIGGER = sql("DROP TRIGGER IF EXISTS {trigger} ON {table}");

    /** {@code CASCADE}: a table that was renamed or moved meanwhile has kept its trigger. */
    private static final Sql DROP_FUNCTION = sql("DROP FUNCTION IF EXISTS {capture}() CASCADE");

    private static final Sql DROP_JOURNAL = sql("DROP TABLE IF EXISTS {journal}");

    @Override
    public String summary() {
        return "end the journal of " + table;
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.locking(
                        "ACCESS EXCLUSIVE",
                        table,
                        DROP_TRIGGER.with("trigger", Conversion.TRIGGER).with("table", table)),
                Statement.of(DROP_FUNCTION.with("capture", WorkSchema.captureOf(conversion))),
                Statement.of(DROP_JOURNAL.with("journal", WorkSchema.journalOf(conversion))));
    }
}
