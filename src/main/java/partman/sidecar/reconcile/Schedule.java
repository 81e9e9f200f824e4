package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import partman.sidecar.config.Settings;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.DatabaseException;

/** Starts what runs by the clock: observation, the work that follows from it, and maintenance. */
@ApplicationScoped
public class Schedule {

    /** How often a process that only watches looks whether it may work. */
    private static final String SUCCESSION_EVERY = "5s";

    private final Settings settings;
    private final io.quarkus.scheduler.Scheduler scheduler;
    private final Observer observer;
    private final Reconciler reconciler;
    private final Maintenance maintenance;
    private final Upkeep upkeep;
    private final Watch watch;
    private final Status status;
    private final Leader leader;
    private final Set<QualifiedName> busy = ConcurrentHashMap.newKeySet();

    Schedule(
            Settings settings,
            io.quarkus.scheduler.Scheduler scheduler,
            Observer observer,
            Reconciler reconciler,
            Maintenance maintenance,
            Upkeep upkeep,
            Watch watch,
            Status status,
            Leader leader) {
        this.settings = settings;
        this.scheduler = scheduler;
        this.observer = observer;
        this.reconciler = reconciler;
        this.maintenance = maintenance;
        this.upkeep = upkeep;
        this.watch = watch;
        this.status = status;
        this.leader = leader;
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
        if (settings.mode() == Settings.Mode.APPLY) {
            scheduler
                    .newJob("succession")
                    .setInterval(SUCCESSION_EVERY)
                    .setConcurrentExecution(ConcurrentExecution.SKIP)
                    .setTask(_ -> guarded("succession", this::succeed))
                    .schedule();
        }
        if (settings.mode() == Settings.Mode.APPLY && settings.maintenance().scheduler() == Scheduler.SIDECAR) {
            scheduler
                    .newJob("maintenance")
                    .setCron(settings.maintenance().cron())
                    .setTimeZone("UTC")
                    .setConcurrentExecution(ConcurrentExecution.SKIP)
                    .setTask(_ -> guarded("maintenance", this::maintain))
                    .schedule();
        }
    }

    /** Takes over from a process that has ended, without waiting for the next observation. */
    private void succeed() {
        Snapshot snapshot = status.latest();
        boolean watches = snapshot.failure() == null
                && !snapshot.leader()
                && snapshot.observation() != null
                && !snapshot.observation().server().inRecovery();
        try {
            if (watches && leader.hold()) {
                observeAndWork();
            }
        } catch (DatabaseException e) {
            // the next observation tells of it
            Log.debugf(e, "succession not settled");
        }
    }

    private void observeAndWork() {
        Snapshot snapshot = observer.observe();
        watch.look(snapshot);
        upkeep.work();
        if (settings.mode() == Settings.Mode.PLAN && snapshot.failure() == null) {
            reconciler.logPlans();
        }
        // each table has a thread of its own, since a conversion may take hours
        for (TableSpec spec : reconciler.tablesWithWork()) {
            if (busy.add(spec.table())) {
                Thread.ofPlatform().name("reconcile " + spec.table()).daemon().start(() -> {
                    try {
                        guarded("reconciliation", () -> reconciler.work(spec));
                        guarded("observation", observer::observe);
                    } finally {
                        busy.remove(spec.table());
                    }
                });
            }
        }
    }

    private void maintain() {
        Snapshot snapshot = observer.observe();
        if (snapshot.failure() != null || !snapshot.leader()) {
            return;
        }
        boolean worked = false;
        for (TableSpec spec : reconciler.tablesWithWork()) {
            if (!reconciler.isConverting(spec) && busy.add(spec.table())) {
                try {
                    // rows in the default partition would make the creation of their partitions fail
                    reconciler.work(spec);
                    worked = true;
                } finally {
                    busy.remove(spec.table());
                }
            }
        }
        maintenance.run(worked ? observer.observe() : snapshot, _ -> true);
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
