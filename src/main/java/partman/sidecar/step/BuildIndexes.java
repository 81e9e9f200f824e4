package partman.sidecar.step;

import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.QualifiedName;

/**
 * Gives the filled successor of a plain table, or a partition of it, keys and indexes of the table; or drops those that the table
 * has no more. Nobody else uses the successor, so nobody waits.
 */
public record BuildIndexes(QualifiedName table, List<Definition> indexDdl) implements Step {

    public BuildIndexes {
        indexDdl = List.copyOf(indexDdl);
    }

    @Override
    public String summary() {
        return "build %d index(es) of the successor of %s".formatted(indexDdl.size(), table);
    }

    @Override
    public List<Statement> statements() {
        return Statement.of(indexDdl);
    }
}
