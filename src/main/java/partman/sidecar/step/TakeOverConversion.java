package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Makes this process the one that works on a conversion. It waits for batches of another process that are under way, whose next
 * ones then fail; the wait is bounded: on timeout nothing has changed. Takes a row lock in the sidecar's own table.
 */
public record TakeOverConversion(QualifiedName table, long conversion) implements Step {

    private static final Sql TAKE_OVER = sql("""
            UPDATE partman_sidecar.conversion
            SET epoch = epoch + 1
            WHERE id = :id
            RETURNING epoch
            """);

    @Override
    public String summary() {
        return "take over the conversion of " + table;
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(TAKE_OVER.bind("id", conversion)));
    }

    /** Takes it over; the number is what {@link HoldConversion} asks for. */
    public long takeOver(Session session) {
        return session.findOne(statements().getFirst().sql(), row -> row.number("epoch"))
                .orElseThrow(() -> new DatabaseException(
                        "the conversion of " + table + " has ended meanwhile", DatabaseException.Kind.RETRYABLE));
    }

    @Override
    public void run(Session session) {
        takeOver(session);
    }
}
