package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.CronJob;
import partman.sidecar.postgres.Sql;

/**
 * Has pg_cron run a job, with the rights of the sidecar's role; one that it has by that name is changed. Runs in the database
 * that has pg_cron's jobs. Takes row locks on these.
 *
 * @see <a href="https://github.com/citusdata/pg_cron">pg_cron</a>
 */
public record ScheduleJob(CronJob job) implements Step {

    private static final Sql SCHEDULE = sql("""
            SELECT cron.schedule_in_database(
                job_name => :name,
                schedule => :schedule,
                command => :command,
                database => :database,
                active => true)
            """);

    @Override
    public String summary() {
        return "schedule pg_cron's job “%s” at %s".formatted(job.name(), job.schedule());
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(SCHEDULE.bind("name", job.name())
                .bind("schedule", job.schedule())
                .bind("command", job.command())
                .bind("database", job.database())));
    }
}
