package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Takes a plain table away from everybody else until the transaction ends.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE}. Waiting for it queues every later query behind this one, so the wait is bounded: on
 * timeout nothing has changed and the step fails as retryable.
 */
public record LockTable(QualifiedName table) implements Step {

    private static final Sql LOCK = sql("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE");

    @Override
    public String summary() {
        return "lock " + table;
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.locking("ACCESS EXCLUSIVE", table, LOCK.with("table", table)));
    }
}
