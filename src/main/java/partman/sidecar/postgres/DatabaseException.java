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
        this.sqlState = state == null ? "" : state;
        // no SQLSTATE: the pool gave no connection in time
        this.kind = state == null || SqlState.isRetryable(state) || isLockTimeout() ? Kind.RETRYABLE : Kind.PERMANENT;
    }

    /** A failure that a statement's result tells, for example that the table has changed since it was looked at. */
    public DatabaseException(String message, Kind kind) {
        super(message);
        this.kind = kind;
        this.sqlState = "";
    }

    /** An error that a block caught and passed on by other means: as if its statement had failed. */
    public static DatabaseException told(String sqlState, String message) {
        return new DatabaseException("ERROR: " + message, new SQLException(message, sqlState));
    }

    private DatabaseException(String message, DatabaseException cause) {
        super(message, cause);
        this.kind = cause.kind;
        this.sqlState = cause.sqlState;
    }

    /** The same failure, with more to tell at the end of its first line. */
    public DatabaseException with(String detail) {
        String message = String.valueOf(getMessage());
        return new DatabaseException(message.lines().findFirst().orElse("") + "; " + detail, this);
    }

    public Kind kind() {
        return kind;
    }

    /** Whether it was not the server that failed: what was found does not allow to go on. */
    public boolean isFinding() {
        return getCause() == null;
    }

    /** Whether a lock was not granted within {@code lock_timeout}. */
    public boolean isLockTimeout() {
        return SqlState.isLockTimeout(sqlState) || tellsOfLockTimeout(String.valueOf(getMessage()));
    }

    /** Whether a statement named a table that does not exist (any more). */
    public boolean isMissingTable() {
        return SqlState.isMissingTable(sqlState);
    }

    /**
     * Whether a message of pg_partman passes on that a lock was not granted in time: its functions raise every error anew,
     * with a SQLSTATE of their own, or (from 5.5 on) turn it into a warning. On a server that speaks another language than
     * English it is not recognized, and counts as any other failure.
     */
    public static boolean tellsOfLockTimeout(String message) {
        return message.contains("canceling statement due to lock timeout");
    }
}
