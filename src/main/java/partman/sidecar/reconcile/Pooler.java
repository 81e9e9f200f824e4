package partman.sidecar.reconcile;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.Session;

/**
 * Finds a transaction pooler between this process and PostgreSQL. Behind one, two statements of a connection may reach
 * different server processes: settings and advisory locks, on which everything here rests, would be lost or be somebody
 * else's.
 */
final class Pooler {

    private static final Duration LONGEST_QUERY = Duration.ofSeconds(5);

    private Pooler() {}

    /**
     * What to change if there is one, else null. A pooler hands its idle server connection to whoever asks next: so a
     * second client takes it in a transaction while the first asks again.
     */
    static @Nullable String find(Database database) {
        try (Session first = database.openLimited(LONGEST_QUERY);
                Session second = database.openLimited(LONGEST_QUERY)) {
            int before = first.backendPid();
            int after = second.inTransaction(() -> {
                second.backendPid();
                return first.backendPid();
            });
            return before == after
                    ? null
                    : "a transaction pooler stands in front of PostgreSQL (the server process changed from pid %d to %d between two statements): connect to PostgreSQL itself, or use session pooling"
                            .formatted(before, after);
        }
    }
}
