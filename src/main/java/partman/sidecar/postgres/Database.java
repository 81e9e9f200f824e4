package partman.sidecar.postgres;

import io.agroal.api.AgroalDataSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The PostgreSQL database that this process looks after. */
@ApplicationScoped
public class Database {

    private final AgroalDataSource dataSource;

    Database(AgroalDataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** A session for work that may take as long as it needs. */
    public Session open() {
        return open(null);
    }

    /** A session whose statements are cancelled after {@code statementTimeout}. */
    public Session openLimited(Duration statementTimeout) {
        return open(statementTimeout);
    }

    private Session open(@Nullable Duration statementTimeout) {
        try {
            return new Session(dataSource.getConnection(), statementTimeout);
        } catch (SQLException e) {
            String message = e.getMessage();
            throw new DatabaseException(message == null ? "no connection to PostgreSQL" : message, e);
        }
    }
}
