package partman.sidecar.model;

import static java.util.stream.Collectors.joining;

import java.util.List;

/** Names separated by commas, as a column list is written. */
public record Identifiers(List<Identifier> names) implements Splice {

    public Identifiers {
        names = List.copyOf(names);
    }

    @Override
    public String sql() {
        return names.stream().map(Identifier::sql).collect(joining(", "));
    }
}
