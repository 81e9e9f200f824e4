package partman.sidecar.model;

/**
 * The one job that pg_cron is to have for a database's maintenance.
 *
 * @param name by which it is found again; unique for each role
 * @param schedule a five-field cron expression
 * @param database where the command runs, which need not be the one that has the jobs
 */
public record CronJob(String name, String schedule, String command, String database) {

    /** The job that maintains every set of a database. {@code run_maintenance_proc} commits after each set. */
    public static CronJob of(String database, Identifier partman, String schedule) {
        return new CronJob(
                nameFor(database), schedule, "CALL %s.run_maintenance_proc()".formatted(partman.sql()), database);
    }

    /** The name of the job for a database. */
    public static String nameFor(String database) {
        return "partman-sidecar: maintenance of " + database;
    }
}
