package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/** Gives a table's filled successor and its partitions fresh statistics. Takes no lock that others notice. */
public record Analyze(QualifiedName table) implements Step {

    private static final Sql ANALYZE = sql("ANALYZE {shadow}");

    @Override
    public String summary() {
        return "analyze the successor of " + table;
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(ANALYZE.with("shadow", WorkSchema.shadowOf(table))));
    }
}
