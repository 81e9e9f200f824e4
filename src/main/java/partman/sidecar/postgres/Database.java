package partman.sidecar.postgres;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.AgroalConnectionFactoryConfiguration;
import io.agroal.api.security.SimplePassword;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The PostgreSQL database that this process looks after. */
@ApplicationScoped
public class Database {

    /** What comes before the database's name, the name, and the parameters behind it. */
    private static final Pattern URL = Pattern.compile("(jdbc:postgresql:(?://[^/?]*/?)?)([^?]*)(\\?.*)?");

    private static final String CONNECT_SECONDS = "5";

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
            throw failure(e);
        }
    }

    /**
     * A session in another database of the same server, with the same role; its connection is made for it alone and ends
     * with it. Policies may hide rows there without an error. Statements are cancelled after {@code statementTimeout}.
     */
    public Session openElsewhere(String database, Duration statementTimeout) {
        AgroalConnectionFactoryConfiguration connection =
                dataSource.getConfiguration().connectionPoolConfiguration().connectionFactoryConfiguration();
        Properties properties = new Properties();
        properties.putAll(connection.jdbcProperties());
        properties.setProperty("connectTimeout", CONNECT_SECONDS);
        properties.setProperty("loginTimeout", CONNECT_SECONDS);
        if (connection.principal() != null) {
            properties.setProperty("user", connection.principal().getName());
        }
        for (Object credential : connection.credentials()) {
            if (credential instanceof SimplePassword password) {
                properties.setProperty("password", password.getWord());
            }
        }
        try {
            return new Session(
                    DriverManager.getConnection(elsewhere(connection.jdbcUrl(), database), properties),
                    statementTimeout,
                    true);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    /** The URL of another database of the same server. */
    static String elsewhere(String url, String database) {
        Matcher parts = URL.matcher(url);
        if (!parts.matches()) {
            throw new IllegalArgumentException("no URL of a PostgreSQL database");
        }
        String before = parts.group(1);
        String slash = before.contains("//") && !before.endsWith("/") ? "/" : "";
        String encoded = URLEncoder.encode(database, StandardCharsets.UTF_8).replace("+", "%20");
        return before + slash + encoded + (parts.group(3) == null ? "" : parts.group(3));
    }

    private static DatabaseException failure(SQLException e) {
        String message = e.getMessage();
        return new DatabaseException(message == null ? "no connection to PostgreSQL" : message, e);
    }
}
