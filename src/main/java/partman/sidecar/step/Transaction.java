package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Literal;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Steps that take effect together or not at all, none of which waits for a lock for longer than {@code lockTimeout}.
 *
 * @param lockTimeout whole milliseconds, at least one: 0 would mean no limit
 */
public record Transaction(List<Step> steps, Duration lockTimeout) {

    private static final Sql LOCK_TIMEOUT = sql("SET LOCAL lock_timeout = {milliseconds}");

    public Transaction {
        steps = List.copyOf(steps);
        if (lockTimeout.toMillis() < 1) {
            throw new IllegalArgumentException("lock timeout below one millisecond: " + lockTimeout);
        }
    }

    /** One step by itself. */
    public static Transaction of(Step step, Duration lockTimeout) {
        return new Transaction(List.of(step), lockTimeout);
    }

    /** Bounds the wait for each lock of the transaction that the session is in. */
    public void limitLocks(Session session) {
        session.execute(limit().sql());
    }

    /** Everything between {@code BEGIN} and {@code COMMIT}, as it is sent. */
    public List<Statement> statements() {
        List<Statement> statements = new ArrayList<>();
        statements.add(limit());
        steps.forEach(step -> statements.addAll(step.statements()));
        return statements;
    }

    /** The statement that bounds the waits for locks. */
    public Statement limit() {
        return Statement.of(LOCK_TIMEOUT.with("milliseconds", Literal.of(lockTimeout.toMillis())));
    }
}
