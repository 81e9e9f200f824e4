package partman.sidecar.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PostgresServerTest {

    @Test
    void keepsPortAndRowsWhenItIsStoppedAndStarted() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
            TestDatabase database = server.createDatabase();
            database.execute("CREATE TABLE events AS SELECT 1 AS id");

            server.stop();
            server.start();

            assertThat(database.single("SELECT id FROM events")).isEqualTo(1);
        }
    }

    @Test
    void keepsPortAndRowsWhenItIsKilledAndStarted() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG18)) {
            TestDatabase database = server.createDatabase();
            database.execute("CREATE TABLE events AS SELECT 1 AS id");

            server.kill();
            server.start();

            assertThat(database.single("SELECT id FROM events")).isEqualTo(1);
        }
    }

    @Test
    void refusesConnectionsWhileItIsStopped() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
            TestDatabase database = server.createDatabase();

            server.stop();

            assertThatThrownBy(database::client)
                    .isInstanceOfSatisfying(
                            Client.Refused.class, e -> assertThat(e.sqlState()).isEqualTo("08001"));
        }
    }

    @Test
    void takesVariablesAndSettings() {
        try (PostgresServer server = PostgresServer.startOwn(
                Server.PG17, Map.of("PRELOAD", "pg_cron"), "work_mem=5MB", "max_connections=50")) {
            TestDatabase database = server.createDatabase();

            assertThat(database.strings("SHOW shared_preload_libraries")).containsExactly("pg_cron");
            assertThat(database.strings("SHOW work_mem")).containsExactly("5MB");
            assertThat(database.strings("SHOW max_connections")).containsExactly("50");
        }
    }

    @Test
    void hasAReplicaThatFollowsAndTakesItsPlace() {
        try (PostgresServer primary = PostgresServer.startOwn(Server.PG18);
                PostgresServer replica = primary.startReplica()) {
            TestDatabase database = primary.createDatabase();
            database.execute("CREATE TABLE events AS SELECT 1 AS id");
            replica.awaitReplayOf(primary);
            TestDatabase copy = replica.replicated(database);
            List<String> onReplica = copy.strings("SELECT pg_is_in_recovery() FROM events");
            primary.kill();

            replica.promote();
            copy.execute("INSERT INTO events VALUES (2)");

            assertThat(onReplica).containsExactly("true");
            try (PostgresServer back = replica.startReplica(primary.port())) {
                back.awaitReplayOf(replica);
                assertThat(back.replicated(copy).strings("SELECT id FROM events"))
                        .containsExactly("1", "2");
            }
        }
    }

    @Test
    void changesBackendsBehindATransactionPooler() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17);
                Pooler pooler = Pooler.inFrontOf(server.createDatabase(), "transaction");
                Client client = Client.connect(pooler.jdbcUrl(), PostgresServer.SUPERUSER)) {
            assertThat(client.pid()).isNotEqualTo(client.pid());
        }
    }

    @Test
    void keepsTheBackendBehindASessionPooler() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17);
                Pooler pooler = Pooler.inFrontOf(server.createDatabase(), "session");
                Client client = Client.connect(pooler.jdbcUrl(), PostgresServer.SUPERUSER)) {
            assertThat(client.pid()).isEqualTo(client.pid());
        }
    }
}
