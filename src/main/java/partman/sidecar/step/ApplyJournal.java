package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Copies anew what has changed: takes keys from the journal, deletes them from the successor, and inserts the rows that the table
 * holds for them now. Needs no order, and does no harm when repeated. Takes no lock that others notice.
 *
 * <p>All of its statements must see the same journal: it runs in a transaction with one snapshot, or while nobody writes to the table.
 *
 * @param most changes to apply, the oldest first; null for all, which a table with several unique indexes needs: what two rows have
 *     exchanged can't be applied to one of them alone
 */
public record ApplyJournal(
        QualifiedName table,
        List<Identifier> columns,
        long conversion,
        RowKey key,
        @Nullable Long most) implements Step {

    /** The keys are few and both sides have an index on them, whatever the statistics say. */
    private static final Sql NO_HASH = sql("SET LOCAL enable_hashjoin = off");

    private static final Sql NO_MERGE = sql("SET LOCAL enable_mergejoin = off");

    private static final Sql DELETE = sql("""
            DELETE FROM {shadow} AS s
            USING (SELECT DISTINCT {journal_columns}
                   FROM (SELECT {journal_columns} FROM {journal} ORDER BY seq LIMIT :most::bigint) AS oldest) AS k
            WHERE {match}
            """);

    /** The innermost {@code s.*}: a column of the table may be called like one of the journal. */
    private static final Sql INSERT = sql("""
            INSERT INTO {shadow} ({columns}) OVERRIDING SYSTEM VALUE
            SELECT {columns}
            FROM (SELECT s.*
                  FROM (SELECT DISTINCT {journal_columns}
                        FROM (SELECT {journal_columns} FROM {journal} ORDER BY seq LIMIT :most::bigint) AS oldest) AS k
                  JOIN ONLY {table} AS s ON {match}) AS changed
            """);

    private static final Sql FORGET = sql("""
            DELETE FROM {journal}
            WHERE seq IN (SELECT seq FROM {journal} ORDER BY seq LIMIT :most::bigint)
            """);

    public ApplyJournal {
        columns = List.copyOf(columns);
    }

    @Override
    public String summary() {
        return "apply %s of the journal of %s"
                .formatted(most == null ? "all" : "the oldest " + most + " changes", table);
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.of(NO_HASH),
                Statement.of(NO_MERGE),
                Statement.of(keyed(DELETE)),
                Statement.of(
                        keyed(INSERT).with("columns", new Identifiers(columns)).with("table", table)),
                Statement.of(forget()));
    }

    /** Applies; gives the number of changes. */
    public long apply(Session session) {
        List<Statement> statements = statements();
        statements.subList(0, statements.size() - 1).forEach(statement -> session.execute(statement.sql()));
        return session.update(forget());
    }

    @Override
    public void run(Session session) {
        apply(session);
    }

    private Sql keyed(Sql sql) {
        return sql.with("shadow", WorkSchema.shadowOf(table))
                .with("journal", WorkSchema.journalOf(conversion))
                .with("journal_columns", new Identifiers(key.journalColumns()))
                .with("match", key.match())
                .bind("most", most);
    }

    private Sql forget() {
        return FORGET.with("journal", WorkSchema.journalOf(conversion)).bind("most", most);
    }
}
