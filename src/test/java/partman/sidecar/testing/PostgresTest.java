package partman.sidecar.testing;

import static org.assertj.core.api.Assertions.assertThat;

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
    void givesEachMethodAnEmptyDatabase() {
        database.execute("CREATE TABLE events ()");

        assertThat(database.strings("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
                .containsExactly("events");
    }

    @Test
    void givesEachMethodAnEmptyDatabaseAgain() {
        database.execute("CREATE TABLE events ()");

        assertThat(database.strings("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
                .containsExactly("events");
    }

    @Test
    void givesMethodAndConstructorTheSameDatabase(TestDatabase same) {
        assertThat(same).isSameAs(database);
    }

    @Test
    void runsOnTheServerItNames(Server server) {
        String version = database.strings("SHOW server_version_num").getFirst();

        assertThat(server.tag()).isEqualTo(version.substring(0, 2));
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
        database.createRole("app", "NOSUPERUSER");

        try (Session session = database.database("app").open()) {
            assertThat(session.query(Sql.sql("SELECT current_user AS me"), row -> row.text("me")))
                    .containsExactly("app");
        }
    }
}
