package partman.sidecar.postgres;

import io.agroal.api.AgroalDataSource;
import java.sql.Connection;

/** Lets tests make what only the process itself makes otherwise. */
public final class TestSessions {

    private TestSessions() {}

    /** A session on this connection, which it takes over. */
    public static Session of(Connection connection) {
        return new Session(connection, null);
    }

    /** The database behind this pool. */
    public static Database database(AgroalDataSource pool) {
        return new Database(pool);
    }
}
