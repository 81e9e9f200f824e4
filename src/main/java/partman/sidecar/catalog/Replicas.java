package partman.sidecar.catalog;

import java.time.Duration;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Whether the server is a replica, and how far behind its own replicas are. */
public final class Replicas {

    /** A role that is no member of {@code pg_read_all_stats} sees no lag. */
    private static final Sql LAG = Sql.sql("""
            SELECT COALESCE((EXTRACT(EPOCH FROM pg_catalog.max(r.replay_lag)) * 1000)::bigint, 0) AS lag_millis
            FROM pg_catalog.pg_stat_replication AS r
            """);

    private static final Sql IN_RECOVERY = Sql.sql("SELECT pg_catalog.pg_is_in_recovery() AS in_recovery");

    private Replicas() {}

    /** Whether the server is a replica, which nothing can be changed on; once it is none it stays so until it is started anew. */
    public static boolean isReplica(Session session) {
        return session.requireOne(IN_RECOVERY, row -> row.flag("in_recovery"));
    }

    /** The lag of the replica that is farthest behind; zero if there is none, or if nothing is to be replayed. */
    public static Duration lag(Session session) {
        return Duration.ofMillis(session.requireOne(LAG, row -> row.number("lag_millis")));
    }
}
