package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Compares a plain table with its successor: number of rows, and a sum over a hash of each row that does not depend on
 * their order. A difference fails the step for good, with the numbers; nothing is changed.
 *
 * @param hashable whether every column's type can be hashed; else the rows' text is
 */
public record VerifyCopy(QualifiedName table, List<Identifier> columns, boolean hashable) implements Step {

    /**
     * {@code hash_record_extended} adds up the hashes of a row's values, so a sum of it could not tell which row holds which value:
     * it is hashed once more.
     */
    private static final Sql BY_VALUE = sql("""
            SELECT s.row_count AS source_rows, t.row_count AS successor_rows, s.checksum = t.checksum AS same
            FROM (SELECT pg_catalog.count(*) AS row_count,
                         COALESCE(pg_catalog.sum(pg_catalog.hash_numeric_extended(
                             pg_catalog.hash_record_extended(ROW({columns}), 0), 0)), 0) AS checksum
                  FROM ONLY {table}) AS s,
                 (SELECT pg_catalog.count(*) AS row_count,
                         COALESCE(pg_catalog.sum(pg_catalog.hash_numeric_extended(
                             pg_catalog.hash_record_extended(ROW({columns}), 0), 0)), 0) AS checksum
                  FROM {shadow}) AS t
            """);

    private static final Sql BY_TEXT = sql("""
            SELECT s.row_count AS source_rows, t.row_count AS successor_rows, s.checksum = t.checksum AS same
            FROM (SELECT pg_catalog.count(*) AS row_count,
                         COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(ROW({columns})::text, 0)), 0) AS checksum
                  FROM ONLY {table}) AS s,
                 (SELECT pg_catalog.count(*) AS row_count,
                         COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(ROW({columns})::text, 0)), 0) AS checksum
                  FROM {shadow}) AS t
            """);

    @Override
    public String summary() {
        return "compare the rows of %s with the copy: a difference undoes everything".formatted(table);
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of((hashable ? BY_VALUE : BY_TEXT)
                .with("columns", new Identifiers(columns))
                .with("table", table)
                .with("shadow", WorkSchema.shadowOf(table))));
    }

    @Override
    public void run(Session session) {
        Sql comparison = statements().getFirst().sql();
        String difference = session.requireOne(
                comparison,
                row -> row.flag("same") && row.number("source_rows") == row.number("successor_rows")
                        ? ""
                        : "the copy differs: %d rows in the table, %d in its successor%s"
                                .formatted(
                                        row.number("source_rows"),
                                        row.number("successor_rows"),
                                        row.flag("same") ? "" : ", with other contents"));
        if (!difference.isEmpty()) {
            throw new DatabaseException(difference, DatabaseException.Kind.PERMANENT);
        }
    }
}
