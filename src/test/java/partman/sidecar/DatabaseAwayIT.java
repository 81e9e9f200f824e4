package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The service while its database is away. */
class DatabaseAwayIT {

    private static final String TABLE = "public.enriched_events";

    private static SidecarProcess serviceOn(TestDatabase database) {
        return SidecarProcess.service(Map.of("DATABASE_URL", database.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "1s"));
    }

    @Test
    void waitsForADatabaseThatIsAwayAtTheStart() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
            TestDatabase database = server.createDatabase();
            TableShapes.lagoPlain(database);
            TableShapes.loadLagoRows(database, 1000, 3);
            server.stop();

            try (SidecarProcess sidecar = serviceOn(database)) {
                assertStaysUpWithoutDatabase(sidecar, Duration.ofSeconds(15));
                server.start();

                assertRecovers(sidecar);
                assertThat(TableShapes.content(database, QualifiedName.of("public", "enriched_events"))
                                .rows())
                        .isEqualTo(1000);
                assertThat(sidecar.output().lines())
                        .filteredOn(line -> !line.contains(" step=") && !line.contains(" conversion phase="))
                        .as("what is not about steps of the conversion")
                        .hasSizeLessThan(20);
            }
        }
    }

    @Test
    void staysUpWhileTheDatabaseIsShutDown() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG18)) {
            TestDatabase database = server.createDatabase();
            TableShapes.lagoRegistered(database);

            try (SidecarProcess sidecar = serviceOn(database)) {
                sidecar.awaitState(TABLE, "healthy");
                long linesBefore = sidecar.output().lines().count();
                server.stop();
                assertStaysUpWithoutDatabase(sidecar, Duration.ofSeconds(15));
                assertThat(sidecar.state(TABLE)).as("as last observed").isEqualTo("healthy");
                server.start();

                assertRecovers(sidecar);
                assertThat(sidecar.output().lines().count() - linesBefore).isLessThan(10);
                assertThat(sidecar.lines("database not usable")).isNotEmpty();
                assertThat(sidecar.lines("\tat ")).isEmpty();
            }
        }
    }

    @Test
    void recoversAfterTheDatabaseWasKilled() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
            TestDatabase database = server.createDatabase();
            TableShapes.lagoRegistered(database);

            try (SidecarProcess sidecar = serviceOn(database)) {
                sidecar.awaitState(TABLE, "healthy");
                long linesBefore = sidecar.output().lines().count();
                server.kill();
                assertStaysUpWithoutDatabase(sidecar, Duration.ofSeconds(5));
                server.start();

                assertRecovers(sidecar);
                assertThat(sidecar.metric("partman_leader")).hasValue(1);
                assertThat(sidecar.output().lines().count() - linesBefore).isLessThan(10);
                assertThat(sidecar.lines("\tat ")).isEmpty();
            }
        }
    }

    @Test
    void keepsNoOtherProcessOutOnceItsConnectionsWereEnded() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
            TestDatabase database = server.createDatabase();
            TableShapes.lagoRegistered(database);

            try (SidecarProcess sidecar = serviceOn(database)) {
                sidecar.awaitState(TABLE, "healthy");
                double before =
                        sidecar.metric("partman_observation_timestamp_seconds").orElseThrow();
                database.query("""
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'partman-sidecar' AND datname = current_database()
                        """);

                sidecar.await(
                        "another look as leader",
                        () -> sidecar.metric("partman_observation_timestamp_seconds")
                                                .orElse(0)
                                        > before + 2
                                && sidecar.metric("partman_up").equals(OptionalDouble.of(1))
                                && sidecar.metric("partman_leader").equals(OptionalDouble.of(1)));
                assertThat(database.single("""
                        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                        """)).isEqualTo(1L);
            }
        }
    }

    private static void assertStaysUpWithoutDatabase(SidecarProcess sidecar, Duration length) {
        sidecar.await(
                "noticed",
                () -> sidecar.metric("partman_up").equals(OptionalDouble.of(0))
                        && sidecar.metric("partman_observation_errors_total").orElse(0) > 0);
        Instant end = Instant.now().plus(length);
        Awaitility.await()
                .atMost(length.plusSeconds(30))
                .pollInterval(Duration.ofMillis(500))
                .until(() -> {
                    assertThat(sidecar.isAlive()).as(sidecar.output()).isTrue();
                    assertThat(sidecar.status("/health/live")).isEqualTo(200);
                    assertThat(sidecar.status("/health/ready")).isEqualTo(503);
                    assertThat(sidecar.status("/health/well")).isEqualTo(503);
                    assertThat(sidecar.status("/api/tables")).isEqualTo(200);
                    assertThat(sidecar.metric("partman_up")).hasValue(0);
                    assertThat(sidecar.metric("partman_leader")).hasValue(0);
                    return Instant.now().isAfter(end);
                });
        assertThat(List.of(sidecar.get("/health/ready").body()))
                .first()
                .asString()
                .contains("reason");
    }

    private static void assertRecovers(SidecarProcess sidecar) {
        sidecar.await("up again", () -> sidecar.metric("partman_up").equals(OptionalDouble.of(1)));
        sidecar.awaitState(TABLE, "healthy");
        sidecar.await("well", () -> sidecar.status("/health/well") == 200 && sidecar.status("/health/ready") == 200);
    }
}
