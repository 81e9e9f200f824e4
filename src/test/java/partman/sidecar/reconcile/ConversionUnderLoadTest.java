package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** Conversion, and the moving of rows, while others use the table, hold it, or end the work halfway. */
@Postgres
class ConversionUnderLoadTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;

    ConversionUnderLoadTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
    }

    /** Writers that keep a ledger: what each transaction did to the table, it also did to {@code public.ledger}. */
    private final class Writers implements AutoCloseable {

        private final AtomicBoolean stopped = new AtomicBoolean();
        private final AtomicInteger transactions = new AtomicInteger();
        private final ExecutorService threads = Executors.newFixedThreadPool(3);
        private final List<Future<?>> ends = new ArrayList<>();

        Writers(String spread) {
            database.execute("CREATE TABLE public.ledger AS TABLE public.events");
            for (int i = 1; i <= 3; i++) {
                int writer = i;
                Client client = database.client();
                ends.add(threads.submit(() -> write(client, writer, spread)));
            }
            awaitTransactions(30);
        }

        private void write(Client client, int writer, String spread) {
            for (int i = 0; !stopped.get(); i++) {
                long id = writer * 1_000_000L + i;
                client.execute("""
                        BEGIN;
                        WITH made AS (INSERT INTO public.events SELECT %1$d, now()::timestamp - random() * interval '%2$s', 'made'
                                      RETURNING *)
                        INSERT INTO public.ledger SELECT * FROM made;
                        WITH changed AS (UPDATE public.events SET note = 'changed %1$d' WHERE id = %3$d RETURNING id, note)
                        UPDATE public.ledger AS l SET note = c.note FROM changed AS c WHERE c.id = l.id;
                        WITH gone AS (DELETE FROM public.events WHERE id = %4$d RETURNING id)
                        DELETE FROM public.ledger AS l USING gone AS g WHERE g.id = l.id;
                        COMMIT
                        """.formatted(id, spread, id - 3, id - 7));
                transactions.incrementAndGet();
            }
        }

        void awaitTransactions(int more) {
            int goal = transactions.get() + more;
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> transactions.get() >= goal || ends.stream().anyMatch(Future::isDone));
        }

        /** Ends the writers; fails if a statement of theirs failed. */
        @Override
        public void close() {
            stopped.set(true);
            for (Future<?> end : ends) {
                try {
                    end.get();
                } catch (InterruptedException | ExecutionException e) {
                    throw new AssertionError("a writer failed", e);
                }
            }
            threads.shutdown();
        }
    }

    @Test
    void losesNoRowOfWritersDuringAConversion() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        TableSpec spec = Parts.spec(shape).lockTimeout(Duration.ofSeconds(5)).build();
        Parts parts = Parts.in(database).tables(spec).build();
        Reconciler.Result result;

        try (Writers writers = new Writers("70 days")) {
            result = parts.reconcile(spec);
            writers.awaitTransactions(30);
        }

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(new SetView(database, spec).partitions()).isNotEmpty();
        assertThat(TableShapes.content(database, EVENTS))
                .isEqualTo(TableShapes.content(database, QualifiedName.of("public", "ledger")));
        assertThat(new SetView(database, spec).defaultRows()).isZero();
        assertThat(new SetView(database, spec).misplacedRows()).isZero();
    }

    @Test
    void losesNoRowOfWritersWhileRowsLeaveTheDefaultPartition() {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "CREATE TABLE public.events_default PARTITION OF public.events DEFAULT",
                "INSERT INTO public.events SELECT i, now() - i * interval '6 hours', 'first' FROM generate_series(1, 280) AS i");
        TableSpec spec = Parts.spec(EVENTS, "at")
                .retention("14 months")
                .lockTimeout(Duration.ofSeconds(5))
                .build();
        Parts parts = Parts.in(database).tables(spec).build();
        Reconciler.Result result;

        try (Writers writers = new Writers("70 days")) {
            result = parts.reconcile(spec);
            writers.awaitTransactions(30);
        }

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS))
                .isEqualTo(TableShapes.content(database, QualifiedName.of("public", "ledger")));
        assertThat(new SetView(database, spec).defaultRows()).isZero();
        assertThat(new SetView(database, spec).holes()).isEmpty();
    }

    @Test
    void changesNothingWhileAReaderHoldsTheTableAndConvertsOnceItIsGone() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        TableSpec spec = Parts.spec(shape).lockTimeout(Duration.ofMillis(50)).build();
        Parts parts = Parts.in(database).tables(spec).build();
        List<String> schema = SetView.schema(database);
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT count(*) FROM public.events");

        Reconciler.Result blocked = parts.reconcile(spec);
        List<String> meanwhile = SetView.schema(database);
        reader.execute("COMMIT");
        Reconciler.Result result = parts.reconcile(spec);

        assertThat(blocked.failure()).contains("lock timeout");
        assertThat(meanwhile).isEqualTo(schema);
        assertThat(parts.status().latest().tables().getFirst().progress().lockTimeouts())
                .isGreaterThan(1);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
    }

    @Test
    void changesNothingWhenKilledHalfwayAndConvertsNextTime() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        // the copy stops at this row until the lock is free
        database.execute("""
                CREATE FUNCTION public.wait() RETURNS bigint LANGUAGE sql AS 'SELECT pg_advisory_xact_lock_shared(77); SELECT 1::bigint';
                ALTER TABLE public.events ADD CONSTRAINT slow CHECK (id <> 100 OR public.wait() = 1)
                """);
        TableSpec spec = Parts.spec(shape).lockTimeout(Duration.ofSeconds(20)).build();
        Parts parts = Parts.in(database).tables(spec).build();
        List<String> schema = SetView.schema(database);
        Content content = TableShapes.content(database, EVENTS);
        Client holder = database.client();
        holder.execute("BEGIN", "SELECT pg_advisory_xact_lock(77)");
        ExecutorService thread = Executors.newSingleThreadExecutor();
        Future<Reconciler.Result> killed = thread.submit(() -> parts.reconcile(spec));
        Awaitility.await()
                .until(() -> !database.strings(
                                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted")
                        .isEmpty());

        database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted");
        Reconciler.Result first = get(killed);
        List<String> meanwhile = SetView.schema(database);
        holder.execute("COMMIT");
        parts.leader().release();
        Reconciler.Result second = Parts.in(database).tables(spec).build().reconcile(spec);

        thread.shutdown();
        assertThat(first.failure()).contains("terminating connection");
        assertThat(meanwhile).isEqualTo(schema);
        assertThat(second.failure()).isEmpty();
        assertThat(second.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
    }

    private static <T> T get(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void convertsWhatAMigrationHasChangedSinceThePlanWasMade() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        TableSpec spec = Parts.spec(shape).build();
        Parts parts = Parts.in(database).tables(spec).build();
        Plan.Convert planned = (Plan.Convert) parts.plan(spec);
        database.execute(
                "ALTER TABLE public.events ADD COLUMN late text DEFAULT 'late', DROP COLUMN note",
                "CREATE INDEX by_late ON public.events (late)");
        Content content = TableShapes.content(database, EVENTS);

        parts.runner().convert(spec, planned);

        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
        assertThat(new SetView(database, spec).indexes()).containsExactly("by_late", "events_pkey");
        assertThat(database.strings("SELECT DISTINCT late FROM public.events")).containsExactly("late");
    }
}
