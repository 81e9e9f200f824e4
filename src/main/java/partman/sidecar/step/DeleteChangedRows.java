package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Deletes from a table's successor every row whose key is in the journal, before indexes are built. What is left is as the table
 * has it now, so it is there once and fits every unique index. Takes no lock that others notice.
 */
public record DeleteChangedRows(QualifiedName table, long conversion, RowKey key) implements Step {

    private static final Sql ANALYZE = sql("ANALYZE {journal}");

    /** Without an index, a loop over the journal would read the whole successor each time. */
    private static final Sql NO_LOOP = sql("SET LOCAL enable_nestloop = off");

    private static final Sql DELETE = sql("""
            DELETE FROM {shadow} AS s
            USING (SELECT DISTINCT {journal_columns} FROM {journal}) AS k
            WHERE {match}
            """);

    @Override
    public String summary() {
        return "delete the rows of the successor of %s that have changed since they were copied".formatted(table);
    }

    @Override
    public List<Statement> statements() {
        QualifiedName journal = WorkSchema.journalOf(conversion);
        return List.of(
                Statement.of(ANALYZE.with("journal", journal)),
                Statement.of(NO_LOOP),
                Statement.of(DELETE.with("shadow", WorkSchema.shadowOf(table))
                        .with("journal", journal)
                        .with("journal_columns", new Identifiers(key.journalColumns()))
                        .with("match", key.match())));
    }
}
