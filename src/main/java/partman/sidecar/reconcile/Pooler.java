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
    private static final Duration PAUSE = Duration.ofMillis(10);
    private static final int OTHERS = 3;
    private static final int QUESTIONS = 3;

    private Pooler() {}

    /**
     * What to change if there is one, else null. A pooler hands its idle server connection to whoever asks next: so another client takes
     * it in a transaction while the first asks again.
     */
    static @Nullable String find(Database database) {
        try (Session first = database.openLimited(LONGEST_QUERY)) {
            int before = first.backendPid();
            int after = pidWhileOthersAsk(database, first, before, OTHERS);
            return before == after
                    ? null
                    : "a transaction pooler stands in front of PostgreSQL (the server process changed from pid %d to %d between two statements): connect to PostgreSQL itself, or use session pooling"
                            .formatted(before, after);
        }
    }

    /**
     * A pooler may only just be taking the connection back, and give the other client a new one; or it takes turns, and has come round
     * to the same one. So several clients ask, one after the other, and the first does more than once.
     */
    private static int pidWhileOthersAsk(Database database, Session first, int before, int others) {
        Timing.sleep(PAUSE);
        try (Session other = database.openLimited(LONGEST_QUERY)) {
            return other.inTransaction(() -> {
                other.backendPid();
                for (int i = 0; i < QUESTIONS; i++) {
                    int now = first.backendPid();
                    if (now != before) {
                        return now;
                    }
                }
                return others == 1 ? before : pidWhileOthersAsk(database, first, before, others - 1);
            });
        }
    }
}
