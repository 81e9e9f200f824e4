package partman.sidecar.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;

/** The writers tell of everything that goes wrong beside them, and of nothing else. */
@Postgres
class WritersTest {

    private static final QualifiedName LAGO = QualifiedName.of("public", "enriched_events");
    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;
    private final String application;

    WritersTest(TestDatabase database) {
        this.database = database;
        this.application = "application_" + database.name();
        database.createRole(application);
    }

    private Writers.Builder onLago() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 2000, 10);
        return Writers.onLago(database).role(application);
    }

    private long changes(String column) {
        return Long.parseLong(database.strings(
                        "SELECT %s FROM pg_stat_user_tables WHERE relname = 'enriched_events'".formatted(column))
                .getFirst());
    }

    @Test
    void agreeWithLagosTableThatTheyChangeInEveryWay() {
        Writers writers = onLago().start();

        try (writers) {
            writers.awaitTransactions(600);
            assertThat(Ledger.difference(database, LAGO)).as("while they write").isEmpty();
        }

        assertThat(Ledger.difference(database, LAGO)).isEmpty();
        assertThat(writers.connectionsLost()).isZero();
        assertThat(writers.slowest()).isPositive();
        database.execute("SELECT pg_stat_clear_snapshot()");
        assertThat(changes("n_tup_ins")).isGreaterThan(2200);
        assertThat(changes("n_tup_upd")).isGreaterThan(100);
        assertThat(changes("n_tup_del")).isGreaterThan(100);
    }

    @Test
    void agreeWithASimpleTable() {
        TableShapes.controlledBy(database, "timestamp");
        Writers writers = Writers.onEvents(database).role(application).start();

        try (writers) {
            writers.awaitTransactions(600);
        }

        assertThat(Ledger.difference(database, EVENTS)).isEmpty();
        assertThat(database.single("SELECT count(*) FILTER (WHERE note = 'new') > 100 FROM public.events"))
                .isEqualTo(true);
        assertThat(database.single("SELECT count(*) FILTER (WHERE length(note) = 32) > 50 FROM public.events"))
                .isEqualTo(true);
    }

    @Test
    void beginAsManyTransactionsASecondAsTheyAreTold() {
        Writers writers = onLago().transactionsPerSecond(100).start();

        try (writers) {
            writers.awaitTransactions(50);
            long began = System.nanoTime();
            writers.awaitTransactions(300);
            assertThat(Duration.ofNanos(System.nanoTime() - began))
                    .isBetween(Duration.ofMillis(2000), Duration.ofMillis(4500));
        }
    }

    @Test
    void showEveryRowThatIsLostDoubledOrChanged() {
        try (Writers writers = onLago().start()) {
            writers.awaitTransactions(50);
        }

        database.execute(
                "DROP INDEX public.idx_unique_on_enriched_events",
                "DELETE FROM public.enriched_events WHERE event_id IN (SELECT event_id FROM public.ledger ORDER BY id LIMIT 1)",
                "INSERT INTO public.enriched_events SELECT * FROM public.enriched_events ORDER BY id LIMIT 2",
                """
                UPDATE public.enriched_events SET value = value || '!'
                WHERE ctid IN (SELECT ctid FROM public.enriched_events WHERE value IS NOT NULL ORDER BY id DESC LIMIT 3)
                """);

        assertThat(Ledger.difference(database, LAGO))
                .satisfies(
                        difference -> assertThat(difference.get(0)).matches("lost in .*: [456] rows"),
                        difference -> assertThat(difference.get(1)).matches("too much in .*: 5 rows"),
                        difference -> assertThat(difference).hasSizeBetween(2 + 9, 2 + 10));
    }

    @Test
    void failOnceTheyMeetARowThatIsLost() {
        Writers writers = onLago().start();
        writers.awaitTransactions(50);

        database.execute("DELETE FROM public.enriched_events WHERE \"timestamp\" < now() - interval '3 months'");

        assertThatThrownBy(() -> writers.awaitTransactions(10_000)).hasMessageContaining("where the ledger tells of");
        assertThatThrownBy(writers::close).hasMessageContaining("where the ledger tells of");
        assertThat(Ledger.difference(database, LAGO)).isNotEmpty();
    }

    @Test
    void failOnceAStatementIsRefused() {
        Writers writers = onLago().start();
        writers.awaitTransactions(50);

        database.execute("REVOKE UPDATE ON public.enriched_events FROM " + application);

        assertThatThrownBy(() -> writers.awaitTransactions(10_000)).hasMessageContaining("permission denied");
        assertThatThrownBy(writers::close).hasMessageContaining("permission denied");
        assertThat(Ledger.difference(database, LAGO)).isEmpty();
    }

    @Test
    void failWhenTheirConnectionIsEndedUnlessTheyAreToTolerateThat() {
        Writers writers = onLago().start();
        writers.awaitTransactions(50);

        database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%s'".formatted(application));

        assertThatThrownBy(() -> writers.awaitTransactions(10_000)).hasMessageContaining("writers failed");
        assertThatThrownBy(writers::close).hasMessageContaining("writers failed");
    }

    @Test
    void tellHowLongAStatementHadToWait() {
        Writers writers = onLago().start();

        try (writers) {
            writers.awaitTransactions(50);
            database.execute(
                    "BEGIN; LOCK TABLE public.enriched_events IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(0.7); COMMIT");
            writers.awaitTransactions(50);
        }

        assertThat(writers.slowest()).isBetween(Duration.ofMillis(600), Duration.ofMillis(2000));
        assertThat(writers).asString().contains("enriched_events");
    }

    @Test
    void goOnAfterTheServerWasKilled(Server version) {
        try (PostgresServer server = PostgresServer.startOwn(version)) {
            TestDatabase own = server.createDatabase();
            TableShapes.lagoPlain(own);
            TableShapes.loadLagoRows(own, 2000, 10);
            own.createRole("application");
            Writers writers = Writers.onLago(own)
                    .role("application")
                    .toleratingConnectionLoss()
                    .start();

            try (writers) {
                for (int i = 0; i < 3; i++) {
                    writers.awaitTransactions(200);
                    server.kill();
                    server.start();
                }
                writers.awaitTransactions(200);
            }

            assertThat(writers.connectionsLost()).isGreaterThanOrEqualTo(12);
            assertThat(Ledger.difference(own, LAGO)).isEmpty();
        }
    }
}
