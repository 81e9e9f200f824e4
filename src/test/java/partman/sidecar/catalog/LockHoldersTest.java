package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import partman.sidecar.postgres.AdvisoryLock;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

@Postgres
class LockHoldersTest {

    private final TestDatabase database;

    LockHoldersTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void namesWhoHoldsALock() {
        try (Session holder = database.session();
                Session other = database.session()) {
            for (AdvisoryLock lock : List.of(
                    AdvisoryLock.LEADER, AdvisoryLock.MAINTENANCE.getFirst(), AdvisoryLock.MAINTENANCE.getLast())) {
                assertThat(LockHolders.words(other, List.of(lock))).isEqualTo("nobody any more");
                assertThat(lock.tryTake(holder)).isTrue();
                assertThat(LockHolders.words(other, List.of(lock)))
                        .startsWith("pid " + holder.backendPid() + ", user postgres, application partman-sidecar");
            }
        }
    }

    @Test
    void leavesOutTheValuesInTheHoldersLastQuery() {
        try (Session holder = database.session();
                Session other = database.session()) {
            assertThat(AdvisoryLock.LEADER.tryTake(holder)).isTrue();
            holder.execute(Sql.sql("SELECT 'a secret', 4711"));

            String words = LockHolders.words(other, List.of(AdvisoryLock.LEADER));

            assertThat(words).endsWith("last query: SELECT ?, ?");
        }
    }
}
