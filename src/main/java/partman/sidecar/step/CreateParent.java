package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.Sql;

/**
 * Registers a partitioned table with pg_partman, which makes the partitions around now, and sets the rest of
 * {@code part_config}. An existing partition of the right name stays as it is.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE} on the parent and its partitions; the default one must hold no row of the new ones.
 * The wait is bounded: on timeout nothing has changed.
 *
 * @param start lower bound of the first partition to make, or null for pg_partman's choice
 * @param createDefault whether the set has no default partition yet
 */
public record CreateParent(
        TableSpec spec, Identifier partman, @Nullable LocalDateTime start, boolean createDefault) implements Step {

    /** Waited for here, since {@code create_parent} reports a lock that it did not get as an error like any other. */
    private static final Sql LOCK = sql("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");

    @Override
    public String summary() {
        return "register %s with pg_partman".formatted(spec.table());
    }

    @Override
    public List<Statement> statements() {
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.locking("ACCESS EXCLUSIVE", spec.table(), LOCK.with("table", spec.table())));
        statements.addAll(new NewSet(spec, spec.table(), partman, true, start, createDefault).statements(List.of()));
        statements.addAll(new UpdatePartConfig(spec, partman, true, List.of()).statements());
        return statements;
    }
}
