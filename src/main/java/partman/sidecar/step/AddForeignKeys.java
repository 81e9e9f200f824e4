package partman.sidecar.step;

import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Gives the filled successor the plain table's outbound foreign keys. Takes {@code SHARE ROW EXCLUSIVE} on the tables that
 * they reference while its rows are checked.
 */
public record AddForeignKeys(QualifiedName table, List<Definition> foreignKeyDdl) implements Step {

    @Override
    public String summary() {
        return "add %d foreign key(s) to the successor of %s".formatted(foreignKeyDdl.size(), table);
    }

    @Override
    public List<Statement> statements() {
        return foreignKeyDdl.stream()
                .map(ddl -> new Statement(Sql.of(ddl), "SHARE ROW EXCLUSIVE on the referenced table"))
                .toList();
    }
}
