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
 * @param oneSnapshot whether all statements see the database as it was when the first one began ({@code REPEATABLE READ})
 */
public record Transaction(List<Step> steps, Duration lockTimeout, boolean oneSnapshot) {

    private static final Sql ONE_SNAPSHOT = sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");

    private static final Sql LOCK_TIMEOUT = sql("SET LOCAL lock_timeout = {milliseconds}");

    public Transaction {
        steps = List.copyOf(steps);
        if (lockTimeout.toMillis() < 1) {
            throw new IllegalArgumentException("lock timeout below one millisecond: " + lockTimeout);
        }
    }

    /** Steps of which each statement sees what others have committed before it. */
    public Transaction(List<Step> steps, Duration lockTimeout) {
        this(steps, lockTimeout, false);
    }

    /** One step by itself. */
    public static Transaction of(Step step, Duration lockTimeout) {
        return new Transaction(List.of(step), lockTimeout);
    }

    /** Sets what the transaction that the session has just begun asks for. */
    public void begin(Session session) {
        beginning().forEach(statement -> session.execute(statement.sql()));
    }

    /** Everything between {@code BEGIN} and {@code COMMIT}, as it is sent. */
    public List<Statement> statements() {
        List<Statement> statements = new ArrayList<>(beginning());
        steps.forEach(step -> statements.addAll(step.statements()));
        return statements;
    }

    /** What comes before the first step: how long to wait for locks, and what to see. */
    public List<Statement> beginning() {
        Statement limit = Statement.of(LOCK_TIMEOUT.with("milliseconds", Literal.of(lockTimeout.toMillis())));
        return oneSnapshot ? List.of(Statement.of(ONE_SNAPSHOT), limit) : List.of(limit);
    }
}
