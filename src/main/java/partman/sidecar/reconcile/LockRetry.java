package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.DatabaseException;

/** Tries work again whose locks were not granted in time: a short wait, repeated, never holds up those who queue behind it. */
@ApplicationScoped
class LockRetry {

    /** Attempts before the table is left alone until the next turn. */
    private static final int ATTEMPTS = 5;

    private final Status status;

    LockRetry(Status status) {
        this.status = status;
    }

    /** Runs the work until its locks are granted; the last failure is thrown. */
    <T> T run(QualifiedName table, Supplier<T> work) {
        for (int attempt = 1; ; attempt++) {
            try {
                return work.get();
            } catch (DatabaseException e) {
                if (e.isLockTimeout()) {
                    status.update(table, Snapshot.Progress::withLockTimeout);
                }
                if (!e.isLockTimeout() || attempt == ATTEMPTS) {
                    throw e;
                }
                Log.warnf(
                        "table=%s lock not granted in time, attempt %d of %d: %s",
                        table, attempt, ATTEMPTS, Observer.firstLine(e));
                pause(attempt);
            }
        }
    }

    /** Waits longer after each attempt, and never twice the same, so that two waiters don't meet again. */
    private static void pause(int attempt) {
        try {
            Thread.sleep(ThreadLocalRandom.current().nextLong(100, 500L * attempt));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DatabaseException("interrupted", DatabaseException.Kind.RETRYABLE);
        }
    }
}
