package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.ObservedSchedulers.Cron;
import partman.sidecar.model.Scheduler;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.Session;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.TestDatabase;

/** What the sidecar sees of others that run maintenance. */
@Postgres
class SchedulersTest {

    private static ObservedSchedulers observe(
            TestDatabase database, Scheduler scheduler, @Nullable String cronDatabase) {
        return observe(database.database(), scheduler, cronDatabase);
    }

    private static ObservedSchedulers observe(Database database, Scheduler scheduler, @Nullable String cronDatabase) {
        MaintenanceSpec spec =
                new MaintenanceSpec(true, scheduler, "0 * * * *", cronDatabase, false, Duration.ofMillis(500));
        try (Session session = database.open()) {
            return Schedulers.observe(session, spec, name -> database.openElsewhere(name, Duration.ofSeconds(5)));
        }
    }

    @Test
    void seesNothingWhereNothingIsLoaded(TestDatabase database) {
        ObservedSchedulers observed = observe(database, Scheduler.SIDECAR, null);

        assertThat(observed).isEqualTo(ObservedSchedulers.NONE);
    }

    @Test
    void looksForPgCronWhereItIsToldTo(TestDatabase database) {
        Cron absent = Objects.requireNonNull(
                observe(database, Scheduler.PG_CRON, null).cron());
        Cron nowhere = Objects.requireNonNull(
                observe(database, Scheduler.PG_CRON, "no such database").cron());

        assertThat(absent.database()).isEqualTo("postgres");
        assertThat(absent.version()).isNull();
        assertThat(absent.launcherLives()).isFalse();
        assertThat(nowhere.failure()).contains("\"no such database\" does not exist");
    }

    @Test
    void seesWhoHoldsTheMaintenanceLockAndWhetherHeWorks(TestDatabase database) {
        Client holder = database.client();
        holder.execute(
                "SET application_name = 'somebody'",
                "SELECT pg_advisory_lock(hashtext('pg_partman run_maintenance procedure')) /* 'a value' */");

        ObservedSchedulers.LockHolder lock = Objects.requireNonNull(
                observe(database, Scheduler.SIDECAR, null).lock());

        assertThat(lock.pid()).isEqualTo(holder.pid());
        assertThat(lock.works()).isFalse();
        assertThat(lock.words())
                .contains("application somebody")
                .contains("pg_advisory_lock")
                .doesNotContain("a value");
    }

    @Test
    void noticesThatPgCronsLauncherIsGone(Server version) {
        try (PostgresServer server = PostgresServer.startOwn(
                version,
                Map.of("PRELOAD", "pg_cron", "POSTGRES_DB", "jobs", "CRON_DB", "jobs"),
                "cron.timezone=Asia/Kolkata")) {
            Client cron = server.initialDatabase("jobs").client();
            cron.execute("CREATE EXTENSION pg_cron");
            TestDatabase database = server.createDatabase();
            Database pool = database.database();
            Cron before = Objects.requireNonNull(
                    observe(pool, Scheduler.SIDECAR, null).cron());

            // the server starts it again after a second
            Awaitility.await("it is seen to be gone")
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> {
                        cron.single(
                                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'pg_cron launcher'");
                        return !Objects.requireNonNull(
                                        observe(pool, Scheduler.SIDECAR, null).cron())
                                .launcherLives();
                    });

            assertThat(before.launcherLives()).isTrue();
            assertThat(before.database()).isEqualTo("jobs");
            assertThat(before.version()).isNotNull();
            assertThat(before.timeZone()).isEqualTo(ZoneId.of("Asia/Kolkata"));
            assertThat(before.mayUse()).isTrue();
        }
    }

    @Test
    void findsPgCronByItsLauncherWhereItsSettingsAreHidden(Server version) {
        try (PostgresServer server = PostgresServer.startOwn(
                version,
                Map.of("PRELOAD", "pg_cron", "POSTGRES_DB", "jobs", "CRON_DB", "jobs"),
                "cron.timezone=Asia/Kolkata")) {
            server.initialDatabase("jobs").execute("CREATE EXTENSION pg_cron");
            TestDatabase database = server.createDatabase();
            database.createRole("somebody");

            Cron cron = Objects.requireNonNull(observe(database.database("somebody"), Scheduler.SIDECAR, null)
                    .cron());

            assertThat(cron.database()).isEqualTo("jobs");
            assertThat(cron.timeZone()).isEqualTo(ZoneOffset.UTC);
            assertThat(cron.failure()).contains("permission denied for schema cron");
        }
    }
}
