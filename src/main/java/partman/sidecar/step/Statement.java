package partman.sidecar.step;

import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Splice;
import partman.sidecar.postgres.Sql;

/**
 * One statement of a step, with the strongest lock that it takes on something that others use.
 *
 * @param lock for people, as in {@code ACCESS EXCLUSIVE on public.events}; empty if others notice nothing
 */
public record Statement(Sql sql, String lock) {

    static Statement of(Sql sql) {
        return new Statement(sql, "");
    }

    static Statement locking(String mode, Splice on, Sql sql) {
        return new Statement(sql, mode + " on " + on.sql());
    }

    static List<Statement> of(List<Definition> definitions) {
        return definitions.stream().map(Sql::of).map(Statement::of).toList();
    }

    /** The SQL as a person could run it in psql. */
    public String text() {
        return sql.toString();
    }
}
