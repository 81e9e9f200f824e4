package partman.sidecar.catalog;

import static java.util.stream.Collectors.joining;

import java.util.regex.Pattern;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Who holds locks on a table or on what its foreign keys refer to, so that a person can be told whom a change waits for. */
public final class Blockers {

    /** The queries of other roles are only shown to members of {@code pg_read_all_stats}. */
    private static final Sql HOLDERS = Sql.sql("""
            WITH used AS MATERIALIZED (
                SELECT t.oid FROM (VALUES (pg_catalog.to_regclass({table})::oid)) AS t (oid)
                UNION
                SELECT i.inhrelid
                FROM pg_catalog.pg_inherits AS i
                JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                WHERE i.inhparent = pg_catalog.to_regclass({table}) AND pg_catalog.pg_get_expr(c.relpartbound, 0) = 'DEFAULT'
                UNION
                SELECT k.confrelid
                FROM pg_catalog.pg_constraint AS k
                WHERE k.contype = 'f'
                  AND (k.conrelid = pg_catalog.to_regclass({table})
                       OR k.conrelid IN (SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i
                                         WHERE i.inhparent = pg_catalog.to_regclass({table}))))
            SELECT DISTINCT a.pid, a.usename, a.query,
                   pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - COALESCE(a.xact_start, a.query_start))::text AS age
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'relation'
              AND l.granted
              AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
              AND l.relation IN (SELECT u.oid FROM used AS u)
              AND l.pid <> pg_catalog.pg_backend_pid()
              AND a.application_name <> 'partman-sidecar'
            ORDER BY age DESC NULLS LAST, a.pid
            LIMIT 3
            """);

    /** Values in a query are none of a log's business: text and numbers are left out. */
    private static final Pattern VALUE =
            Pattern.compile("'(?:[^']|'')*(?:'|$)|(\\$[a-zA-Z_]*\\$).*?(?:\\1|$)|\\b\\d[\\d.]*\\b", Pattern.DOTALL);

    private static final int LONGEST_QUERY = 100;

    private Blockers() {}

    /** The sessions that have held the table for longest, three at most, in words; empty if nobody does. */
    public static String of(Session session, QualifiedName table) {
        return session
                .query(
                        HOLDERS.with("table", Literal.of(table.sql())),
                        row -> "pid %d (%s, for %s): %s"
                                .formatted(
                                        row.number("pid"),
                                        row.textOrNull("usename"),
                                        row.textOrNull("age"),
                                        shortened(String.valueOf(row.textOrNull("query")))))
                .stream()
                .collect(joining("; "));
    }

    /** A query on one line, without the values in it, and cut. */
    static String shortened(String query) {
        String plain =
                VALUE.matcher(query).replaceAll("?").replaceAll("\\s+", " ").strip();
        return plain.length() <= LONGEST_QUERY ? plain : plain.substring(0, LONGEST_QUERY) + "…";
    }
}
