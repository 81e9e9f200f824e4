package partman.sidecar.reconcile;

import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import partman.sidecar.catalog.Replicas;
import partman.sidecar.postgres.AdvisoryLock;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;

/**
 * Whether this process is the one that may change the database: it holds an advisory lock on a connection of its own. A replica
 * grants such locks too, but nothing can be changed there: nobody leads on it.
 */
@ApplicationScoped
public class Leader {

    private static final Duration LONGEST_QUERY = Duration.ofSeconds(5);

    private final Database database;
    private @Nullable Session session;
    private boolean follower;

    Leader(Database database) {
        this.database = database;
    }

    /** Takes the lock, or makes sure that it is still held; false if another process has it, or on a replica. */
    public synchronized boolean hold() {
        if (follower) {
            return false;
        }
        if (session != null) {
            try {
                session.backendPid();
                return true;
            } catch (DatabaseException e) {
                // the connection is gone, and the lock with it: take it anew
                release();
            }
        }
        Session candidate = database.openLimited(LONGEST_QUERY);
        boolean held = false;
        try {
            held = !Replicas.isReplica(candidate) && AdvisoryLock.LEADER.tryTake(candidate);
        } finally {
            if (held) {
                session = candidate;
            } else {
                candidate.close();
            }
        }
        return held;
    }

    /** Never takes the lock: for commands that only look, or that may work beside another process. */
    public synchronized void follow() {
        follower = true;
    }

    /** Gives the lock back; always false, for what this process then is. */
    public synchronized boolean release() {
        if (session != null) {
            session.close();
            session = null;
        }
        return false;
    }

    @PreDestroy
    void end() {
        release();
    }
}
