package partman.sidecar.reconcile;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;
import partman.sidecar.config.CronExpression;
import partman.sidecar.model.CronJob;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.ObservedSchedulers.BackgroundWorker;
import partman.sidecar.model.ObservedSchedulers.Job;
import partman.sidecar.model.ObservedServer;

/** When the chosen scheduler begins its next maintenance run, as far as that can be told. */
final class NextRun {

    private NextRun() {}

    /**
     * The moment of the next run; one that is past is overdue. Null on a replica, and where nobody known runs maintenance.
     *
     * @param lastRun when a set was last maintained, or null if that is unknown
     */
    static @Nullable Instant after(
            MaintenanceSpec spec, ObservedServer server, ObservedSchedulers schedulers, @Nullable Instant lastRun) {
        if (server.inRecovery()) {
            return null;
        }
        return switch (spec.scheduler()) {
            case SIDECAR -> spec.applies() ? next(spec.cron(), server.now(), ZoneOffset.UTC) : null;
            case PG_CRON -> next(schedulers.cron(), server);
            case BGW -> next(schedulers.backgroundWorker(), server, lastRun);
            case NONE -> null;
        };
    }

    private static @Nullable Instant next(String cron, Instant now, ZoneId zone) {
        return CronExpression.parse(cron).nextAfter(now, zone).orElse(null);
    }

    private static @Nullable Instant next(ObservedSchedulers.@Nullable Cron cron, ObservedServer server) {
        if (cron == null || !cron.launcherLives()) {
            return null;
        }
        String name = CronJob.nameFor(server.database());
        return cron.jobs().stream()
                .filter(job -> job.active() && name.equals(job.name()))
                .map(Job::schedule)
                .findFirst()
                .map(schedule -> nextIfReadable(schedule, server.now(), cron.timeZone()))
                .orElse(null);
    }

    /** Somebody may have given the job a schedule that only pg_cron knows, such as {@code 30 seconds}. */
    private static @Nullable Instant nextIfReadable(String schedule, Instant now, ZoneId zone) {
        try {
            return next(schedule, now, zone);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static @Nullable Instant next(
            @Nullable BackgroundWorker worker, ObservedServer server, @Nullable Instant lastRun) {
        return worker == null || !worker.serves(server.database()) || lastRun == null
                ? null
                : lastRun.plus(worker.interval());
    }
}
