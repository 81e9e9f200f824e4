package partman.sidecar.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

@Postgres
class TemplateTest {

    private final TestDatabase database;
    private final List<String> prepared = new ArrayList<>();
    private final Template<List<String>> template = new Template<>(empty -> {
        prepared.add(empty.name());
        empty.session();
        empty.execute("CREATE TABLE events AS SELECT 1 AS id");
        return events(empty);
    });

    TemplateTest(TestDatabase database) {
        this.database = database;
    }

    /** The table's OID and file, with what it holds. */
    private static List<String> events(TestDatabase database) {
        return database.strings(
                "SELECT format('%s in %s: %s', 'events'::regclass::oid, pg_relation_filenode('events'), id) FROM events");
    }

    private static List<String> tables(TestDatabase database) {
        return database.strings("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");
    }

    @Test
    void givesEachDatabaseACopyOfItsOwn() {
        try (TestDatabase other = database.server().createDatabase()) {
            template.copyTo(database);
            database.execute("UPDATE events SET id = 2");

            List<String> original = template.copyTo(other);

            assertThat(events(other)).isEqualTo(original);
            assertThat(events(database)).isNotEqualTo(original);
        }
    }

    @Test
    void isPreparedOnceForAllItsCopies() {
        List<String> first = template.copyTo(database);

        List<String> second = template.copyTo(database);

        assertThat(second).isSameAs(first);
        assertThat(prepared).hasSize(1).doesNotContain(database.name());
    }

    @Test
    void replacesWhatTheDatabaseHeldWhoeverIsConnected() {
        database.execute("CREATE TABLE others ()");
        Client client = database.client();

        template.copyTo(database);

        assertThat(tables(database)).containsExactly("events");
        assertThat(client.isUsable()).isFalse();
    }
}
