package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Drops the table that a conversion has kept, for good. Takes {@code ACCESS EXCLUSIVE} on it, which nobody should
 * use any more; what still depends on it makes the step fail.
 */
public record DropRetired(QualifiedName table) implements Step {

    private static final Sql DROP = sql("DROP TABLE IF EXISTS {retired}");

    @Override
    public String summary() {
        return "drop the retired table " + WorkSchema.retiredOf(table);
    }

    @Override
    public List<Statement> statements() {
        QualifiedName retired = WorkSchema.retiredOf(table);
        return List.of(Statement.locking("ACCESS EXCLUSIVE", retired, DROP.with("retired", retired)));
    }
}
