package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.NOW;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import partman.sidecar.model.CronJob;
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
import partman.sidecar.model.Warning;
import partman.sidecar.model.Warning.Kind;
import partman.sidecar.plan.MaintenancePlanner.Runs;
import partman.sidecar.step.ScheduleJob;
import partman.sidecar.step.UpdateExtension;

class MaintenancePlannerTest {

    private static final CronJob WANTED = CronJob.of("my db", Given.PARTMAN, "0 * * * *");
    private static final Instant DUE = NOW.minus(Duration.ofMinutes(30));

    private static MaintenanceSpec spec(Scheduler scheduler) {
        return new MaintenanceSpec(true, scheduler, "0 * * * *", null, false, Given.LOCK_TIMEOUT);
    }

    private static ObservedServer server(String version, String offered) {
        return Given.server(new Extension.Installed(version, Given.PARTMAN, offered, true));
    }

    private static Runs runs(@Nullable Instant last) {
        return new Runs(true, last, DUE, NOW.minus(Duration.ofDays(1)), true);
    }

    private static final Runs RECENT = runs(NOW.minus(Duration.ofMinutes(5)));

    private static BackgroundWorker worker(String... databases) {
        return new BackgroundWorker(List.of(databases), Duration.ofMinutes(10), "keeper", true, false, "off", "on");
    }

    private static Job job(long id, @Nullable JobRun lastRun) {
        return new Job(
                id, WANTED.name(), WANTED.schedule(), WANTED.command(), WANTED.database(), "keeper", true, lastRun);
    }

    private static JobRun run(String status, Instant started) {
        return new JobRun(1, status, "what it said", started, started.plusSeconds(1));
    }

    private static Cron cron(Job... jobs) {
        return new Cron("jobs", true, "1.6", ZoneOffset.UTC, true, List.of(jobs), null);
    }

    private static MaintenancePlan plan(Scheduler scheduler, ObservedSchedulers observed) {
        return MaintenancePlanner.plan(spec(scheduler), Given.server(), observed, RECENT);
    }

    private static MaintenancePlan plan(Cron cron) {
        return plan(Scheduler.PG_CRON, new ObservedSchedulers(null, cron, null));
    }

    private static MaintenancePlan plan(BackgroundWorker worker, Runs runs) {
        return MaintenancePlanner.plan(
                spec(Scheduler.BGW), Given.server(), new ObservedSchedulers(worker, null, null), runs);
    }

    private static List<Kind> kinds(MaintenancePlan plan) {
        return plan.warnings().stream().map(Warning::kind).toList();
    }

    private static String text(MaintenancePlan plan) {
        assertThat(plan.warnings()).hasSize(1);
        return plan.warnings().getFirst().text();
    }

    @ParameterizedTest
    @CsvSource({"SIDECAR, true", "NONE,"})
    void hasNothingToDoOrToSayWhereNothingElseRuns(Scheduler scheduler, @Nullable Boolean up) {
        MaintenancePlan plan = plan(scheduler, ObservedSchedulers.NONE);

        assertThat(plan.isWork()).isFalse();
        assertThat(plan.warnings()).isEmpty();
        assertThat(plan.schedulerUp()).isEqualTo(up);
    }

    @Test
    void doesNotCallItselfAtWorkWhereAnotherProcessLeads() {
        MaintenancePlan plan = MaintenancePlanner.plan(
                spec(Scheduler.SIDECAR), Given.server(), ObservedSchedulers.NONE, new Runs(true, NOW, DUE, NOW, false));

        assertThat(plan.schedulerUp()).isNull();
    }

    @ParameterizedTest
    @EnumSource
    void saysNothingOfSchedulersOnAReplica(Scheduler scheduler) {
        ObservedServer replica = new ObservedServer(
                NOW, "17.12", "my db", "The Role", true, true, Given.server().extension());

        MaintenancePlan plan = MaintenancePlanner.plan(
                spec(scheduler), replica, new ObservedSchedulers(worker("my db"), cron(), null), RECENT);

        assertThat(plan.schedulerUp()).isNull();
        assertThat(plan.due()).isNull();
        assertThat(plan.warnings()).isEmpty();
        assertThat(plan.isWork()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(names = {"SIDECAR", "PG_CRON"})
    void takesMaintenanceForDueWhenTheCronExpressionSaysSo(Scheduler scheduler) {
        Runs never = new Runs(true, null, Instant.MIN, NOW, true);

        assertThat(plan(scheduler, ObservedSchedulers.NONE).due()).isEqualTo(DUE);
        assertThat(MaintenancePlanner.plan(spec(scheduler), Given.server(), ObservedSchedulers.NONE, never)
                        .due())
                .isNull();
    }

    @Test
    void takesMaintenanceForDueTwoIntervalsAfterTheBackgroundWorkersLastRun() {
        assertThat(plan(worker("my db"), RECENT).due()).isEqualTo(NOW.minus(Duration.ofMinutes(21)));
        assertThat(plan(Scheduler.BGW, ObservedSchedulers.NONE).due()).isNull();
    }

    @Test
    void takesNoMaintenanceForDueThatItDoesNotRun() {
        MaintenanceSpec looksOnly =
                new MaintenanceSpec(false, Scheduler.SIDECAR, "0 * * * *", null, false, Given.LOCK_TIMEOUT);

        assertThat(plan(Scheduler.NONE, ObservedSchedulers.NONE).due()).isNull();
        assertThat(MaintenancePlanner.plan(looksOnly, Given.server(), ObservedSchedulers.NONE, RECENT)
                        .due())
                .isNull();
    }

    @Test
    void schedulesTheJobThatIsNotThere() {
        MaintenancePlan plan = plan(cron());

        assertThat(plan.inCronDatabase())
                .singleElement()
                .satisfies(transaction -> assertThat(transaction.steps()).containsExactly(new ScheduleJob(WANTED)));
        assertThat(plan.cronDatabase()).isEqualTo("jobs");
        assertThat(plan.schedulerUp()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            1 * * * * | CALL "partman".run_maintenance_proc() | true
            0 * * * * | CALL "other".run_maintenance_proc()   | true
            0 * * * * | CALL "partman".run_maintenance_proc() | false
            """)
    void schedulesTheJobAnewThatDiffers(String schedule, String command, boolean active) {
        Job other = new Job(7, WANTED.name(), schedule, command, WANTED.database(), "keeper", active, null);

        MaintenancePlan plan = plan(cron(other));

        assertThat(plan.inCronDatabase()).hasSize(1);
    }

    @Test
    void leavesTheJobThatIsAsItShallBe() {
        MaintenancePlan plan = plan(cron(job(7, run("succeeded", NOW.minus(Duration.ofMinutes(20))))));

        assertThat(plan.isWork()).isFalse();
        assertThat(plan.schedulerUp()).isTrue();
        assertThat(plan.warnings()).isEmpty();
    }

    @Test
    void tellsWhatTheJobSaidWhenItFailed() {
        MaintenancePlan plan = plan(cron(job(7, run("failed", NOW.minus(Duration.ofMinutes(20))))));

        assertThat(plan.schedulerUp()).isFalse();
        assertThat(text(plan)).contains("job 7 failed").contains("what it said");
    }

    @Test
    void missesARunThatWasDue() {
        MaintenancePlan late = plan(cron(job(7, run("succeeded", DUE.minusSeconds(1)))));
        MaintenancePlan never = plan(cron(job(7, null)));
        MaintenancePlan inTime = plan(cron(job(7, run("succeeded", DUE))));

        assertThat(text(late)).contains("was due at");
        assertThat(text(never)).contains("its last run began never");
        assertThat(inTime.warnings()).isEmpty();
    }

    @Test
    void missesNoRunThatWasDueBeforeItLooked() {
        Runs since = new Runs(true, null, DUE, DUE, true);

        MaintenancePlan plan = MaintenancePlanner.plan(
                spec(Scheduler.PG_CRON), Given.server(), new ObservedSchedulers(null, cron(job(7, null)), null), since);

        assertThat(plan.warnings()).isEmpty();
    }

    @Test
    void tellsThatTheLauncherIsDeadThoughTheJobIsThere() {
        Job job = job(7, run("succeeded", NOW.minus(Duration.ofMinutes(20))));

        MaintenancePlan plan = plan(new Cron("jobs", false, "1.6", ZoneOffset.UTC, true, List.of(job), null));

        assertThat(plan.schedulerUp()).isFalse();
        assertThat(text(plan)).contains("launcher does not run").contains("cron.database_name = 'jobs'");
    }

    @Test
    void tellsWhatPgCronLacks() {
        assertThat(text(plan(new Cron("jobs", false, null, ZoneOffset.UTC, false, List.of(), null))))
                .contains("shared_preload_libraries = 'pg_cron'")
                .contains("CREATE EXTENSION pg_cron");
        assertThat(text(plan(new Cron("jobs", true, null, ZoneOffset.UTC, false, List.of(), null))))
                .isEqualTo("pg_cron is not created in database \"jobs\"; run there: CREATE EXTENSION pg_cron");
        assertThat(text(plan(new Cron("jobs", true, "1.6", ZoneOffset.UTC, false, List.of(), null))))
                .contains("GRANT EXECUTE ON FUNCTION cron.schedule_in_database")
                .contains("TO \"The Role\"");
        assertThat(text(plan(new Cron("jobs", true, null, ZoneOffset.UTC, false, List.of(), "no such database"))))
                .contains("no such database")
                .contains("partman.maintenance.cron-database");
        assertThat(text(plan(Scheduler.PG_CRON, ObservedSchedulers.NONE))).contains("pg_cron");
    }

    @Test
    void tellsOfAnotherJobBesideItsOwn() {
        Job own = job(7, run("succeeded", NOW));
        Job other = new Job(8, null, "0 4 * * *", "SELECT run_maintenance()", "my db", "dba", true, null);
        Job off = new Job(9, "off", "0 4 * * *", "SELECT run_maintenance()", "my db", "dba", false, null);

        MaintenancePlan plan = plan(cron(own, other, off));

        assertThat(plan.schedulerUp()).isTrue();
        assertThat(text(plan))
                .contains("job 8 of user dba")
                .contains("cron.unschedule(8)")
                .doesNotContain("(9)");
    }

    @Test
    void tellsOfItsOwnJobWhichIsLeftOver() {
        MaintenancePlan plan =
                plan(Scheduler.SIDECAR, new ObservedSchedulers(null, cron(job(7, run("succeeded", NOW))), null));

        assertThat(kinds(plan)).containsExactly(Kind.TWO_SCHEDULERS);
        assertThat(text(plan)).contains("in database \"jobs\" SELECT cron.unschedule(7)");
    }

    @ParameterizedTest
    @EnumSource(names = {"SIDECAR", "PG_CRON"})
    void tellsOfTheBackgroundWorkerBesideTheChosenScheduler(Scheduler scheduler) {
        Cron cron = scheduler == Scheduler.PG_CRON ? cron(job(7, run("succeeded", NOW))) : null;

        MaintenancePlan here = plan(scheduler, new ObservedSchedulers(worker("a", "my db"), cron, null));
        MaintenancePlan elsewhere = plan(scheduler, new ObservedSchedulers(worker("a"), cron, null));

        assertThat(kinds(here)).containsExactly(Kind.TWO_SCHEDULERS);
        assertThat(text(here)).contains("pg_partman_bgw.dbname (a,my db)");
        assertThat(elsewhere.warnings()).isEmpty();
    }

    @Test
    void leavesWhoeverRunsItAloneWhereNobodyIsChosen() {
        MaintenancePlan one = plan(Scheduler.NONE, new ObservedSchedulers(worker("my db"), null, null));
        MaintenancePlan two = plan(
                Scheduler.NONE, new ObservedSchedulers(worker("my db"), cron(job(7, run("succeeded", NOW))), null));

        assertThat(one.warnings()).isEmpty();
        assertThat(kinds(two)).containsExactly(Kind.TWO_SCHEDULERS);
    }

    @Test
    void judgesTheBackgroundWorkerByWhatItDid() {
        Duration longest = Duration.ofMinutes(21);

        MaintenancePlan alive = plan(worker("my db"), runs(NOW.minus(longest)));
        MaintenancePlan dead = plan(worker("my db"), runs(NOW.minus(longest).minusSeconds(1)));
        MaintenancePlan never = plan(worker("my db"), runs(null));
        MaintenancePlan idle = plan(worker("my db"), new Runs(false, null, DUE, Instant.EPOCH, true));
        MaintenancePlan young = plan(worker("my db"), new Runs(true, null, DUE, NOW.minus(longest), true));

        assertThat(alive.schedulerUp()).isTrue();
        assertThat(dead.schedulerUp()).isFalse();
        assertThat(text(dead)).contains("whose interval is 600 s");
        assertThat(never.schedulerUp()).isFalse();
        assertThat(idle.schedulerUp()).isTrue();
        assertThat(young.schedulerUp()).isTrue();
    }

    @Test
    void tellsWhatTheBackgroundWorkerLacks() {
        BackgroundWorker roleless =
                new BackgroundWorker(List.of("my db"), Duration.ofMinutes(10), "nobody", false, false, "off", "on");

        assertThat(text(plan(worker("a", "b"), RECENT))).contains("pg_partman_bgw.dbname = 'a,b,my db'");
        assertThat(text(plan(roleless, RECENT))).contains("nobody").contains("pg_partman_bgw.role = 'The Role'");
        assertThat(text(plan(Scheduler.BGW, ObservedSchedulers.NONE)))
                .contains("shared_preload_libraries = 'pg_partman_bgw'")
                .contains("pg_partman_bgw.dbname = 'my db'");
    }

    @ParameterizedTest
    @CsvSource({
        "false, 10, false",
        "false, 11, true",
        "true, 86400, false",
        ", 3600, false",
        ", 3601, true",
    })
    void tellsWhoHoldsTheLockAndDoesNothing(@Nullable Boolean works, long seconds, boolean stuck) {
        LockHolder holder = new LockHolder(4711, works, Duration.ofSeconds(seconds), "pid 4711, user joe");

        MaintenancePlan plan = plan(Scheduler.SIDECAR, new ObservedSchedulers(null, null, holder));

        assertThat(kinds(plan)).isEqualTo(stuck ? List.of(Kind.LOCK_STUCK) : List.of());
        if (stuck) {
            assertThat(text(plan)).contains("pid 4711, user joe").contains("pg_terminate_backend(4711)");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "5.4.3, true, true",
        "5.5.0, true, false",
        "5.5, true, false",
        "5.10.0, true, false",
        "5.2.4, false, false"
    })
    void warnsOfASuperusersBackgroundWorker(String version, boolean superuser, boolean warned) {
        BackgroundWorker worker = new BackgroundWorker(
                List.of("my db"), Duration.ofMinutes(10), "postgres", true, superuser, "off", "on");

        MaintenancePlan plan = MaintenancePlanner.plan(
                spec(Scheduler.BGW), server(version, version), new ObservedSchedulers(worker, null, null), RECENT);

        assertThat(kinds(plan)).isEqualTo(warned ? List.of(Kind.SECURITY_ADVISORY) : List.of());
        if (warned) {
            assertThat(text(plan)).contains("https://").contains("pg_partman_bgw.role");
        }
    }

    @Test
    void offersAnUpdateAndRunsItWhereItMay() {
        MaintenanceSpec may = new MaintenanceSpec(true, Scheduler.SIDECAR, "0 * * * *", null, true, Given.LOCK_TIMEOUT);

        MaintenancePlan offered = MaintenancePlanner.plan(
                spec(Scheduler.SIDECAR), server("5.2.4", "5.10.0"), ObservedSchedulers.NONE, RECENT);
        MaintenancePlan done = MaintenancePlanner.plan(may, server("5.2.4", "5.10.0"), ObservedSchedulers.NONE, RECENT);
        MaintenancePlan major = MaintenancePlanner.plan(may, server("5.2.4", "6.0.0"), ObservedSchedulers.NONE, RECENT);
        MaintenancePlan newer = MaintenancePlanner.plan(may, server("5.5.0", "5.2.4"), ObservedSchedulers.NONE, RECENT);

        assertThat(kinds(offered)).containsExactly(Kind.EXTENSION_UPDATE);
        assertThat(offered.isWork()).isFalse();
        assertThat(PlanText.of(offered)).contains("\n-- ALTER EXTENSION pg_partman UPDATE;");
        assertThat(done.here())
                .singleElement()
                .satisfies(
                        transaction -> assertThat(transaction.steps()).containsExactly(new UpdateExtension("5.10.0")));
        assertThat(PlanText.of(done)).contains("\nALTER EXTENSION pg_partman UPDATE;");
        assertThat(major.isWork()).isFalse();
        assertThat(text(major)).contains("upgrade notes");
        assertThat(newer.warnings()).isEmpty();
    }

    @Test
    void printsWhereTheJobIsScheduled() {
        String text = PlanText.of(plan(cron()));

        assertThat(text)
                .contains("-- in database \"jobs\", which has pg_cron's jobs")
                .contains("SELECT cron.schedule_in_database(")
                .contains("database => 'my db'");
    }
}
