package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Drops the unfinished successor of a plain table, and pg_partman's knowledge of it. Nobody else uses it, and the plain table has
 * every row.
 */
public record DropSuccessor(QualifiedName table, Identifier partman) implements Step {

    private static final Sql FORGET = sql("DELETE FROM {partman}.part_config WHERE parent_table = :shadow");
    private static final Sql DROP = sql("DROP TABLE IF EXISTS {shadow}");
    private static final Sql DROP_TEMPLATE = sql("DROP TABLE IF EXISTS {template}");

    @Override
    public String summary() {
        return "drop the unfinished successor of " + table;
    }

    @Override
    public List<Statement> statements() {
        QualifiedName shadow = WorkSchema.shadowOf(table);
        return List.of(
                Statement.of(FORGET.with("partman", partman).bind("shadow", shadow.unquoted())),
                Statement.of(DROP.with("shadow", shadow)),
                Statement.of(DROP_TEMPLATE.with("template", WorkSchema.templateOf(table, partman))));
    }
}
