package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/** Writes down that a conversion's earlier phases are done. Takes a row lock in the sidecar's own table. */
public record EnterPhase(QualifiedName table, long conversion, Phase phase) implements Step {

    private static final Sql ENTER = sql("""
            UPDATE partman_sidecar.conversion
            SET phase = :phase
            WHERE id = :id
            """);

    @Override
    public String summary() {
        return "conversion of %s: go on to %s".formatted(table, phase.label());
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(ENTER.bind("phase", phase.label()).bind("id", conversion)));
    }
}
