package partman.sidecar.plan;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.CronJob;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.ObservedSchedulers.BackgroundWorker;
import partman.sidecar.model.ObservedSchedulers.Cron;
import partman.sidecar.model.ObservedSchedulers.Job;
import partman.sidecar.model.ObservedSchedulers.JobRun;
import partman.sidecar.model.ObservedSchedulers.LockHolder;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.Version;
import partman.sidecar.model.Warning;
import partman.sidecar.step.ScheduleJob;
import partman.sidecar.step.Step;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdateExtension;

/** Plans what has to do with all sets at once: who runs their maintenance, and with which version of pg_partman. */
public final class MaintenancePlanner {

    /** A session that has done nothing for so long while it holds pg_partman's lock has forgotten it. */
    static final Duration STUCK_AFTER = Duration.ofSeconds(10);

    /** Where the role may not see whether the holder works: no maintenance is expected to take that long. */
    static final Duration HIDDEN_STUCK_AFTER = Duration.ofHours(1);

    /** A run of the background worker may begin later than its interval says, and take its time. */
    private static final Duration WORKER_GRACE = Duration.ofMinutes(1);

    private static final String DEFAULT_WORKER_SECONDS = "3600";

    private static final Version FIRST_WITH_SAFER_WORKER = Version.parse("5.5.0");

    private static final String ADVISORY = "https://pgxn.org/dist/pg_partman/5.5.0/CHANGELOG.html";

    private final MaintenanceSpec spec;
    private final ObservedServer server;
    private final ObservedSchedulers observed;
    private final Runs runs;
    private final List<Warning> warnings = new ArrayList<>();

    private MaintenancePlanner(MaintenanceSpec spec, ObservedServer server, ObservedSchedulers observed, Runs runs) {
        this.spec = spec;
        this.server = server;
        this.observed = observed;
        this.runs = runs;
    }

    /**
     * What is known of maintenance that was run.
     *
     * @param expected whether there is a set that a scheduler is to maintain
     * @param last the newest {@code maintenance_last_run}, or null if none is known
     * @param due the last moment at which the cron expression asked for a run that should have begun by now; {@link Instant#MIN} if
     *     there was none
     * @param watchedSince since when the sidecar has been looking: what was due before says nothing of the scheduler
     * @param leads whether this process is the one that may change the database
     */
    public record Runs(boolean expected, @Nullable Instant last, Instant due, Instant watchedSince, boolean leads) {}

    /** The plan for the server as it was observed. */
    public static MaintenancePlan plan(
            MaintenanceSpec spec, ObservedServer server, ObservedSchedulers observed, Runs runs) {
        return new MaintenancePlanner(spec, server, observed, runs).plan();
    }

    private MaintenancePlan plan() {
        List<Transaction> here = new ArrayList<>();
        List<Transaction> inCronDatabase = new ArrayList<>();
        List<Transaction> offered = new ArrayList<>();
        Boolean up = null;
        Instant due = null;
        if (server.extension() instanceof Extension.Installed installed) {
            update(installed, here, offered);
            adviseOn(installed);
            if (!server.inRecovery()) {
                up = up(installed, inCronDatabase);
                due = due();
                findOthers();
            }
        }
        findStuckLock();
        Cron cron = observed.cron();
        return new MaintenancePlan(
                observed,
                spec.scheduler(),
                here,
                cron == null ? "" : cron.database(),
                inCronDatabase,
                offered,
                up,
                due,
                warnings);
    }

    private void warn(Warning.Kind kind, String text) {
        warnings.add(new Warning(kind, text));
    }

    private Transaction transaction(Step step) {
        return Transaction.of(step, spec.lockTimeout());
    }

    private void update(Extension.Installed installed, List<Transaction> here, List<Transaction> offered) {
        Version present = Version.parse(installed.version());
        Version available = Version.parse(installed.defaultVersion());
        if (available.compareTo(present) <= 0) {
            return;
        }
        boolean safe = available.major() == present.major();
        boolean done = safe && spec.updateExtension();
        warn(
                Warning.Kind.EXTENSION_UPDATE,
                "pg_partman %s is installed, and the server offers %s: %s"
                        .formatted(
                                installed.version(),
                                installed.defaultVersion(),
                                done
                                        ? "it is updated"
                                        : safe
                                                ? "read its release notes, then set partman.extension.update to true, or run: ALTER EXTENSION pg_partman UPDATE"
                                                : "a new major version, so read its upgrade notes, then run: ALTER EXTENSION pg_partman UPDATE"));
        (done ? here : offered).add(transaction(new UpdateExtension(installed.defaultVersion())));
    }

    private void adviseOn(Extension.Installed installed) {
        BackgroundWorker worker = observed.backgroundWorker();
        if (worker != null
                && worker.roleIsSuperuser()
                && Version.parse(installed.version()).compareTo(FIRST_WITH_SAFER_WORKER) < 0) {
            warn(
                    Warning.Kind.SECURITY_ADVISORY,
                    "pg_partman %s runs its background worker as superuser %s, by which who owns a partitioned table may gain that role's rights: set pg_partman_bgw.role to a role that is no superuser and owns the tables, and update to 5.5.0 or later (%s)"
                            .formatted(installed.version(), new Identifier(worker.role()), ADVISORY));
        }
    }

    /** Whether the chosen scheduler is at work; what keeps it from it becomes a warning. */
    private @Nullable Boolean up(Extension.Installed installed, List<Transaction> inCronDatabase) {
        return switch (spec.scheduler()) {
            case SIDECAR -> runs.leads() ? Boolean.TRUE : null;
            case NONE -> null;
            case PG_CRON -> isUp(cronFault(installed, inCronDatabase));
            case BGW -> isUp(workerFault());
        };
    }

    /** Since when every set should have been maintained by the chosen scheduler; null if this process knows of none that works here. */
    private @Nullable Instant due() {
        return switch (spec.scheduler()) {
            case SIDECAR -> spec.applies() ? cronDue() : null;
            case PG_CRON -> cronDue();
            case BGW -> observed.backgroundWorker() == null ? null : workerDue(observed.backgroundWorker());
            case NONE -> null;
        };
    }

    private @Nullable Instant cronDue() {
        return runs.due().equals(Instant.MIN) ? null : runs.due();
    }

    private Instant workerDue(BackgroundWorker worker) {
        return server.now().minus(worker.interval().multipliedBy(2)).minus(WORKER_GRACE);
    }

    private boolean isUp(@Nullable String fault) {
        if (fault != null) {
            warn(Warning.Kind.SCHEDULER_DOWN, fault);
        }
        return fault == null;
    }

    private @Nullable String cronFault(Extension.Installed installed, List<Transaction> inCronDatabase) {
        Cron cron = observed.cron();
        String role = new Identifier(server.role()).sql();
        if (cron == null) {
            return "nothing tells of pg_cron";
        }
        String database = new Identifier(cron.database()).sql();
        if (cron.failure() != null) {
            return "pg_cron's jobs in database %s can't be read: %s; GRANT CONNECT ON DATABASE %s TO %s, there GRANT USAGE ON SCHEMA cron TO %s, or name the right database by partman.maintenance.cron-database"
                    .formatted(cron.database(), cron.failure(), database, role, role);
        }
        String lines =
                "put shared_preload_libraries = 'pg_cron' (behind those that are there) and cron.database_name = %s into postgresql.conf and restart the server"
                        .formatted(Literal.of(cron.database()).sql());
        if (cron.version() == null) {
            return cron.launcherLives()
                    ? "pg_cron is not created in database %s; run there: CREATE EXTENSION pg_cron".formatted(database)
                    : "pg_cron is not there: %s, then run in database %s: CREATE EXTENSION pg_cron"
                            .formatted(lines, database);
        }
        CronJob wanted = CronJob.of(server.database(), installed.schema(), spec.cron());
        Job job = cron.jobs().stream()
                .filter(present -> present.is(wanted))
                .findFirst()
                .orElse(null);
        if (job == null && cron.mayUse()) {
            inCronDatabase.add(transaction(new ScheduleJob(wanted)));
        }
        if (!cron.mayUse()) {
            return "%s may not schedule pg_cron's jobs; run in database %s: GRANT USAGE ON SCHEMA cron TO %s; GRANT EXECUTE ON FUNCTION cron.schedule_in_database(text, text, text, text, text, boolean) TO %s"
                    .formatted(server.role(), database, role, role);
        }
        if (!cron.launcherLives()) {
            return "pg_cron's launcher does not run, so no job does: %s, or look into its log".formatted(lines);
        }
        if (job == null) {
            return "pg_cron has no job “%s” at %s yet%s"
                    .formatted(wanted.name(), wanted.schedule(), spec.applies() ? "" : "; partman.mode is not apply");
        }
        return jobFault(job);
    }

    private @Nullable String jobFault(Job job) {
        JobRun last = job.lastRun();
        if (last != null && last.failed()) {
            return "pg_cron's job %d failed at %s: %s".formatted(job.id(), last.ended(), last.message());
        }
        Instant started = last == null ? null : last.started();
        if (isLate(started, runs.due())) {
            return "pg_cron's job %d was due at %s, and its last run began %s; look into the server's log, and at cron.launch_active_jobs and cron.max_running_jobs"
                    .formatted(job.id(), runs.due(), started == null ? "never" : "at " + started);
        }
        return null;
    }

    private boolean isLate(@Nullable Instant last, Instant due) {
        return runs.watchedSince().isBefore(due) && (last == null || last.isBefore(due));
    }

    private @Nullable String workerFault() {
        BackgroundWorker worker = observed.backgroundWorker();
        String database = server.database();
        if (worker == null) {
            return "pg_partman's background worker is not loaded: put into postgresql.conf shared_preload_libraries = 'pg_partman_bgw' (behind those that are there), pg_partman_bgw.dbname = %s, pg_partman_bgw.role = %s, pg_partman_bgw.interval = %s, and restart the server"
                    .formatted(
                            Literal.of(database).sql(),
                            Literal.of(server.role()).sql(),
                            DEFAULT_WORKER_SECONDS);
        }
        if (!worker.serves(database)) {
            List<String> databases = new ArrayList<>(worker.databases());
            databases.add(database);
            return "pg_partman's background worker does not serve this database: put pg_partman_bgw.dbname = %s into postgresql.conf and run: SELECT pg_reload_conf()"
                    .formatted(Literal.of(String.join(",", databases)).sql());
        }
        if (!worker.roleExists()) {
            return "the role of pg_partman's background worker, %s, does not exist: put pg_partman_bgw.role = %s into postgresql.conf and run: SELECT pg_reload_conf()"
                    .formatted(worker.role(), Literal.of(server.role()).sql());
        }
        if (runs.expected() && isLate(runs.last(), workerDue(worker))) {
            return "pg_partman's background worker, whose interval is %s s, last maintained a set %s; look into the server's log for pg_partman"
                    .formatted(worker.interval().toSeconds(), runs.last() == null ? "never" : "at " + runs.last());
        }
        return null;
    }

    /** Schedulers beside the chosen one. Each would be right alone; together they get in each other's way. */
    private void findOthers() {
        List<String> others = new ArrayList<>();
        BackgroundWorker worker = observed.backgroundWorker();
        if (worker != null && worker.serves(server.database()) && spec.scheduler() != Scheduler.BGW) {
            others.add(
                    "pg_partman's background worker maintains this database too: take it out of pg_partman_bgw.dbname (%s) and run SELECT pg_reload_conf(), or set partman.maintenance.scheduler to bgw"
                            .formatted(String.join(",", worker.databases())));
        }
        Cron cron = observed.cron();
        if (cron != null) {
            findOtherJobs(cron, others);
        }
        boolean chosen =
                spec.scheduler() != Scheduler.NONE && (spec.scheduler() != Scheduler.SIDECAR || spec.applies());
        if (!others.isEmpty() && (chosen || others.size() > 1)) {
            warn(Warning.Kind.TWO_SCHEDULERS, String.join("; ", others));
        }
    }

    private void findOtherJobs(Cron cron, List<String> others) {
        boolean foundOwn = false;
        for (Job job : cron.jobs()) {
            boolean own = spec.scheduler() == Scheduler.PG_CRON
                    && !foundOwn
                    && CronJob.nameFor(server.database()).equals(job.name());
            foundOwn |= own;
            if (job.active() && !own) {
                others.add(
                        "pg_cron's job %d%s of user %s maintains this database too, at %s: run in database %s SELECT cron.unschedule(%d)%s"
                                .formatted(
                                        job.id(),
                                        job.name() == null ? "" : " “" + job.name() + "”",
                                        job.user(),
                                        job.schedule(),
                                        new Identifier(cron.database()).sql(),
                                        job.id(),
                                        spec.scheduler() == Scheduler.PG_CRON
                                                ? ""
                                                : ", or set partman.maintenance.scheduler to pg-cron"));
            }
        }
    }

    private void findStuckLock() {
        LockHolder holder = observed.lock();
        if (holder == null) {
            return;
        }
        Boolean works = holder.works();
        boolean stuck = works == null
                ? holder.since().compareTo(HIDDEN_STUCK_AFTER) > 0
                : !works && holder.since().compareTo(STUCK_AFTER) > 0;
        if (stuck) {
            warn(
                    Warning.Kind.LOCK_STUCK,
                    "a session holds pg_partman's maintenance lock and does nothing, so no maintenance can run: %s; end it: SELECT pg_terminate_backend(%d)"
                            .formatted(holder.words(), holder.pid()));
        }
    }
}
