package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/** Writes down why a conversion must not go on until a person has looked. Takes a row lock in the sidecar's own table. */
public record StopConversion(QualifiedName table, long conversion, String failure) implements Step {

    private static final Sql STOP = sql("""
            UPDATE partman_sidecar.conversion
            SET failure = :failure
            WHERE id = :id
            """);

    @Override
    public String summary() {
        return "stop the conversion of %s: %s".formatted(table, failure);
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(STOP.bind("failure", failure).bind("id", conversion)));
    }
}
