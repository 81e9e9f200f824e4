package partman.sidecar.reconcile;

import java.time.Duration;
import partman.sidecar.postgres.DatabaseException;

/** Time as work that takes long measures and spends it. */
final class Timing {

    /** How often such work tells how far it is. */
    static final Duration PROGRESS_EVERY = Duration.ofSeconds(10);

    private Timing() {}

    /** Time since a moment of {@link System#nanoTime()}. */
    static Duration since(long moment) {
        return Duration.ofNanos(System.nanoTime() - moment);
    }

    /** Waits; an interrupt ends the work as a failure that can be tried again. */
    static void sleep(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DatabaseException("interrupted", DatabaseException.Kind.RETRYABLE);
        }
    }
}
