package partman.sidecar.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

@Postgres
class PostgresTest {

    private final TestDatabase database;

    PostgresTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void givesOneMethodAnEmptyDatabase() {
        database.execute("CREATE TABLE events ()");

        assertThat(tables(database)).containsExactly("events");
    }

    @Test
    void givesAnotherMethodAnotherEmptyDatabase() {
        database.execute("CREATE TABLE events ()");

        assertThat(tables(database)).containsExactly("events");
    }

    @Test
    void givesMethodAndConstructorTheSameDatabase(TestDatabase same) {
        assertThat(same).isSameAs(database);
    }

    @Test
    void runsOnTheServerItNames(Server server) {
        assertThat(database.strings("SHOW server_version").getFirst()).startsWith(server.tag() + ".");
    }

    @Test
    void loadsNoBackgroundWorker() {
        assertThat(database.strings("SHOW shared_preload_libraries")).containsExactly("");
    }

    @Test
    void installsPartman() {
        database.installPartman();

        assertThat(database.strings("SELECT extversion FROM pg_extension WHERE extname = 'pg_partman'")
                        .getFirst())
                .startsWith("5.");
    }

    @Test
    void opensASessionForARole() {
        database.createRole("app");

        try (Session session = database.session("app")) {
            assertThat(session.query(Sql.sql("SELECT current_user AS me"), row -> row.text("me")))
                    .containsExactly("app");
        }
    }

    @Test
    void opensADatabaseForARole() {
        database.createRole("app");

        try (Session session = database.database("app").open()) {
            assertThat(session.query(Sql.sql("SELECT current_user AS me"), row -> row.text("me")))
                    .containsExactly("app");
        }
    }

    @Test
    void givesARoleItsAttributes() {
        database.createRole("app \"one\"", "CREATEROLE", "CONNECTION LIMIT 3");

        assertThat(database.query(
                        "SELECT rolcreaterole, rolconnlimit, rolsuper FROM pg_roles WHERE rolname = 'app \"one\"'"))
                .containsExactly(List.of(true, 3, false));
    }

    @Test
    void writesRoleAndPasswordIntoTheDatabaseUrl() {
        database.createRole("a b:c");

        assertThat(database.databaseUrl("a b:c"))
                .isEqualTo("postgresql://a%20b%3Ac:a%20b%3Ac@127.0.0.1:"
                        + database.server().port() + "/" + database.name());
    }

    @Test
    void dropsDatabaseAndRolesWhoeverIsConnected() {
        TestDatabase other = database.server().createDatabase();
        other.createRole("app");
        other.execute("CREATE TABLE events ()", "ALTER TABLE events OWNER TO app");
        Client client = other.client("app");

        other.close();

        assertThat(client.isUsable()).isFalse();
        assertThat(database.strings("SELECT datname FROM pg_database WHERE datname = '" + other.name() + "'"))
                .isEmpty();
        assertThat(database.strings("SELECT rolname FROM pg_roles WHERE rolname = 'app'"))
                .isEmpty();
    }

    @Test
    void keepsATransactionOpenInAClientOfItsOwn() {
        database.execute("CREATE TABLE events ()");
        Client reader = database.client();

        reader.execute("BEGIN", "SELECT FROM events");

        assertThat(database.strings(
                        "SELECT mode FROM pg_locks WHERE relation = 'events'::regclass AND pid = " + reader.pid()))
                .containsExactly("AccessShareLock");
        assertThatThrownBy(() -> database.execute("SET lock_timeout = '20ms'", "DROP TABLE events"))
                .isInstanceOfSatisfying(
                        Client.Refused.class, e -> assertThat(e.sqlState()).isEqualTo("55P03"));
    }

    private static List<String> tables(TestDatabase database) {
        return database.strings("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");
    }

    @Postgres({Server.PG15, Server.PG17_WITHOUT_PARTMAN})
    static class UnsupportedServersTest {

        @Test
        void offerAnOldPartmanOrNone(Server server, TestDatabase database) {
            List<String> offered =
                    database.strings("SELECT default_version FROM pg_available_extensions WHERE name = 'pg_partman'");

            assertThat(offered).isEqualTo(server == Server.PG15 ? List.of("4.7.2") : List.of());
        }
    }
}
