package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Has pg_partman maintain one set: it makes the partitions that {@code premake} asks for and detaches or drops those that
 * the retention no longer covers. The caller holds pg_partman's advisory locks, without which the call does nothing.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE} on the default partition for each new partition, and on the parent for each one that is
 * detached; on timeout nothing has changed (from pg_partman 5.5 on the call then returns all the same).
 *
 * @see <a href="https://github.com/pgpartman/pg_partman/blob/master/doc/pg_partman.md#maintenance-functions">Maintenance
 *     functions</a>
 */
public record RunMaintenance(QualifiedName parent, Identifier partman) implements Step {

    private static final Sql RUN = sql("SELECT {partman}.run_maintenance(p_parent_table => :parent_table)");

    @Override
    public String summary() {
        return "run maintenance of " + parent;
    }

    @Override
    public List<Statement> statements() {
        return NewPartitions.of(
                parent,
                partman,
                List.of(Statement.locking(
                        "ACCESS EXCLUSIVE",
                        parent,
                        RUN.with("partman", partman).bind("parent_table", parent.unquoted()))));
    }
}
