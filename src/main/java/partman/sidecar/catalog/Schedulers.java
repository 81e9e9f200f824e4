package partman.sidecar.catalog;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.CronJob;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.ObservedSchedulers.BackgroundWorker;
import partman.sidecar.model.ObservedSchedulers.Cron;
import partman.sidecar.model.ObservedSchedulers.Job;
import partman.sidecar.model.ObservedSchedulers.JobRun;
import partman.sidecar.model.Scheduler;
import partman.sidecar.postgres.AdvisoryLock;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Row;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Looks for what runs pg_partman's maintenance besides the sidecar: pg_partman's background worker, and pg_cron. */
public final class Schedulers {

    /** Where pg_cron keeps its jobs unless told otherwise. */
    private static final String DEFAULT_CRON_DATABASE = "postgres";

    /**
     * {@code pg_settings} lists an extension's settings only where its library is loaded. Those of pg_cron are for members of
     * {@code pg_read_all_settings}; others see its launcher's connection at least.
     *
     * @see <a href="https://github.com/citusdata/pg_cron#setting-up-pg_cron">Setting up pg_cron</a>
     */
    private static final Sql SERVER = Sql.sql("""
            WITH settings AS MATERIALIZED (
                SELECT s.name, s.setting
                FROM pg_catalog.pg_settings AS s
                WHERE s.name LIKE 'pg\\_partman\\_bgw.%' OR s.name IN ('cron.database_name', 'cron.timezone'))
            SELECT pg_catalog.max(s.setting) FILTER (WHERE s.name = 'pg_partman_bgw.interval') AS bgw_seconds,
                   pg_catalog.max(s.setting) FILTER (WHERE s.name = 'pg_partman_bgw.dbname') AS bgw_databases,
                   pg_catalog.max(s.setting) FILTER (WHERE s.name = 'pg_partman_bgw.role') AS bgw_role,
                   pg_catalog.max(s.setting) FILTER (WHERE s.name = 'pg_partman_bgw.analyze') AS bgw_analyze,
                   pg_catalog.max(s.setting) FILTER (WHERE s.name = 'pg_partman_bgw.jobmon') AS bgw_jobmon,
                   (SELECT r.rolsuper
                    FROM pg_catalog.pg_roles AS r
                    WHERE r.rolname = (SELECT x.setting FROM settings AS x WHERE x.name = 'pg_partman_bgw.role'))
                       AS bgw_superuser,
                   pg_catalog.max(s.setting) FILTER (WHERE s.name = 'cron.database_name') AS cron_database,
                   pg_catalog.max(s.setting) FILTER (WHERE s.name = 'cron.timezone') AS cron_timezone,
                   (SELECT a.datname
                    FROM pg_catalog.pg_stat_activity AS a
                    WHERE a.application_name = 'pg_cron scheduler'
                      AND COALESCE(a.backend_type, 'pg_cron launcher') = 'pg_cron launcher'
                    LIMIT 1) AS launcher_database,
                   pg_catalog.current_database() AS database
            FROM settings AS s
            """);

    private static final Sql CRON = Sql.sql("""
            SELECT e.extversion,
                   EXISTS (
                       SELECT
                       FROM pg_catalog.pg_proc AS p
                       JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
                       WHERE n.nspname = 'cron'
                         AND p.proname = 'schedule_in_database'
                         AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                         AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')) AS may_use
            FROM (VALUES (1)) AS one
            LEFT JOIN pg_catalog.pg_extension AS e ON e.extname = 'pg_cron'
            """);

    /** Row-level security shows a role its own jobs only. A run that has not ended tells nothing yet. */
    private static final Sql JOBS = Sql.sql("""
            SELECT j.jobid, j.jobname, j.schedule, j.command, j.database, j.username, j.active,
                   d.runid, d.status, d.return_message,
                   (EXTRACT(EPOCH FROM d.start_time) * 1000)::bigint AS started_millis,
                   (EXTRACT(EPOCH FROM d.end_time) * 1000)::bigint AS ended_millis
            FROM cron.job AS j
            LEFT JOIN LATERAL (
                SELECT r.runid, r.status, r.return_message, r.start_time, r.end_time
                FROM cron.job_run_details AS r
                WHERE r.jobid = j.jobid AND r.status IN ('succeeded', 'failed')
                ORDER BY r.runid DESC
                LIMIT 1) AS d ON true
            WHERE j.database = :database
              AND (j.jobname = :name OR j.command ~* 'run_maintenance')
            ORDER BY j.jobid
            """);

    private Schedulers() {}

    /**
     * Looks at the server that the session is connected to. pg_cron is looked at where it is the chosen scheduler or where the
     * server shows that it has it.
     *
     * @param open connects to another database of the server
     */
    public static ObservedSchedulers observe(Session session, MaintenanceSpec spec, Function<String, Session> open) {
        Server server = session.requireOne(
                SERVER,
                row -> new Server(
                        backgroundWorker(row),
                        row.textOrNull("cron_database"),
                        row.textOrNull("launcher_database"),
                        timeZone(row.textOrNull("cron_timezone")),
                        row.text("database")));
        String told = spec.cronDatabase() != null ? spec.cronDatabase() : server.cronDatabase();
        String seen = told != null ? told : server.launcherDatabase();
        Cron cron = seen == null && spec.scheduler() != Scheduler.PG_CRON
                ? null
                : cron(
                        Objects.requireNonNullElse(seen, DEFAULT_CRON_DATABASE),
                        server.launcherDatabase() != null,
                        server.timeZone(),
                        server.database(),
                        open);
        return new ObservedSchedulers(
                server.backgroundWorker(),
                cron,
                LockHolders.find(session, AdvisoryLock.MAINTENANCE).orElse(null));
    }

    private record Server(
            @Nullable BackgroundWorker backgroundWorker,
            @Nullable String cronDatabase,
            @Nullable String launcherDatabase,
            ZoneId timeZone,
            String database) {}

    /** PostgreSQL knows zones that Java does not, by a rule such as {@code EST5EDT4,M3.2.0,M11.1.0}: they count as UTC. */
    private static ZoneId timeZone(@Nullable String setting) {
        try {
            return setting == null ? ZoneOffset.UTC : ZoneId.of(setting);
        } catch (DateTimeException e) {
            return ZoneOffset.UTC;
        }
    }

    private static @Nullable BackgroundWorker backgroundWorker(Row row) {
        String seconds = row.textOrNull("bgw_seconds");
        if (seconds == null) {
            return null;
        }
        String superuser = row.textOrNull("bgw_superuser");
        return new BackgroundWorker(
                names(row.textOrNull("bgw_databases")),
                Duration.ofSeconds(Long.parseLong(seconds)),
                row.text("bgw_role"),
                superuser != null,
                "t".equals(superuser),
                row.text("bgw_analyze"),
                row.text("bgw_jobmon"));
    }

    /** The names in a list such as {@code shared_preload_libraries}, without quotes. */
    private static List<String> names(@Nullable String list) {
        List<String> names = new ArrayList<>();
        for (String name : list == null ? new String[0] : list.split(",", -1)) {
            String plain = name.strip();
            boolean quoted = plain.length() > 1 && plain.startsWith("\"") && plain.endsWith("\"");
            if (!plain.isEmpty()) {
                names.add(quoted ? plain.substring(1, plain.length() - 1).replace("\"\"", "\"") : plain);
            }
        }
        return List.copyOf(names);
    }

    private static Cron cron(
            String cronDatabase,
            boolean launcherLives,
            ZoneId timeZone,
            String database,
            Function<String, Session> open) {
        try (Session session = open.apply(cronDatabase)) {
            Extension extension =
                    session.requireOne(CRON, row -> new Extension(row.textOrNull("extversion"), row.flag("may_use")));
            return new Cron(
                    cronDatabase,
                    launcherLives,
                    extension.version(),
                    timeZone,
                    extension.mayUse(),
                    extension.version() == null ? List.of() : jobs(session, database),
                    null);
        } catch (DatabaseException e) {
            return new Cron(
                    cronDatabase,
                    launcherLives,
                    null,
                    timeZone,
                    false,
                    List.of(),
                    String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
    }

    private record Extension(@Nullable String version, boolean mayUse) {}

    private static List<Job> jobs(Session session, String database) {
        return session.query(
                JOBS.bind("database", database).bind("name", CronJob.nameFor(database)),
                row -> new Job(
                        row.number("jobid"),
                        row.textOrNull("jobname"),
                        row.text("schedule"),
                        row.text("command"),
                        row.text("database"),
                        row.text("username"),
                        row.flag("active"),
                        row.numberOrNull("runid") == null
                                ? null
                                : new JobRun(
                                        row.number("runid"),
                                        row.text("status"),
                                        Objects.requireNonNullElse(row.textOrNull("return_message"), ""),
                                        instant(row.numberOrNull("started_millis")),
                                        instant(row.numberOrNull("ended_millis")))));
    }

    private static @Nullable Instant instant(@Nullable Long millis) {
        return millis == null ? null : Instant.ofEpochMilli(millis);
    }
}
