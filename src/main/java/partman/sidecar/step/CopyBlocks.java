package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Copies the rows of a range of a table's blocks to its successor, which has no index yet, and writes down that it did. A row that
 * others move meanwhile may be copied twice or not at all, but then it is in the journal. Takes {@code ACCESS SHARE} on the table.
 *
 * <p>A crash leaves all of it or nothing. {@code synchronous_commit} is off, since rows and note are lost together, if at all.
 */
public record CopyBlocks(QualifiedName table, List<Identifier> columns, long conversion, Blocks blocks)
        implements Step {

    private static final Sql COMMIT_LATER = sql("SET LOCAL synchronous_commit = off");

    private static final Sql COPY = sql("""
            INSERT INTO {shadow} ({columns}) OVERRIDING SYSTEM VALUE
            SELECT {columns} FROM ONLY {table}
            WHERE ctid >= {from}::tid AND ctid < {to}::tid
            """);

    /** Inserts nothing if the table has another file by now: then other rows lay in these blocks than were meant. */
    private static final Sql NOTE = sql("""
            INSERT INTO partman_sidecar.batch (conversion_id, from_block, to_block, row_count)
            SELECT v.id, :from_block, :to_block, :row_count
            FROM partman_sidecar.conversion AS v
            WHERE v.id = :id AND v.file_node = pg_catalog.pg_relation_filenode({table_name})
            """);

    public CopyBlocks {
        columns = List.copyOf(columns);
    }

    /** The same for other blocks. */
    public CopyBlocks of(Blocks others) {
        return new CopyBlocks(table, columns, conversion, others);
    }

    @Override
    public String summary() {
        return "copy blocks %d to %d of %s".formatted(blocks.from(), blocks.to(), table);
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(COMMIT_LATER), Statement.of(copySql()), Statement.of(note(0)));
    }

    /** Copies; gives the number of rows. */
    public long copy(Session session) {
        session.execute(COMMIT_LATER);
        long rows = session.update(copySql());
        if (session.update(note(rows)) != 1) {
            throw new DatabaseException(
                    table + " was rewritten while it was being copied", DatabaseException.Kind.RETRYABLE);
        }
        return rows;
    }

    @Override
    public void run(Session session) {
        copy(session);
    }

    private Sql copySql() {
        return COPY.with("shadow", WorkSchema.shadowOf(table))
                .with("table", table)
                .with("columns", new Identifiers(columns))
                .with("from", Literal.of("(" + blocks.from() + ",0)"))
                .with("to", Literal.of("(" + blocks.to() + ",0)"));
    }

    private Sql note(long rows) {
        return NOTE.with("table_name", Literal.of(table.sql()))
                .bind("id", conversion)
                .bind("from_block", blocks.from())
                .bind("to_block", blocks.to())
                .bind("row_count", rows);
    }
}
