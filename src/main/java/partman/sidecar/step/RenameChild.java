package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Gives a partition that others made the name by which pg_partman knows it; without it pg_partman would make a second one
 * for the same time, and fail. Takes {@code ACCESS EXCLUSIVE} on the partition; on timeout nothing has changed.
 */
public record RenameChild(QualifiedName child, Identifier newName) implements Step {

    private static final Sql RENAME = sql("ALTER TABLE {child} RENAME TO {new_name}");

    @Override
    public String summary() {
        return "rename partition %s to %s".formatted(child, newName);
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.locking(
                "ACCESS EXCLUSIVE", child, RENAME.with("child", child).with("new_name", newName)));
    }
}
