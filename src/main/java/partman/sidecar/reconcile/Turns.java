package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import partman.sidecar.config.Settings;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.DatabaseException;

/** What is done at each turn of the clock: observation, the work that follows from it, and maintenance. */
@ApplicationScoped
class Turns {

    private final Settings settings;
    private final Observer observer;
    private final Reconciler reconciler;
    private final Maintenance maintenance;
    private final Upkeep upkeep;
    private final Watch watch;
    private final Status status;
    private final Leader leader;
    private final Set<QualifiedName> busy = ConcurrentHashMap.newKeySet();

    Turns(
            Settings settings,
            Observer observer,
            Reconciler reconciler,
            Maintenance maintenance,
            Upkeep upkeep,
            Watch watch,
            Status status,
            Leader leader) {
        this.settings = settings;
        this.observer = observer;
        this.reconciler = reconciler;
        this.maintenance = maintenance;
        this.upkeep = upkeep;
        this.watch = watch;
        this.status = status;
        this.leader = leader;
    }

    /** Takes over from a process that has ended, without waiting for the next observation. */
    void succeed() {
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

    /** Looks, and works on what it sees; the work goes on after the turn. */
    void observeAndWork() {
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
                        Schedule.guarded("reconciliation", () -> reconciler.work(spec));
                        Schedule.guarded("observation", observer::observe);
                    } finally {
                        busy.remove(spec.table());
                    }
                });
            }
        }
    }

    /** Maintains every set, if this process is the one that may. */
    void maintain() {
        Snapshot snapshot = observer.observe();
        if (snapshot.failure() != null || !snapshot.leader()) {
            return;
        }
        boolean moved = false;
        for (TableSpec spec : reconciler.setsToEmpty()) {
            if (busy.add(spec.table())) {
                try {
                    reconciler.work(spec);
                    moved = true;
                } finally {
                    busy.remove(spec.table());
                }
            }
        }
        maintenance.run(moved ? observer.observe() : snapshot, _ -> true);
    }
}
