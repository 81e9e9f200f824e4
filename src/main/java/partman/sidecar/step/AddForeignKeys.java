package partman.sidecar.step;

import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Gives the filled successor of a plain table, or its partitions, the table's outbound foreign keys, or checks old rows against them.
 * A key that is added takes {@code SHARE ROW EXCLUSIVE} on the table that it references, and holds it while rows are checked: none if
 * it is added as {@code NOT VALID}, or if the partitions have it already. Checking old rows later lets others read and write.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-altertable.html">ALTER TABLE</a>
 */
public record AddForeignKeys(QualifiedName table, List<Definition> foreignKeyDdl) implements Step {

    @Override
    public String summary() {
        return "add %d foreign key(s) to the successor of %s"
                .formatted(foreignKeyDdl.stream().filter(ddl -> !isComment(ddl)).count(), table);
    }

    @Override
    public List<Statement> statements() {
        return foreignKeyDdl.stream()
                .map(ddl -> isComment(ddl)
                        ? Statement.of(Sql.of(ddl))
                        : new Statement(Sql.of(ddl), "SHARE ROW EXCLUSIVE on the referenced table"))
                .toList();
    }

    private static boolean isComment(Definition ddl) {
        return ddl.sql().startsWith("COMMENT ");
    }
}
