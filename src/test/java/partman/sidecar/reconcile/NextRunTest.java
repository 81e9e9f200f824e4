package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.CronJob;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.Scheduler;

class NextRunTest {

    private static final Instant NOW = Instant.parse("2026-03-10T12:34:56Z");
    private static final Instant LAST = Instant.parse("2026-03-10T12:10:00Z");

    private boolean applies = true;
    private boolean inRecovery;
    private ZoneId cronTimeZone = ZoneOffset.UTC;
    private ObservedSchedulers schedulers = ObservedSchedulers.NONE;

    private @Nullable Instant next(Scheduler scheduler) {
        return next(scheduler, LAST);
    }

    private @Nullable Instant next(Scheduler scheduler, @Nullable Instant lastRun) {
        return NextRun.after(
                new MaintenanceSpec(applies, scheduler, "15 * * * *", null, false, Duration.ofMillis(500)),
                new ObservedServer(
                        NOW, "17.11", "lago", "sidecar", inRecovery, true, new ObservedServer.Extension.Unavailable()),
                schedulers,
                lastRun);
    }

    private void job(String name, String schedule, boolean active, boolean launcherLives) {
        var job = new ObservedSchedulers.Job(1, name, schedule, "CALL …", "lago", "sidecar", active, null);
        var cron =
                new ObservedSchedulers.Cron("postgres", launcherLives, "1.6", cronTimeZone, true, List.of(job), null);
        schedulers = new ObservedSchedulers(null, cron, null);
    }

    private void worker(String database) {
        schedulers = new ObservedSchedulers(
                new ObservedSchedulers.BackgroundWorker(
                        List.of(database), Duration.ofHours(1), "keeper", true, false, "off", "on"),
                null,
                null);
    }

    @Test
    void theSidecarRunsByItsCronExpression() {
        assertThat(next(Scheduler.SIDECAR)).isEqualTo("2026-03-10T13:15:00Z");
    }

    @Test
    void nobodyRunsOnAReplicaNorWhileTheSidecarOnlyLooks() {
        inRecovery = true;
        assertThat(next(Scheduler.SIDECAR)).isNull();

        inRecovery = false;
        applies = false;
        assertThat(next(Scheduler.SIDECAR)).isNull();
    }

    @Test
    void pgCronRunsByItsJobsOwnSchedule() {
        job(CronJob.nameFor("lago"), "40 * * * *", true, true);

        assertThat(next(Scheduler.PG_CRON)).isEqualTo("2026-03-10T12:40:00Z");
    }

    @Test
    void pgCronReadsSchedulesInItsOwnTimeZone() {
        cronTimeZone = ZoneId.of("Asia/Kolkata");
        job(CronJob.nameFor("lago"), "40 * * * *", true, true);

        assertThat(next(Scheduler.PG_CRON)).isEqualTo("2026-03-10T13:10:00Z");
    }

    @Test
    void whenPgCronRunsIsNotKnownWithoutALivingJobOfAReadableSchedule() {
        assertThat(next(Scheduler.PG_CRON)).isNull();

        job("another", "40 * * * *", true, true);
        assertThat(next(Scheduler.PG_CRON)).isNull();

        job(CronJob.nameFor("lago"), "40 * * * *", false, true);
        assertThat(next(Scheduler.PG_CRON)).isNull();

        job(CronJob.nameFor("lago"), "40 * * * *", true, false);
        assertThat(next(Scheduler.PG_CRON)).isNull();

        job(CronJob.nameFor("lago"), "30 seconds", true, true);
        assertThat(next(Scheduler.PG_CRON)).isNull();
    }

    @Test
    void theBackgroundWorkerRunsAnIntervalAfterItsLastRun() {
        worker("lago");

        assertThat(next(Scheduler.BGW)).isEqualTo("2026-03-10T13:10:00Z");
        assertThat(next(Scheduler.BGW, null)).isNull();

        worker("other");
        assertThat(next(Scheduler.BGW)).isNull();
    }

    @Test
    void nothingIsKnownOfAnUnknownScheduler() {
        assertThat(next(Scheduler.NONE)).isNull();
    }
}
