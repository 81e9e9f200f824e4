package partman.sidecar.step;

import java.util.List;
import partman.sidecar.postgres.Sql;

/**
 * One part of a script that a person runs by psql.
 *
 * @param title what it does
 * @param remarks what to know of it
 * @param due a query for one truth value: whether it is still to be done; the script asks it, so that it can be run again
 * @param atOnce whether all statements are one transaction; else each commits by itself, and some more than once
 */
public record UndoPart(String title, List<String> remarks, Sql due, boolean atOnce, List<Statement> statements) {

    public UndoPart {
        remarks = List.copyOf(remarks);
        statements = List.copyOf(statements);
    }
}
