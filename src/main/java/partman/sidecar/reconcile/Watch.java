package partman.sidecar.reconcile;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import partman.sidecar.config.Settings;
import partman.sidecar.model.CronJob;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedSchedulers.Cron;
import partman.sidecar.model.ObservedSchedulers.Job;
import partman.sidecar.model.ObservedSchedulers.JobRun;
import partman.sidecar.model.ObservedSchedulers.LockHolder;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.Scheduler;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;

/**
 * Sees in the catalog how maintenance ended that another scheduler has run: from one look to the next,
 * {@code maintenance_last_run} has moved, or was taken away, or stayed although pg_cron's job has ended. Of several runs between
 * two looks it sees one.
 */
@ApplicationScoped
public class Watch {

    private final Settings settings;
    private final Status status;
    private final Map<QualifiedName, Seen> seen = new HashMap<>();

    Watch(Settings settings, Status status) {
        this.settings = settings;
        this.status = status;
    }

    /** What the last look showed of a set. */
    private record Seen(@Nullable Instant lastRun, long jobRun) {}

    /** Whether others than this process run maintenance, as far as the settings tell. */
    private boolean isOthersWork() {
        return settings.mode() != Settings.Mode.APPLY || settings.maintenance().scheduler() != Scheduler.SIDECAR;
    }

    /** Compares with the look before, and tells of the runs that ended in between. */
    synchronized void look(Snapshot snapshot) {
        if (!isOthersWork() || snapshot.failure() != null || snapshot.observation() == null) {
            return;
        }
        JobRun jobRun = jobRun(snapshot, snapshot.observation());
        boolean news = false;
        for (Snapshot.Table table : snapshot.tables()) {
            Registration registration = table.set() == null ? null : table.set().registration();
            if (registration == null || !registration.isMaintained()) {
                continue;
            }
            Seen now = new Seen(registration.maintenanceLastRun(), jobRun == null ? -1 : jobRun.id());
            Seen before = seen.put(table.name(), now);
            MaintenanceRun run = before == null
                    ? null
                    : run(
                            table,
                            before,
                            now,
                            jobRun,
                            snapshot.maintenance().observed().lock(),
                            snapshot.observation().at());
            if (run != null) {
                status.ended(table.name(), run);
                news = true;
            }
        }
        if (news) {
            status.republish();
        }
    }

    /** Takes what a run by this process has left for known. */
    synchronized void know(Snapshot.Table table) {
        Registration registration = table.set() == null ? null : table.set().registration();
        Seen before = seen.get(table.name());
        if (registration != null && before != null) {
            seen.put(table.name(), new Seen(registration.maintenanceLastRun(), before.jobRun()));
        }
    }

    /** The last run of pg_cron's job that the sidecar keeps. */
    private @Nullable JobRun jobRun(Snapshot snapshot, Observation observation) {
        Cron cron = snapshot.maintenance().observed().cron();
        if (cron == null || settings.maintenance().scheduler() != Scheduler.PG_CRON) {
            return null;
        }
        String name = CronJob.nameFor(observation.server().database());
        return cron.jobs().stream()
                .filter(job -> name.equals(job.name()))
                .map(Job::lastRun)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    private static @Nullable MaintenanceRun run(
            Snapshot.Table table,
            Seen before,
            Seen now,
            @Nullable JobRun jobRun,
            @Nullable LockHolder lock,
            Instant at) {
        Instant last = now.lastRun();
        Instant earlier = before.lastRun();
        if (last != null && (earlier == null || last.isAfter(earlier))) {
            String missing = Maintenance.missing(table);
            return new MaintenanceRun(missing.isEmpty() ? Outcome.SUCCESS : Outcome.FAILURE, last, null, missing);
        }
        boolean jobEnded = jobRun != null && jobRun.id() != before.jobRun();
        if (last == null) {
            return earlier != null || jobEnded
                    ? new MaintenanceRun(Outcome.FAILURE, at, null, Maintenance.MARKED_AS_FAILED)
                    : null;
        }
        if (jobRun == null || !jobEnded || jobRun.started() == null || !last.isBefore(jobRun.started())) {
            return null;
        }
        if (jobRun.failed()) {
            return new MaintenanceRun(Outcome.FAILURE, at, null, "pg_cron's job failed: " + jobRun.message());
        }
        return new MaintenanceRun(
                Outcome.SKIPPED,
                at,
                null,
                "pg_cron's job returned without having maintained the set"
                        + (lock == null ? "" : "; pg_partman's maintenance lock is held by " + lock.words()));
    }
}
