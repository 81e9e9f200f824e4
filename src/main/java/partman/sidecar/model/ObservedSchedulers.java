package partman.sidecar.model;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the server has besides the sidecar that runs pg_partman's maintenance of this database, or could.
 *
 * @param backgroundWorker null if the server has not loaded it
 * @param cron null if nothing tells of pg_cron
 * @param lock who holds pg_partman's maintenance lock, or null if nobody does
 */
public record ObservedSchedulers(
        @Nullable BackgroundWorker backgroundWorker,
        @Nullable Cron cron,
        @Nullable LockHolder lock) {

    /** Nothing of the kind. */
    public static final ObservedSchedulers NONE = new ObservedSchedulers(null, null, null);

    /** The time zone in which the chosen scheduler reads a cron expression. */
    public ZoneId timeZone(Scheduler chosen) {
        return chosen == Scheduler.PG_CRON && cron != null ? cron.timeZone() : ZoneOffset.UTC;
    }

    /**
     * pg_partman's background worker, as the server's settings {@code pg_partman_bgw.…} describe it. Its master process shows
     * in no view, so whether it lives only its work can tell.
     *
     * @param databases whose maintenance it runs
     * @param interval from one run to the next
     * @param roleExists whether its role is there, without which no run succeeds
     */
    public record BackgroundWorker(
            List<String> databases,
            Duration interval,
            String role,
            boolean roleExists,
            boolean roleIsSuperuser,
            String analyze,
            String jobmon) {

        /** Whether it maintains this database. */
        public boolean serves(String database) {
            return databases.contains(database);
        }
    }

    /**
     * pg_cron, whose jobs are kept in one database for all.
     *
     * @param database that has the jobs
     * @param launcherLives whether the process that starts the jobs is there
     * @param version of the extension in that database, or null if it is not created, or if the database can't be looked into
     * @param timeZone that schedules are meant in; UTC if the role may not know
     * @param mayUse whether the role may schedule jobs
     * @param jobs those that maintain this database, as far as the role may see them
     * @param failure why the database can't be looked into, or null if it can
     */
    public record Cron(
            String database,
            boolean launcherLives,
            @Nullable String version,
            ZoneId timeZone,
            boolean mayUse,
            List<Job> jobs,
            @Nullable String failure) {}

    /**
     * A job of pg_cron's.
     *
     * @param user whose rights it runs with
     * @param lastRun null if none has begun
     */
    public record Job(
            long id,
            @Nullable String name,
            String schedule,
            String command,
            String database,
            String user,
            boolean active,
            @Nullable JobRun lastRun) {

        /** Whether it is this one, switched on; whose rights it runs with does not matter. */
        public boolean is(CronJob wanted) {
            return active
                    && Objects.equals(name, wanted.name())
                    && schedule.equals(wanted.schedule())
                    && command.equals(wanted.command())
                    && database.equals(wanted.database());
        }
    }

    /**
     * One run of a job.
     *
     * @param status pg_cron's word for it: {@code running}, {@code succeeded}, {@code failed} …
     * @param message what the command returned, or why it failed
     */
    public record JobRun(
            long id,
            String status,
            String message,
            @Nullable Instant started,
            @Nullable Instant ended) {

        public boolean succeeded() {
            return status.equals("succeeded");
        }

        public boolean failed() {
            return status.equals("failed");
        }
    }

    /**
     * The session that holds pg_partman's maintenance lock.
     *
     * @param works whether it is in the middle of a statement; null if the role may not know
     * @param since how long it has been doing what it does, or been idle; since it connected, if the role may not know
     * @param words process id, user, application, age and last query
     */
    public record LockHolder(int pid, @Nullable Boolean works, Duration since, String words) {}
}
