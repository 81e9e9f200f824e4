package partman.sidecar.catalog;

import java.time.Duration;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** How far behind the replicas of the server are. */
public final class Replicas {

    /** A role that is no member of {@code pg_read_all_stats} sees no lag. */
    private static final Sql LAG = Sql.sql("""
            SELECT COALESCE((EXTRACT(EPOCH FROM pg_catalog.max(r.replay_lag)) * 1000)::bigint, 0) AS lag_millis
            FROM pg_catalog.pg_stat_replication AS r
            """);

    private Replicas() {}

    /** The lag of the replica that is farthest behind; zero if there is none, or if nothing is to be replayed. */
    public static Duration lag(Session session) {
        return Duration.ofMillis(session.requireOne(LAG, row -> row.number("lag_millis")));
    }
}
