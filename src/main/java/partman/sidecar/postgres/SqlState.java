package partman.sidecar.postgres;

import java.util.Arrays;

/**
 * The SQLSTATEs after which the same work may succeed later, by PostgreSQL's condition names.
 *
 * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL Error Codes</a>
 */
enum SqlState {
    SERIALIZATION_FAILURE("40001"),
    DEADLOCK_DETECTED("40P01"),
    LOCK_NOT_AVAILABLE("55P03"),
    QUERY_CANCELED("57014"),
    ADMIN_SHUTDOWN("57P01"),
    CRASH_SHUTDOWN("57P02"),
    CANNOT_CONNECT_NOW("57P03"),
    TOO_MANY_CONNECTIONS("53300");

    private static final String UNDEFINED_TABLE = "42P01";

    private final String code;

    SqlState(String code) {
        this.code = code;
    }

    /** True for the codes above and for class 08, connection exceptions. */
    static boolean isRetryable(String sqlState) {
        return sqlState.startsWith("08") || Arrays.stream(values()).anyMatch(state -> state.code.equals(sqlState));
    }

    static boolean isLockTimeout(String sqlState) {
        return LOCK_NOT_AVAILABLE.code.equals(sqlState);
    }

    static boolean isMissingTable(String sqlState) {
        return UNDEFINED_TABLE.equals(sqlState);
    }
}
