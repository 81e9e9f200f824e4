package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/** Gives the filled successor the plain table's keys and indexes, with their names, and fresh statistics. */
public record BuildIndexes(QualifiedName table, List<Definition> indexDdl) implements Step {

    private static final Sql ANALYZE = sql("ANALYZE {shadow}");

    @Override
    public String summary() {
        return "build %d index(es) of the successor of %s".formatted(indexDdl.size(), table);
    }

    @Override
    public List<Statement> statements() {
        List<Statement> statements = new ArrayList<>(Statement.of(indexDdl));
        statements.add(Statement.of(ANALYZE.with("shadow", WorkSchema.shadowOf(table))));
        return List.copyOf(statements);
    }
}
