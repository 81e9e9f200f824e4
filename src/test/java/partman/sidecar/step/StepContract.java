package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.reconcile.SetView;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.TestDatabase;

/**
 * What holds for every step: it does its work; a second run changes nothing; while another session has the lock, nothing
 * changes and the failure tells to try again; killed halfway, nothing has changed and the next run does it.
 *
 * <p>What a second run may do instead of nothing is to fail: then it says so, and nothing has changed either.
 */
abstract class StepContract {

    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(200);

    final TestDatabase database;

    StepContract(TestDatabase database) {
        this.database = database;
    }

    /** Makes what the step works on, and says which step. */
    abstract Step prepare();

    /** Whether a client sees the step's effect. */
    abstract boolean isDone();

    /** Takes a lock that the step can't share, in a transaction that has begun; empty if it waits for nobody. */
    abstract String lock();

    /** What a client sees of everything that a step could change. */
    List<String> state() {
        return SetView.schema(database);
    }

    void run(Step step) {
        run(database.session(), step);
    }

    private static void run(Session session, Step step) {
        Transaction transaction = Transaction.of(step, LOCK_TIMEOUT);
        session.inTransaction(() -> {
            transaction.limitLocks(session);
            step.run(session);
            return true;
        });
    }

    @Test
    void doesItsWork() {
        Step step = prepare();
        boolean before = isDone();

        run(step);

        assertThat(before).isFalse();
        assertThat(isDone()).isTrue();
        assertThat(step.summary()).isNotBlank();
    }

    @Test
    void changesNothingAgain() {
        Step step = prepare();
        run(step);
        List<String> state = state();

        DatabaseException failure = catchThrowableOfType(DatabaseException.class, () -> run(step));

        assertThat(failure == null || !failure.isLockTimeout()).isTrue();
        assertThat(state()).isEqualTo(state);
        assertThat(isDone()).isTrue();
    }

    @Test
    void changesNothingWhileAnotherSessionHoldsTheLock() {
        Step step = prepare();
        String lock = lock();
        if (lock.isEmpty()) {
            return;
        }
        List<String> state = state();
        Client other = database.client();
        other.execute("BEGIN", lock);

        DatabaseException failure = catchThrowableOfType(DatabaseException.class, () -> run(step));

        assertThat(failure).isNotNull();
        assertThat(failure.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE);
        assertThat(failure.isLockTimeout()).isTrue();
        other.execute("ROLLBACK");
        assertThat(state()).isEqualTo(state);
        run(step);
        assertThat(isDone()).isTrue();
    }

    @Test
    void changesNothingWhenKilledHalfwayAndIsDoneByTheNextRun() {
        Step step = prepare();
        List<String> state = state();
        Session session = database.session();
        int pid = session.backendPid();

        DatabaseException failure = catchThrowableOfType(
                DatabaseException.class,
                () -> session.inTransaction(() -> {
                    step.run(session);
                    database.execute("SELECT pg_terminate_backend(%d)".formatted(pid));
                    session.backendPid();
                    return true;
                }));

        assertThat(failure).isNotNull();
        assertThat(failure.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE);
        Awaitility.await()
                .until(() -> database.strings("SELECT 1 FROM pg_stat_activity WHERE pid = " + pid)
                        .isEmpty());
        assertThat(state()).isEqualTo(state);
        run(step);
        assertThat(isDone()).isTrue();
    }
}
