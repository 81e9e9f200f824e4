package partman.sidecar.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One connection with known settings: times in UTC, names looked up in {@code pg_catalog} alone, no row hidden by row-level
 * security without an error. Not for use by two threads at once.
 */
public final class Session implements AutoCloseable {

    /**
     * {@code row_security = off} makes a query that a policy would filter fail, so that a copy can't silently miss rows.
     * pg_partman derives partition bounds from the session's time zone. Compiling a query that runs once takes longer than it saves.
     * How many processors work for this process is a setting, workers, which PostgreSQL's own must not multiply. The server gives up a statement soon after this process was killed, so that the next one need not wait for its locks.
     */
    private static final Sql SETTINGS = Sql.sql("""
            SELECT pg_catalog.set_config(s.name, s.setting, false)
            FROM (VALUES ('TimeZone', 'UTC'), ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'),
                         ('search_path', 'pg_catalog'), ('standard_conforming_strings', 'on'), ('row_security', :row_security),
                         ('lock_timeout', '2s'), ('statement_timeout', :statement_timeout),
                         ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
                         ('client_min_messages', 'warning'), ('jit', 'off'),
                         ('max_parallel_workers_per_gather', '0'), ('max_parallel_maintenance_workers', '0'),
                         ('client_connection_check_interval', '2s'),
                         ('application_name', 'partman-sidecar')) AS s (name, setting)
            """);

    private static final Sql RELEASE = Sql.sql("SELECT pg_catalog.pg_advisory_unlock_all()");
    private static final Sql BACKEND = Sql.sql("SELECT pg_catalog.pg_backend_pid() AS pid");

    private final Connection connection;
    private final List<String> warnings = new ArrayList<>();
    private boolean networkTimeout;

    /** Takes over a connection; {@code statementTimeout} null means that statements may take as long as they need. */
    Session(Connection connection, @Nullable Duration statementTimeout) {
        this(connection, statementTimeout, false);
    }

    /** {@code filtered} is for tables whose policies show each role its own rows: a query of all rows is not meant there. */
    Session(Connection connection, @Nullable Duration statementTimeout, boolean filtered) {
        this.connection = connection;
        try {
            connection.setAutoCommit(true);
            if (statementTimeout != null) {
                networkTimeout = true;
                // the server ends a slow statement; this is for a network that has gone silent
                connection.setNetworkTimeout(Runnable::run, (int) statementTimeout.toMillis() + 5000);
            }
            query(
                    SETTINGS.bind(
                                    "statement_timeout",
                                    statementTimeout == null ? "0" : statementTimeout.toMillis() + "ms")
                            .bind("row_security", filtered ? "on" : "off"),
                    row -> row.textOrNull("set_config"));
        } catch (SQLException e) {
            closeQuietly();
            throw failure(e);
        } catch (DatabaseException e) {
            closeQuietly();
            throw e;
        }
    }

    /** Runs a statement whose result nobody needs. */
    public void execute(Sql sql) {
        run(sql, statement -> null);
    }

    /** Runs a statement and says how many rows it changed. */
    public long update(Sql sql) {
        return run(sql, statement -> Math.max(0, statement.getLargeUpdateCount()));
    }

    /** Runs a query and maps each of its rows. */
    public <T extends @Nullable Object> List<T> query(Sql sql, Function<Row, T> mapper) {
        return run(sql, statement -> {
            List<T> rows = new ArrayList<>();
            try (ResultSet result = statement.getResultSet()) {
                if (result == null) {
                    throw new IllegalStateException("no result from: " + sql);
                }
                Row row = new Row(result);
                while (result.next()) {
                    rows.add(mapper.apply(row));
                }
            }
            return rows;
        });
    }

    /** Runs a query that gives at most one row. */
    public <T> Optional<T> findOne(Sql sql, Function<Row, T> mapper) {
        return query(sql, mapper).stream().findFirst();
    }

    /** Runs a query that always gives a row. */
    public <T extends @Nullable Object> T requireOne(Sql sql, Function<Row, T> mapper) {
        return query(sql, mapper).getFirst();
    }

    /** Process id of the server process behind this connection. */
    public int backendPid() {
        return requireOne(BACKEND, row -> row.integer("pid"));
    }

    /** Runs {@code work} in one transaction; whatever it throws rolls everything back. */
    public <T extends @Nullable Object> T inTransaction(Supplier<T> work) {
        try {
            connection.setAutoCommit(false);
        } catch (SQLException e) {
            throw failure(e);
        }
        boolean committed = false;
        try {
            T result = work.get();
            connection.commit();
            committed = true;
            return result;
        } catch (SQLException e) {
            throw failure(e);
        } finally {
            endTransaction(committed);
        }
    }

    private void endTransaction(boolean committed) {
        try {
            if (!committed) {
                connection.rollback();
            }
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            // the connection is broken: the server rolls back by itself, and the pool must not keep it
            abort();
        }
    }

    private interface Work<T extends @Nullable Object> {
        T on(Statement statement) throws SQLException;
    }

    private <T extends @Nullable Object> T run(Sql sql, Work<T> work) {
        String text = sql.jdbcText();
        if (!sql.hasBinds()) {
            try (Statement statement = connection.createStatement()) {
                // a server-written definition may hold braces, which JDBC would take for its own escapes
                statement.setEscapeProcessing(false);
                return run(statement, () -> statement.execute(text), work);
            } catch (SQLException e) {
                throw failure(e);
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(text)) {
            bind(statement, sql.jdbcArguments());
            return run(statement, statement::execute, work);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private interface Execution {
        void run() throws SQLException;
    }

    /** A statement that fails may have given warnings before. */
    private <T extends @Nullable Object> T run(Statement statement, Execution execution, Work<T> work)
            throws SQLException {
        try {
            execution.run();
        } finally {
            keepWarnings(statement);
        }
        return work.on(statement);
    }

    private void bind(PreparedStatement statement, List<@Nullable Object> arguments) throws SQLException {
        for (int i = 0; i < arguments.size(); i++) {
            Object argument = arguments.get(i);
            if (argument instanceof List<?> list) {
                statement.setArray(i + 1, connection.createArrayOf("text", list.toArray()));
            } else if (argument == null) {
                statement.setString(i + 1, null);
            } else {
                statement.setObject(i + 1, argument);
            }
        }
    }

    /**
     * Warnings, and messages of the level INFO, that statements gave since the last call, those that failed among them;
     * pg_partman 5.5 reports a failing set as one.
     */
    public List<String> takeWarnings() {
        List<String> taken = List.copyOf(warnings);
        warnings.clear();
        return taken;
    }

    private void keepWarnings(Statement statement) throws SQLException {
        for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
            warnings.add(String.valueOf(warning.getMessage()));
        }
    }

    /** Gives the connection back, free of advisory locks; a broken one is thrown away. */
    @Override
    public void close() {
        try {
            query(RELEASE, row -> row.textOrNull("pg_advisory_unlock_all"));
            if (networkTimeout) {
                connection.setNetworkTimeout(Runnable::run, 0);
            }
        } catch (DatabaseException | SQLException e) {
            abort();
        }
        closeQuietly();
    }

    /** Ends the connection for real, so that the pool does not keep one whose locks could not be released. */
    private void abort() {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            // already gone, which is what was wanted
        }
    }

    private void closeQuietly() {
        try {
            connection.close();
        } catch (SQLException e) {
            // already gone, which is what was wanted
        }
    }

    private static DatabaseException failure(SQLException e) {
        String message = e.getMessage();
        return new DatabaseException(message == null ? "PostgreSQL failed" : message, e);
    }
}
