package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.step.Transaction;

/** Does what is to be done about the server as a whole: keeps pg_cron's job, updates pg_partman. */
@ApplicationScoped
public class Upkeep {

    /** What failed is not likely to be mended by the next look. */
    private static final Duration PAUSE = Duration.ofMinutes(5);

    private static final Duration LONGEST_QUERY = Duration.ofSeconds(20);

    private final Database database;
    private final Observer observer;
    private final Status status;
    private final Leader leader;
    private final InstantSource clock;
    private @Nullable Instant pausedUntil;

    Upkeep(Database database, Observer observer, Status status, Leader leader, InstantSource clock) {
        this.database = database;
        this.observer = observer;
        this.status = status;
        this.leader = leader;
        this.clock = clock;
    }

    /** Does what the last look showed to be done, if this process may, and looks again. */
    synchronized void work() {
        MaintenancePlan plan = status.latest().maintenance();
        boolean paused = pausedUntil != null && clock.instant().isBefore(pausedUntil);
        if (!plan.isWork() || paused || !status.latest().leader()) {
            return;
        }
        try {
            workNow();
        } catch (DatabaseException e) {
            pausedUntil = clock.instant().plus(PAUSE);
            Log.errorf("not done; next attempt in %s: %s", PAUSE, e.getMessage());
        }
    }

    /**
     * Does what the last look showed to be done, and looks again.
     *
     * @throws DatabaseException if it can't be done
     */
    public void workNow() {
        MaintenancePlan plan = status.latest().maintenance();
        if (!plan.isWork() || !leader.hold()) {
            return;
        }
        plan.here().forEach(transaction -> run(transaction, database::open));
        plan.inCronDatabase()
                .forEach(transaction ->
                        run(transaction, () -> database.openElsewhere(plan.cronDatabase(), LONGEST_QUERY)));
        observer.observe();
    }

    private static void run(Transaction transaction, Supplier<Session> open) {
        long started = System.nanoTime();
        try (Session session = open.get()) {
            session.inTransaction(() -> {
                transaction.begin(session);
                transaction.steps().forEach(step -> step.run(session));
                return true;
            });
        }
        transaction
                .steps()
                .forEach(step -> Log.infof(
                        "step=%s took=%dms: %s",
                        step.getClass().getSimpleName(), Timing.since(started).toMillis(), step.summary()));
    }
}
