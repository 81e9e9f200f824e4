package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.Duration;
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

    private static final Sql LOCK_TIMEOUT = sql("SELECT pg_catalog.set_config('lock_timeout', :limit, false)");

    /** The partitions are those before the run: a statement does not see what its own functions make. */
    private static final Sql RUN_IF_FREE = sql("""
            SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext({lock}))
                       THEN {partman}.run_maintenance(p_parent_table => :parent_table)::text END IS NOT NULL AS ran,
                   COALESCE((
                       SELECT pg_catalog.string_agg(i.inhrelid::text, ',')
                       FROM pg_catalog.pg_inherits AS i
                       WHERE i.inhparent = :parent::regclass), '') AS partitions
            """);

    private record Ran(boolean ran, String partitions) {}

    /** Readies a session for many runs: no later statement waits for a lock for longer than {@code lockTimeout}, whole milliseconds and at least one. */
    public static void prepare(Session session, Duration lockTimeout) {
        session.query(LOCK_TIMEOUT.bind("limit", lockTimeout.toMillis() + "ms"), row -> row.textOrNull("set_config"));
    }

    /**
     * Runs it unless it runs in another session: then false, and nothing was done. Most runs make no partition; what new ones
     * need is left out then, since it costs as much as a fifth of the run.
     */
    public boolean runIfFree(Session session) {
        Ran run = session.requireOne(
                RUN_IF_FREE
                        .with("lock", Literal.of(AdvisoryLock.RUN_MAINTENANCE.name()))
                        .with("partman", partman)
                        .bind("parent_table", parent.unquoted())
                        .bind("parent", parent.sql()),
                row -> new Ran(row.flag("ran"), row.text("partitions")));
        if (run.ran() && NewPartitions.findAny(session, parent, run.partitions())) {
            session.execute(NewPartitions.adopt(partman));
        }
        return run.ran();
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
