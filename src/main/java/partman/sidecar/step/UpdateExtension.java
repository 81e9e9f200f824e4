package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.postgres.Sql;

/**
 * Brings pg_partman to the newest version that the server offers. May take {@code ACCESS EXCLUSIVE} on pg_partman's own
 * tables, and on nothing of the application; all or nothing.
 *
 * @param version what it will be
 * @see <a href="https://www.postgresql.org/docs/current/sql-alterextension.html">ALTER EXTENSION</a>
 */
public record UpdateExtension(String version) implements Step {

    private static final Sql UPDATE = sql("ALTER EXTENSION pg_partman UPDATE");

    @Override
    public String summary() {
        return "update extension pg_partman to " + version;
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(UPDATE));
    }
}
