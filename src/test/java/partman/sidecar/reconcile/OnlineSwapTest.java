package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.SwapWindow;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/** When and how the partitioned table takes the plain one's place while others use the table. */
@Postgres
class OnlineSwapTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(300);

    /** What the swap itself and a busy machine may take. */
    private static final Duration MARGIN = Duration.ofMillis(500);

    private final TestDatabase database;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    OnlineSwapTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        TableShapes.controlledBy(database, "timestamp");
        database.execute(
                "CREATE TABLE public.notes (note text PRIMARY KEY)",
                "INSERT INTO public.notes SELECT note FROM public.events");
    }

    private static Parts.SpecBuilder online() {
        return Parts.spec(EVENTS, "at")
                .method(TableSpec.Method.ONLINE)
                .premake(1)
                .lockTimeout(LOCK_TIMEOUT);
    }

    /** An application that reads and writes one row at a time, and remembers how long the slowest statement took. */
    private final class Prober implements AutoCloseable {

        private final AtomicBoolean stopped = new AtomicBoolean();
        private final AtomicLong slowest = new AtomicLong();
        private final AtomicLong statements = new AtomicLong();
        private final Future<?> end;

        Prober(String... sql) {
            Client client = database.client();
            end = threads.submit(() -> {
                while (!stopped.get()) {
                    for (String statement : sql) {
                        long began = System.nanoTime();
                        client.execute(statement);
                        slowest.accumulateAndGet(System.nanoTime() - began, Math::max);
                        statements.incrementAndGet();
                    }
                }
            });
        }

        Duration slowest() {
            return Duration.ofNanos(slowest.get());
        }

        @Override
        public void close() {
            stopped.set(true);
            resultOf(end);
        }
    }

    private static <T> T resultOf(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private void awaitWaitingSwap(Future<?> conversion) {
        Awaitility.await("a swap that waits")
                .pollInterval(Duration.ofMillis(5))
                .failFast("the conversion has ended", conversion::isDone)
                .until(() -> !database.strings("""
                                SELECT 1 FROM pg_locks
                                WHERE relation = 'public.events'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted
                                """).isEmpty());
    }

    private String awaitTrouble(Parts parts, Future<?> conversion) {
        Awaitility.await("a swap that has given up")
                .pollInterval(Duration.ofMillis(5))
                .failFast("the conversion has ended", conversion::isDone)
                .until(() -> parts.status().troubleOf(EVENTS) != null);
        return String.valueOf(parts.status().troubleOf(EVENTS));
    }

    private static void assertConverted(Reconciler.Result result) {
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
    }

    @Test
    void namesTheReaderWhoKeepsItFromSwappingAndMakesNobodyElseWaitForLong() {
        TableSpec spec = online().build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, Phase.SWAP);
        parts.observer().observe();
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT count(*) FROM public.events WHERE note = 'a secret' AND id > 4711");
        Prober prober = new Prober(
                "INSERT INTO public.events VALUES (1000, now(), 'new')",
                "SELECT * FROM public.events WHERE id = 1000",
                "DELETE FROM public.events WHERE id = 1000");
        Reconciler.Result result;
        String trouble;
        Snapshot.Table shown;

        try (prober) {
            Future<Reconciler.Result> conversion = threads.submit(() -> parts.reconcile(spec));
            trouble = awaitTrouble(parts, conversion);
            shown = parts.status().latest().find(EVENTS).orElseThrow();
            reader.execute("COMMIT");
            result = resultOf(conversion);
        }

        assertConverted(result);
        assertThat(trouble)
                .contains("pid " + reader.pid(), "SELECT count(*) FROM public.events WHERE note = ?")
                .doesNotContain("secret", "4711");
        assertThat(shown.trouble()).isEqualTo(trouble);
        assertThat(parts.status().troubleOf(EVENTS)).isNull();
        assertThat(prober.statements.get()).isPositive();
        assertThat(prober.slowest()).isLessThan(LOCK_TIMEOUT.plus(MARGIN)).isGreaterThan(LOCK_TIMEOUT.dividedBy(2));
    }

    /** The keys of the plain table are dropped, for which PostgreSQL locks what they refer to. */
    @Test
    void namesWhoUsesTheTableThatAForeignKeyRefersTo() {
        database.execute(
                "ALTER TABLE public.events ADD CONSTRAINT known FOREIGN KEY (note) REFERENCES public.notes ON DELETE CASCADE");
        TableSpec spec = online().build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, Phase.SWAP);
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT count(*) FROM public.notes");
        Prober prober = new Prober(
                "SELECT * FROM public.events WHERE id = 1", "DELETE FROM public.notes WHERE note = 'note 5'");
        Reconciler.Result result;
        String trouble;

        try (prober) {
            Future<Reconciler.Result> conversion = threads.submit(() -> parts.reconcile(spec));
            trouble = awaitTrouble(parts, conversion);
            reader.execute("COMMIT");
            result = resultOf(conversion);
        }

        assertConverted(result);
        assertThat(trouble).contains("pid " + reader.pid());
        assertThat(prober.slowest()).isLessThan(LOCK_TIMEOUT.plus(MARGIN));
        assertThat(database.strings("SELECT count(*) FROM public.events")).containsExactly("299");
    }

    /** Before PostgreSQL 18 a grant waits for no lock, so that it comes after the swap was planned, which then is planned anew. */
    @Test
    void losesNoGrantThatWasMadeWhileTheSwapWaitedForItsLock() {
        TableSpec spec = online().lockTimeout(Duration.ofSeconds(2)).build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, Phase.SWAP);
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT FROM public.events LIMIT 1");
        Future<Reconciler.Result> conversion = threads.submit(() -> parts.reconcile(spec));
        awaitWaitingSwap(conversion);

        database.execute("GRANT SELECT ON public.events TO PUBLIC");
        reader.execute("COMMIT");
        Reconciler.Result first = resultOf(conversion);
        Reconciler.Result second = parts.reconcile(spec);

        assertThat(first.failure()).isIn("", "public.events changed before it could be swapped");
        assertConverted(second);
        assertThat(database.strings(
                        "SELECT relacl FROM pg_class WHERE oid = 'public.events'::regclass AND relkind = 'p'"))
                .singleElement()
                .asString()
                .contains("=r/");
    }

    @Test
    void waitsForItsWindowAndAppliesMeanwhileWhatTheApplicationChanges() {
        LocalTime now = LocalTime.now(ZoneOffset.UTC);
        TableSpec closed = online().swapWindow(new SwapWindow(now.plusHours(2), now.plusHours(3)))
                .build();
        TableSpec open = online().swapWindow(new SwapWindow(now.minusHours(1), now.plusHours(1)))
                .build();
        Parts parts = Parts.in(database).tables(closed).build();

        Reconciler.Result waiting = parts.reconcile(closed);
        database.execute(
                "INSERT INTO public.events SELECT 1000 + i, now(), 'new' FROM generate_series(1, 900) AS i",
                "UPDATE public.events SET note = 'changed' WHERE id % 2 = 0",
                "DELETE FROM public.events WHERE id % 3 = 0");
        Content content = TableShapes.content(database, EVENTS);
        long journal = journalRows(parts, closed);
        Plan catchUp = parts.plan(closed);
        Reconciler.Result waitingStill = parts.reconcile(closed);
        long journalThen = journalRows(parts, closed);
        Reconciler.Result swapped = parts.reconcile(open);

        assertThat(waiting.failure()).isEmpty();
        assertThat(waiting.plan()).isInstanceOf(Plan.Wait.class);
        assertThat(waiting.plan().state()).isEqualTo(TableState.CONVERTING);
        assertThat(waiting.plan().reason())
                .contains("window", String.valueOf(closed.conversion().swapWindow()));
        assertThat(journal).isGreaterThan(1000);
        assertThat(catchUp)
                .isInstanceOfSatisfying(
                        Plan.Online.class,
                        online -> assertThat(online.stages())
                                .singleElement()
                                .satisfies(stage -> assertThat(stage.phase()).isEqualTo(Phase.CATCH_UP)));
        assertThat(waitingStill).isEqualTo(waiting);
        assertThat(journalThen).isZero();
        assertConverted(swapped);
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
    }

    private static long journalRows(Parts parts, TableSpec spec) {
        return ((ObservedTable.Converting) parts.observe(spec)).conversion().journalRows();
    }

    /** What was asked for is done, and nobody else can tell: neither rows nor their order in the journal matter. */
    @Test
    void appliesWhatSeveralRowsHaveExchangedAmongThem() {
        database.execute(
                "ALTER TABLE public.events ADD COLUMN place bigint",
                "UPDATE public.events SET place = id",
                "ALTER TABLE public.events ADD CONSTRAINT one_a_place UNIQUE (place, at)",
                "UPDATE public.events SET at = date_trunc('month', now()) WHERE id > 200");
        TableSpec spec = online().build();
        Parts parts = Parts.in(database).tables(spec).build();
        List<Phase> phases = List.of(Phase.BACKFILL, Phase.KEYS_ONCE, Phase.INDEXES, Phase.CATCH_UP, Phase.SWAP);

        for (Phase phase : phases) {
            parts.carryOnTo(spec, phase);
            exchangePlaces();
        }
        Content content = TableShapes.content(database, EVENTS);
        Reconciler.Result result = parts.reconcile(spec);

        assertConverted(result);
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
    }

    private void exchangePlaces() {
        database.execute(
                "BEGIN",
                "UPDATE public.events SET place = -place WHERE id > 200",
                "UPDATE public.events SET place = 201 + (-place - 200) % 100 WHERE id > 200",
                "UPDATE public.events SET id = -id WHERE id > 200 AND id % 4 = 0",
                "UPDATE public.events SET id = CASE WHEN id % 8 = 0 THEN -id - 4 ELSE -id + 4 END WHERE id < -200",
                "COMMIT");
    }
}
