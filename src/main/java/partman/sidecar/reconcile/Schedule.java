package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import io.quarkus.scheduler.Scheduler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicBoolean;
import partman.sidecar.config.Settings;

/** Starts what runs by the clock: observation, the work that follows from it, and maintenance. */
@ApplicationScoped
public class Schedule {

    private final Settings settings;
    private final Scheduler scheduler;
    private final Observer observer;
    private final Reconciler reconciler;
    private final Maintenance maintenance;
    private final AtomicBoolean working = new AtomicBoolean();

    Schedule(
            Settings settings, Scheduler scheduler, Observer observer, Reconciler reconciler, Maintenance maintenance) {
        this.settings = settings;
        this.scheduler = scheduler;
        this.observer = observer;
        this.reconciler = reconciler;
        this.maintenance = maintenance;
    }

    @Produces
    @Singleton
    static InstantSource clock() {
        return InstantSource.system();
    }

    @Produces
    @Singleton
    static Pace pace(Settings settings) {
        return new Pace(settings.observeEvery());
    }

    /** Starts the jobs; the first observation begins at once. */
    public void start() {
        scheduler
                .newJob("observe")
                .setInterval(settings.observeEvery().toString())
                .setConcurrentExecution(ConcurrentExecution.SKIP)
                .setTask(_ -> guarded("observation", this::observeAndWork))
                .schedule();
        if (settings.mode() == Settings.Mode.APPLY && settings.scheduler() == Settings.Scheduler.SIDECAR) {
            scheduler
                    .newJob("maintenance")
                    .setCron(settings.maintenanceCron())
                    .setTimeZone("UTC")
                    .setConcurrentExecution(ConcurrentExecution.SKIP)
                    .setTask(_ -> guarded("maintenance", this::maintain))
                    .schedule();
        }
    }

    private void observeAndWork() {
        Snapshot snapshot = observer.observe();
        if (settings.mode() == Settings.Mode.PLAN && snapshot.failure() == null) {
            reconciler.logPlans();
        }
        if (reconciler.hasWork() && working.compareAndSet(false, true)) {
            Thread.ofPlatform().name("reconcile").daemon().start(() -> {
                try {
                    guarded("reconciliation", reconciler::reconcile);
                    guarded("observation", observer::observe);
                } finally {
                    working.set(false);
                }
            });
        }
    }

    private void maintain() {
        Snapshot snapshot = observer.observe();
        if (snapshot.failure() != null || !snapshot.leader()) {
            return;
        }
        if (reconciler.hasWork() && working.compareAndSet(false, true)) {
            try {
                // rows in the default partition would make the creation of their partitions fail
                reconciler.reconcile();
            } finally {
                working.set(false);
            }
        }
        maintenance.run(_ -> true);
    }

    /** The edge of the scheduler: whatever is thrown is logged with its trace, and the next turn comes. */
    private static void guarded(String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            Log.errorf(e, "%s failed", what);
        }
    }
}
