package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** What one look makes of a set that others work on at the same time. */
@Postgres
class ObserverTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;
    private final TableSpec spec = Parts.spec(EVENTS, "at").build();
    private final Parts parts;
    private final Client other;

    ObserverTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)",
                "UPDATE partman.part_config SET infinite_time_partitions = true");
        parts = Parts.in(database).tables(spec).build();
        other = database.client();
        other.execute("BEGIN", "LOCK TABLE public.events_default");
    }

    private Snapshot.Table look() {
        return parts.observer().observe().find(EVENTS).orElseThrow();
    }

    /** Whether a session has looked, and is not closed yet. */
    private boolean hasLooked() {
        return !database.strings("""
                        SELECT pid FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = 'partman-sidecar' AND state = 'idle'
                          AND query LIKE '%looked_at%'
                        """).isEmpty();
    }

    /** Maintenance locks the default partition for each partition that it makes. */
    @Test
    void takesAShortLockOnTheDefaultPartitionForNoOtherState() {
        CompletableFuture<Void> end = CompletableFuture.runAsync(() -> {
            Awaitility.await().pollInterval(Duration.ofMillis(5)).until(this::hasLooked);
            other.execute("COMMIT");
        });

        Snapshot.Table shown = look();

        assertThat(shown.state()).as(shown.reason()).isEqualTo(TableState.HEALTHY);
        end.join();
    }

    @Test
    void tellsOfALockThatStays() {
        Snapshot.Table shown = look();

        assertThat(shown.state()).isEqualTo(TableState.DRIFTED);
        assertThat(shown.reason()).contains("public.events_default can't be counted now");
    }
}
