package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Locks a plain table until the transaction ends: against schema changes, or against everybody. Waiting for the latter queues every
 * later query behind this one, so the wait is bounded: on timeout nothing has changed and the step fails as retryable.
 */
public record LockTable(QualifiedName table, Mode mode) implements Step {

    /** How much others may still do. */
    public enum Mode {
        /** {@code SHARE UPDATE EXCLUSIVE}: all but schema changes, {@code VACUUM} and {@code ANALYZE}. */
        AGAINST_SCHEMA_CHANGES,
        /** {@code ACCESS EXCLUSIVE}: nothing, not even to read. */
        AGAINST_EVERYBODY
    }

    private static final Sql FREEZE = sql("LOCK TABLE ONLY {table} IN SHARE UPDATE EXCLUSIVE MODE");
    private static final Sql LOCK = sql("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE");

    @Override
    public String summary() {
        return "lock " + table + (mode == Mode.AGAINST_EVERYBODY ? "" : " against schema changes");
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                switch (mode) {
                    case AGAINST_SCHEMA_CHANGES ->
                        Statement.locking("SHARE UPDATE EXCLUSIVE", table, FREEZE.with("table", table));
                    case AGAINST_EVERYBODY -> Statement.locking("ACCESS EXCLUSIVE", table, LOCK.with("table", table));
                });
    }
}
