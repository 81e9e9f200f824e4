package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Makes sure that no other process has taken a conversion over, and that none does before the transaction ends. Takes a shared row
 * lock in the sidecar's own table.
 *
 * @param epoch what {@link TakeOverConversion} gave
 */
public record HoldConversion(QualifiedName table, long conversion, long epoch) implements Step {

    private static final Sql HOLD = sql("""
            SELECT v.epoch
            FROM partman_sidecar.conversion AS v
            WHERE v.id = :id AND v.epoch = :epoch
            FOR SHARE
            """);

    @Override
    public String summary() {
        return "hold the conversion of " + table;
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(HOLD.bind("id", conversion).bind("epoch", epoch)));
    }

    @Override
    public void run(Session session) {
        if (session.findOne(statements().getFirst().sql(), row -> row.number("epoch"))
                .isEmpty()) {
            throw new DatabaseException(
                    "another process has taken over the conversion of " + table, DatabaseException.Kind.RETRYABLE);
        }
    }
}
