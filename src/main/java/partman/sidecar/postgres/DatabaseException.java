package partman.sidecar.postgres;

import java.sql.SQLException;

/** PostgreSQL failed, could not be reached, or refused a statement. */
public final class DatabaseException extends RuntimeException {

    /** Whether trying the same again can help. */
    public enum Kind {
        RETRYABLE,
        PERMANENT
    }

    private final Kind kind;
    private final String sqlState;

    DatabaseException(String message, SQLException cause) {
        super(message, cause);
        String state = cause.getSQLState();
        // no SQLSTATE: the pool gave no connection in time
        this.sqlState = state == null ? "" : state;
        this.kind = state == null || SqlState.isRetryable(state) ? Kind.RETRYABLE : Kind.PERMANENT;
    }

    /** A failure that a statement's result tells, for example that the table has changed since it was looked at. */
    public DatabaseException(String message, Kind kind) {
        super(message);
        this.kind = kind;
        this.sqlState = "";
    }

    public Kind kind() {
        return kind;
    }

    /** Whether a lock was not granted within {@code lock_timeout}. */
    public boolean isLockTimeout() {
        return SqlState.isLockTimeout(sqlState);
    }
}
