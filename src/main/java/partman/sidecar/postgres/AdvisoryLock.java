package partman.sidecar.postgres;

import java.util.List;
import partman.sidecar.model.Literal;

/**
 * A session-level advisory lock known by a text. It is released with {@link Session#close()}, and by the server when the
 * connection ends, so a killed process leaves nothing behind.
 *
 * @see <a href="https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS">Advisory Locks</a>
 */
public record AdvisoryLock(String name) {

    /** Held by the one sidecar that may change the database. */
    public static final AdvisoryLock LEADER = new AdvisoryLock("partman-sidecar leader");

    /**
     * What {@code run_maintenance_proc()} holds; pg_partman 5.5 renamed it, so both are taken. While another session holds
     * either, the procedure returns without doing anything.
     */
    public static final List<AdvisoryLock> MAINTENANCE = List.of(
            new AdvisoryLock("pg_partman run_maintenance procedure"),
            new AdvisoryLock("pg_partman run_maintenance_proc"));

    /** What {@code run_maintenance()} takes for its transaction; while another has it, the call returns without doing anything. */
    public static final AdvisoryLock RUN_MAINTENANCE = new AdvisoryLock("pg_partman run_maintenance");

    private static final Sql TRY =
            Sql.sql("SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtext({name})) AS held");

    /** Takes the lock if it is free; never waits. */
    public boolean tryTake(Session session) {
        return session.requireOne(TRY.with("name", Literal.of(name)), row -> row.flag("held"));
    }
}
