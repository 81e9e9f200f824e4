package partman.sidecar.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One connection of an application. It commits by itself; {@code execute("BEGIN")} begins a transaction that stays open, with
 * its locks, until {@code execute("COMMIT")}.
 */
public final class Client implements AutoCloseable {

    /** PostgreSQL refused a statement. */
    public static final class Refused extends RuntimeException {

        private final String sqlState;

        Refused(String sql, SQLException cause) {
            super("%s (%s)".formatted(cause.getMessage(), sql), cause);
            this.sqlState = Optional.ofNullable(cause.getSQLState()).orElse("");
        }

        public String sqlState() {
            return sqlState;
        }
    }

    private final Connection connection;

    private Client(Connection connection) {
        this.connection = connection;
    }

    /** Connects a role, whose password is its name. */
    static Client connect(String jdbcUrl, String role) {
        try {
            return new Client(DriverManager.getConnection(jdbcUrl, role, role));
        } catch (SQLException e) {
            throw new Refused("connecting " + role + " to " + jdbcUrl, e);
        }
    }

    /** Runs statements one after the other; each may be several, separated by semicolons. */
    public void execute(String... statements) {
        for (String sql : statements) {
            run(sql, statement -> null);
        }
    }

    /** Runs a statement and says how many rows it changed. */
    public long update(String sql) {
        return run(sql, Statement::getLargeUpdateCount);
    }

    /** All rows of a query, each as the JDBC driver's values. */
    public List<List<@Nullable Object>> query(String sql) {
        return run(sql, statement -> {
            List<List<@Nullable Object>> rows = new ArrayList<>();
            try (ResultSet result = statement.getResultSet()) {
                int columns = result.getMetaData().getColumnCount();
                while (result.next()) {
                    List<@Nullable Object> row = new ArrayList<>();
                    for (int column = 1; column <= columns; column++) {
                        row.add(result.getObject(column));
                    }
                    rows.add(row);
                }
            }
            return rows;
        });
    }

    /** The value of a query that gives one row with one column. */
    public @Nullable Object single(String sql) {
        List<List<@Nullable Object>> rows = query(sql);
        if (rows.size() != 1 || rows.getFirst().size() != 1) {
            throw new AssertionError("not one row with one column: " + rows + " from: " + sql);
        }
        return rows.getFirst().getFirst();
    }

    /** The first column of all rows, as text ({@code "null"} for null). */
    public List<String> strings(String sql) {
        return query(sql).stream().map(row -> String.valueOf(row.getFirst())).toList();
    }

    /** Process id of the server process behind this connection. */
    public int pid() {
        return Integer.parseInt(strings("SELECT pg_catalog.pg_backend_pid()").getFirst());
    }

    public Connection connection() {
        return connection;
    }

    private interface Work<T extends @Nullable Object> {
        T on(Statement statement) throws SQLException;
    }

    private <T extends @Nullable Object> T run(String sql, Work<T> work) {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
            return work.on(statement);
        } catch (SQLException e) {
            throw new Refused(sql, e);
        }
    }

    boolean isUsable() {
        try {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            // already gone, which is what was wanted
        }
    }
}
