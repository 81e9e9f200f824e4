package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/**
 * No row is lost, doubled or brought back while an application writes: each of its transactions also writes down what it
 * did, and in the end the table holds exactly what the ledger says.
 */
@Postgres
class LedgerTest {

    private static final int WRITERS = 4;
    private static final TableSpec SPEC =
            Parts.spec(StepCase.EVENTS, "at").lockTimeout(Duration.ofSeconds(2)).build();

    /** Ids that the ledger and the table tell different things of; the last entry of an id counts. */
    private static final String DIFFERENCES = """
            WITH last AS (SELECT DISTINCT ON (id) id, at, note, gone FROM public.ledger ORDER BY id, entry DESC),
                 expected AS (SELECT id, at, note FROM last WHERE NOT gone)
            (SELECT 'lost', id FROM (SELECT * FROM expected EXCEPT ALL SELECT id, at, note FROM public.events) AS x)
            UNION ALL
            (SELECT 'too much', id FROM (SELECT id, at, note FROM public.events EXCEPT ALL SELECT * FROM expected) AS x)
            """;

    private final TestDatabase database;
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicInteger transactions = new AtomicInteger();

    LedgerTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void agreesAfterRowsWereMovedOutOfTheDefaultPartition() throws InterruptedException {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "CREATE TABLE public.events_default PARTITION OF public.events DEFAULT");
        fillAndOpenTheLedger();
        Parts parts = Parts.in(database).tables(SPEC).build();

        whileOthersWrite(() -> parts.reconcile(SPEC));

        assertThat(parts.plan(SPEC)).isEqualTo(new Plan.Nothing());
        assertThat(database.single("SELECT count(*) FROM public.events_default"))
                .isEqualTo(0L);
        assertThat(failures).isEmpty();
        assertThat(database.query(DIFFERENCES)).isEmpty();
    }

    @Test
    void agreesAfterAConversion() throws InterruptedException {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at))");
        fillAndOpenTheLedger();
        Parts parts = Parts.in(database).tables(SPEC).build();

        whileOthersWrite(() -> parts.reconcile(SPEC));

        assertThat(parts.plan(SPEC)).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, StepCase.EVENTS).rows()).isPositive();
        assertThat(failures).isEmpty();
        assertThat(database.query(DIFFERENCES)).isEmpty();
    }

    /** Rows of half a year; those of the last three months get partitions at registration, the others by being moved. */
    private void fillAndOpenTheLedger() {
        database.execute(
                "CREATE TABLE public.ledger (entry bigserial, id bigint, at timestamp, note text, gone boolean)",
                "INSERT INTO public.events SELECT i, now() AT TIME ZONE 'UTC' - i * interval '9 minutes', 'old' FROM generate_series(1, 30000) AS i",
                "INSERT INTO public.ledger (id, at, note, gone) SELECT id, at, note, false FROM public.events");
    }

    private void whileOthersWrite(Runnable work) throws InterruptedException {
        List<Thread> writers = new ArrayList<>();
        for (int writer = 0; writer < WRITERS; writer++) {
            Client client = database.client();
            int number = writer;
            writers.add(Thread.ofPlatform().start(() -> write(client, number)));
        }
        awaitTransactions(100);
        try {
            work.run();
            awaitTransactions(transactions.get() + 100);
        } finally {
            stopped.set(true);
            for (Thread writer : writers) {
                writer.join();
            }
        }
    }

    private void awaitTransactions(int number) {
        Awaitility.await("the writers write")
                .atMost(Duration.ofSeconds(30))
                .until(() -> transactions.get() >= number || !failures.isEmpty());
    }

    /** Each writer has rows of its own, so that the order of the ledger's entries is the order of what was done. */
    private void write(Client client, int writer) {
        Random random = new Random(writer);
        long next = 1_000_000L * (writer + 1);
        try {
            while (!stopped.get()) {
                long old = WRITERS * random.nextLong(30_000 / WRITERS) + writer;
                switch (random.nextInt(4)) {
                    case 0 -> change(client, "DELETE FROM public.events WHERE id = " + old, true);
                    case 1 -> change(client, "UPDATE public.events SET note = note || '+' WHERE id = " + old, false);
                    case 2 ->
                        change(
                                client,
                                "UPDATE public.events SET at = at - interval '20 days' WHERE at < now() AT TIME ZONE 'UTC' - interval '30 days' AND id = "
                                        + old,
                                false);
                    default ->
                        change(
                                client,
                                "INSERT INTO public.events VALUES (%d, now() AT TIME ZONE 'UTC' - interval '%d hours', 'new')"
                                        .formatted(next++, random.nextInt(24 * 180)),
                                false);
                }
                transactions.incrementAndGet();
                LockSupport.parkNanos(Duration.ofMillis(30).toNanos());
            }
        } catch (Client.Refused e) {
            failures.add(e);
        }
    }

    private static void change(Client client, String statement, boolean gone) {
        client.execute(
                "WITH changed AS (%s RETURNING id, at, note) INSERT INTO public.ledger (id, at, note, gone) SELECT id, at, note, %s FROM changed"
                        .formatted(statement, gone));
    }
}
