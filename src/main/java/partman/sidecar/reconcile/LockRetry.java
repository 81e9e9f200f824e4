package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import partman.sidecar.catalog.Blockers;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;

/** Tries work again whose locks were not granted in time: a short wait, repeated, never holds up those who queue behind it. */
@ApplicationScoped
class LockRetry {

    /** Attempts before the table is left alone until the next turn. */
    private static final int ATTEMPTS = 5;

    private static final Duration LONGEST_QUERY = Duration.ofSeconds(5);

    private final Status status;
    private final Database database;

    LockRetry(Status status, Database database) {
        this.status = status;
        this.database = database;
    }

    /** Runs the work until its locks are granted; the last failure is thrown. */
    <T> T run(QualifiedName table, Supplier<T> work) {
        for (int attempt = 1; ; attempt++) {
            try {
                return work.get();
            } catch (DatabaseException e) {
                if (!e.isLockTimeout()) {
                    throw e;
                }
                DatabaseException explained = explained(table, e);
                if (attempt == ATTEMPTS) {
                    throw explained;
                }
                Log.warnf(
                        "table=%s lock not granted in time, attempt %d of %d: %s",
                        table, attempt, ATTEMPTS, Observer.firstLine(explained));
                pause(attempt);
            }
        }
    }

    /** Counts a lock that was not granted in time, and adds who held it to what there is to tell. */
    DatabaseException explained(QualifiedName table, DatabaseException timeout) {
        status.update(table, Snapshot.Progress::withLockTimeout);
        String blockers;
        try (Session session = database.openLimited(LONGEST_QUERY)) {
            blockers = Blockers.of(session, table);
        }
        return blockers.isEmpty()
                ? timeout
                : timeout.with("the table, or one that it refers to, is held by " + blockers);
    }

    /** Waits longer after each attempt, and never twice the same, so that two waiters don't meet again. */
    static void pause(int attempt) {
        Timing.sleep(Duration.ofMillis(ThreadLocalRandom.current().nextLong(100, 500L * attempt)));
    }
}
