package partman.sidecar.step;

import static java.util.stream.Collectors.joining;
import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Compares a table with its successor, partition by partition: number of rows, and a sum over a hash of each row that does not
 * depend on their order. Rows whose keys are in the journal are left out on both sides. It is one statement, so it sees one moment.
 * A difference fails the step for good, with the numbers; nothing is changed. Takes {@code ACCESS SHARE} on both tables.
 *
 * @param controlType the control column's type
 * @param bounds every bound of the successor's partitions, in order
 * @param hashable whether every column's type can be hashed; else the rows' text is
 */
public record VerifySuccessor(
        QualifiedName table,
        List<Identifier> columns,
        boolean hashable,
        long conversion,
        RowKey key,
        Identifier controlColumn,
        Identifier controlType,
        List<LocalDateTime> bounds)
        implements Step {

    /**
     * There are as many groups as partitions, which PostgreSQL can't know: it expects one for each value of the control column, and
     * would sort all rows.
     */
    private static final Sql NO_SORT = sql("SET LOCAL enable_sort = off");

    /**
     * The bounds are read once, not for each row: a cast from text is no constant. {@code hash_record_extended} adds up the hashes of a
     * row's values, so a sum of it could not tell which row holds which value: it is hashed once more.
     */
    private static final Sql BY_VALUE = sql("""
            WITH partitioning AS MATERIALIZED (SELECT (:bounds::text[])::pg_catalog.{type}[] AS bounds)
            SELECT partition, COALESCE(a.row_count, 0) AS table_rows, COALESCE(b.row_count, 0) AS successor_rows
            FROM (SELECT pg_catalog.width_bucket(s.{control}, (SELECT bounds FROM partitioning)) AS partition,
                         pg_catalog.count(*) AS row_count,
                         pg_catalog.sum(pg_catalog.hash_numeric_extended(
                             pg_catalog.hash_record_extended(ROW({columns}), 0), 0)) AS checksum
                  FROM ONLY {table} AS s
                  WHERE NOT EXISTS (SELECT FROM {journal} AS k WHERE {match})
                  GROUP BY 1) AS a
            FULL JOIN
                 (SELECT pg_catalog.width_bucket(s.{control}, (SELECT bounds FROM partitioning)) AS partition,
                         pg_catalog.count(*) AS row_count,
                         pg_catalog.sum(pg_catalog.hash_numeric_extended(
                             pg_catalog.hash_record_extended(ROW({columns}), 0), 0)) AS checksum
                  FROM {shadow} AS s
                  WHERE NOT EXISTS (SELECT FROM {journal} AS k WHERE {match})
                  GROUP BY 1) AS b USING (partition)
            WHERE (a.row_count, a.checksum) IS DISTINCT FROM (b.row_count, b.checksum)
            ORDER BY partition
            """);

    private static final Sql BY_TEXT = sql("""
            WITH partitioning AS MATERIALIZED (SELECT (:bounds::text[])::pg_catalog.{type}[] AS bounds)
            SELECT partition, COALESCE(a.row_count, 0) AS table_rows, COALESCE(b.row_count, 0) AS successor_rows
            FROM (SELECT pg_catalog.width_bucket(s.{control}, (SELECT bounds FROM partitioning)) AS partition,
                         pg_catalog.count(*) AS row_count,
                         pg_catalog.sum(pg_catalog.hashtextextended(ROW({columns})::text, 0)) AS checksum
                  FROM ONLY {table} AS s
                  WHERE NOT EXISTS (SELECT FROM {journal} AS k WHERE {match})
                  GROUP BY 1) AS a
            FULL JOIN
                 (SELECT pg_catalog.width_bucket(s.{control}, (SELECT bounds FROM partitioning)) AS partition,
                         pg_catalog.count(*) AS row_count,
                         pg_catalog.sum(pg_catalog.hashtextextended(ROW({columns})::text, 0)) AS checksum
                  FROM {shadow} AS s
                  WHERE NOT EXISTS (SELECT FROM {journal} AS k WHERE {match})
                  GROUP BY 1) AS b USING (partition)
            WHERE (a.row_count, a.checksum) IS DISTINCT FROM (b.row_count, b.checksum)
            ORDER BY partition
            """);

    /** Partitions that are named in a message. */
    private static final int MOST_NAMED = 5;

    public VerifySuccessor {
        columns = List.copyOf(columns);
        bounds = List.copyOf(bounds);
    }

    @Override
    public String summary() {
        return "compare the rows of %s with those of its successor: a difference stops the conversion".formatted(table);
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.of(NO_SORT),
                Statement.of((hashable ? BY_VALUE : BY_TEXT)
                        .with("control", controlColumn)
                        .with("type", controlType)
                        .with("columns", new Identifiers(columns))
                        .with("table", table)
                        .with("shadow", WorkSchema.shadowOf(table))
                        .with("journal", WorkSchema.journalOf(conversion))
                        .with("match", key.match())
                        .bind("bounds", Times.texts(bounds))));
    }

    @Override
    public void run(Session session) {
        List<String> differences = differences(session);
        if (!differences.isEmpty()) {
            throw new DatabaseException(String.join("; ", differences), DatabaseException.Kind.PERMANENT);
        }
    }

    /** What differs, a line for each partition, some partitions at most; empty if nothing does. */
    public List<String> differences(Session session) {
        session.execute(NO_SORT);
        List<String> differences = session.query(
                statements().getLast().sql(),
                row -> "%s: %d rows in the table, %d in its successor%s"
                        .formatted(
                                partition(row.integer("partition")),
                                row.number("table_rows"),
                                row.number("successor_rows"),
                                row.number("table_rows") == row.number("successor_rows")
                                        ? ", with other contents"
                                        : ""));
        if (differences.isEmpty()) {
            return List.of();
        }
        String more = differences.size() > MOST_NAMED ? "; and %d more".formatted(differences.size() - MOST_NAMED) : "";
        return List.of("the copy of %s differs in %d partition(s): %s%s"
                .formatted(
                        table,
                        differences.size(),
                        differences.stream().limit(MOST_NAMED).collect(joining("; ")),
                        more));
    }

    private String partition(int number) {
        String from = number == 0 ? "the oldest" : bounds.get(number - 1).toString();
        String to = number == bounds.size() ? "the newest" : bounds.get(number).toString();
        return "from %s to %s".formatted(from, to);
    }
}
