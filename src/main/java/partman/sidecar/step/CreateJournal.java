package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Begins the journal: from now on every change of a row of the table leaves the row's key there, in the transaction of whoever
 * changes it. Then fixes the blocks to copy: rows that get into later ones are in the journal.
 *
 * <p>Takes {@code SHARE ROW EXCLUSIVE} on the table, which waits for every transaction that has written to it; none is left whose
 * rows the journal could miss. The wait is bounded: on timeout nothing has changed.
 *
 * <p>The trigger function runs with the sidecar's rights, so that writers need none; it names every object in full, and its
 * {@code search_path} is fixed. The trigger fires for replicated changes too. {@code TRUNCATE} needs no trigger of its own: it gives
 * the table a new file, which is noticed.
 */
public record CreateJournal(QualifiedName table, long conversion, RowKey key) implements Step {

    private static final Sql LOCK = sql("LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE");

    private static final Sql CREATE_JOURNAL = sql("""
            CREATE TABLE {journal} ({journal_columns}) AS
            SELECT {columns} FROM ONLY {table}
            WITH NO DATA
            """);

    private static final Sql NUMBER =
            sql("ALTER TABLE {journal} ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY");

    /** {@code use_column}: a column may be called like one of PL/pgSQL's own variables. */
    private static final Sql BODY = sql("""
            #variable_conflict use_column
            BEGIN
                IF TG_OP <> 'INSERT' THEN
                    INSERT INTO {journal} ({journal_columns}) SELECT {columns} FROM (SELECT OLD.*) AS changed;
                END IF;
                IF TG_OP <> 'DELETE' THEN
                    INSERT INTO {journal} ({journal_columns}) SELECT {columns} FROM (SELECT NEW.*) AS changed;
                END IF;
                RETURN NULL;
            END
            """);

    private static final Sql CREATE_FUNCTION = sql("""
            CREATE FUNCTION {capture}() RETURNS trigger
                LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
                AS {body}
            """);

    private static final Sql REVOKE = sql("REVOKE ALL ON FUNCTION {capture}() FROM PUBLIC");

    private static final Sql CREATE_TRIGGER = sql("""
            CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION {capture}()
            """);

    private static final Sql ENABLE = sql("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}");

    private static final Sql BEGIN_BACKFILL = sql("""
            UPDATE partman_sidecar.conversion
            SET phase = 'backfill',
                file_node = pg_catalog.pg_relation_filenode({table_name}),
                block_count = pg_catalog.pg_relation_size({table_name})
                    / pg_catalog.current_setting('block_size')::bigint
            WHERE id = :id
            """);

    @Override
    public String summary() {
        return "begin the journal of " + table;
    }

    @Override
    public List<Statement> statements() {
        QualifiedName journal = WorkSchema.journalOf(conversion);
        QualifiedName capture = WorkSchema.captureOf(conversion);
        Identifiers columns = new Identifiers(key.columns());
        Identifiers journalColumns = new Identifiers(key.journalColumns());
        Sql body = BODY.with("journal", journal)
                .with("journal_columns", journalColumns)
                .with("columns", columns);
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.locking("SHARE ROW EXCLUSIVE", table, LOCK.with("table", table)));
        statements.add(Statement.of(CREATE_JOURNAL
                .with("journal", journal)
                .with("journal_columns", journalColumns)
                .with("columns", columns)
                .with("table", table)));
        statements.add(Statement.of(NUMBER.with("journal", journal)));
        statements.add(
                Statement.of(CREATE_FUNCTION.with("capture", capture).with("body", Literal.of(body.toString()))));
        statements.add(Statement.of(REVOKE.with("capture", capture)));
        statements.add(Statement.of(CREATE_TRIGGER
                .with("trigger", Conversion.TRIGGER)
                .with("table", table)
                .with("capture", capture)));
        statements.add(Statement.of(ENABLE.with("trigger", Conversion.TRIGGER).with("table", table)));
        statements.add(Statement.of(
                BEGIN_BACKFILL.with("table_name", Literal.of(table.sql())).bind("id", conversion)));
        return List.copyOf(statements);
    }
}
