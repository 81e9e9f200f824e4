package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled.ConcurrentExecution;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import partman.sidecar.config.Settings;
import partman.sidecar.model.Scheduler;

/** Says when what runs by the clock has its {@link Turns}. */
@ApplicationScoped
public class Schedule {

    /** How often a process that only watches looks whether it may work. */
    private static final String SUCCESSION_EVERY = "5s";

    private final Settings settings;
    private final io.quarkus.scheduler.Scheduler scheduler;
    private final Turns turns;

    Schedule(Settings settings, io.quarkus.scheduler.Scheduler scheduler, Turns turns) {
        this.settings = settings;
        this.scheduler = scheduler;
        this.turns = turns;
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
                .setTask(_ -> guarded("observation", turns::observeAndWork))
                .schedule();
        if (settings.mode() == Settings.Mode.APPLY) {
            scheduler
                    .newJob("succession")
                    .setInterval(SUCCESSION_EVERY)
                    .setConcurrentExecution(ConcurrentExecution.SKIP)
                    .setTask(_ -> guarded("succession", turns::succeed))
                    .schedule();
        }
        if (settings.mode() == Settings.Mode.APPLY && settings.maintenance().scheduler() == Scheduler.SIDECAR) {
            scheduler
                    .newJob("maintenance")
                    .setCron(settings.maintenance().cron())
                    .setTimeZone("UTC")
                    .setConcurrentExecution(ConcurrentExecution.SKIP)
                    .setTask(_ -> guarded("maintenance", turns::maintain))
                    .schedule();
        }
    }

    /** The edge of the scheduler: whatever is thrown is logged with its trace, and the next turn comes. */
    static void guarded(String what, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            Log.errorf(e, "%s failed", what);
        }
    }
}
