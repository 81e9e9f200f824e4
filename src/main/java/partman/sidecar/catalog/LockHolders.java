package partman.sidecar.catalog;

import static partman.sidecar.postgres.Sql.sql;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import partman.sidecar.model.ObservedSchedulers.LockHolder;
import partman.sidecar.postgres.AdvisoryLock;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Who holds an advisory lock. */
public final class LockHolders {

    /** State and query of other roles are only shown to members of {@code pg_read_all_stats}. */
    private static final Sql LOCK = sql("""
            SELECT a.pid, a.usename, a.application_name, a.state, a.query,
                   (EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - COALESCE(a.state_change, a.backend_start, pg_catalog.clock_timestamp())) * 1000)::bigint
                       AS since_millis,
                   pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.backend_start)::text AS age
            FROM pg_catalog.pg_locks AS l
            JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
            WHERE l.locktype = 'advisory'
              AND l.granted
              AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
              AND l.objsubid = 1
              AND ((l.classid::bigint << 32) | l.objid::bigint) IN (
                  SELECT pg_catalog.hashtext(n.name)::bigint FROM pg_catalog.unnest(:names::text[]) AS n (name))
            ORDER BY a.backend_start
            LIMIT 1
            """);

    private LockHolders() {}

    /** The session that holds one of the locks, of several the oldest. */
    public static Optional<LockHolder> find(Session session, List<AdvisoryLock> locks) {
        List<String> names = locks.stream().map(AdvisoryLock::name).toList();
        return session.findOne(LOCK.bind("names", names), row -> {
            String state = row.textOrNull("state");
            return new LockHolder(
                    row.integer("pid"),
                    state == null ? null : state.equals("active"),
                    Duration.ofMillis(row.number("since_millis")),
                    "pid %d, user %s, application %s, connected for %s, %s, last query: %s"
                            .formatted(
                                    row.integer("pid"),
                                    row.textOrNull("usename"),
                                    row.textOrNull("application_name"),
                                    row.textOrNull("age"),
                                    state == null ? "state hidden" : state,
                                    Blockers.shortened(String.valueOf(row.textOrNull("query")))));
        });
    }

    /** The same in words: process id, user, age, last query without its values. */
    public static String words(Session session, List<AdvisoryLock> locks) {
        return find(session, locks).map(LockHolder::words).orElse("nobody any more");
    }
}
