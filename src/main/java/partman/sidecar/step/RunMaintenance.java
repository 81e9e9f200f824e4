package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.AdvisoryLock;
import partman.sidecar.postgres.Session;
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

    private static final Sql RUN_IF_FREE = sql("""
            SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext({lock}))
                       THEN {partman}.run_maintenance(p_parent_table => :parent_table)::text END IS NOT NULL AS ran
            """);

    /**
     * Runs it unless it runs in another session: then false, and nothing was done. Most runs make no partition; what new ones
     * need is left out then, since it costs as much as a fifth of the run.
     */
    public boolean runIfFree(Session session) {
        session.query(NewPartitions.remember(parent), row -> row.textOrNull("set_config"));
        boolean ran = session.requireOne(
                RUN_IF_FREE
                        .with("lock", Literal.of(AdvisoryLock.RUN_MAINTENANCE.name()))
                        .with("partman", partman)
                        .bind("parent_table", parent.unquoted()),
                row -> row.flag("ran"));
        if (ran && session.requireOne(NewPartitions.any(parent), row -> row.flag("made"))) {
            session.execute(NewPartitions.adopt(partman));
        }
        return ran;
    }

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
