package partman.sidecar.model;

import java.util.ArrayList;
import java.util.List;

/**
 * What tells one row of a table from all others: the columns of a unique index, none of which may be null.
 *
 * @param match the condition that the row {@code s} of a table has the key that the row {@code k} of the journal holds; with the
 *     operators that the index compares by
 */
public record RowKey(List<Identifier> columns, Definition match) {

    public RowKey {
        columns = List.copyOf(columns);
    }

    /** Names of the columns that hold the key in the journal, in the same order. */
    public List<Identifier> journalColumns() {
        List<Identifier> names = new ArrayList<>();
        for (int i = 1; i <= columns.size(); i++) {
            names.add(new Identifier("partman_key_" + i));
        }
        return List.copyOf(names);
    }
}
