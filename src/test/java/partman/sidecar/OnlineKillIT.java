package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.reconcile.SetView;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Ledger;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;
import partman.sidecar.testing.Writers;

/**
 * The process, or PostgreSQL, is killed in the middle of online conversions, while an application writes: what starts next
 * finishes the work, and the table holds exactly what the application's ledger says.
 */
@Postgres
class OnlineKillIT {

    private static final QualifiedName TABLE = QualifiedName.of("public", "enriched_events");
    private static final TableSpec SPEC =
            Parts.spec(TABLE, "timestamp").retention("14 months").build();

    private static final String UNDEFINED_TABLE = "42P01";

    private static final int ROWS = 80_000;

    /** Rows that come at once, so that the journal is long and catching up takes a while. */
    private static final int BURST = 20_000;

    private static final List<String> PHASES_TO_KILL_POSTGRES_IN = List.of("backfill", "indexes", "catch_up");
    private static final long SEED = 20_250_711;
    private static final int RANDOM_KILLS = 20;
    private static final int KILLS_OF_ONE_CONVERSION = 10;
    private static final int LONGEST_LIFE_MILLIS = 4000;
    private static final Duration SHORT_COPY = Duration.ofSeconds(4);
    private static final Duration LONG_COPY = Duration.ofSeconds(20);
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private final TestDatabase database;

    OnlineKillIT(TestDatabase database) {
        this.database = database;
    }

    private static Writers.Builder applicationOn(TestDatabase database) {
        String application = "application_" + database.name();
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, ROWS, 13);
        database.createRole(application);
        return Writers.onLago(database).role(application);
    }

    /** Starts a process that copies the rows in small batches, and all of them in no less time than this. */
    private static SidecarProcess service(TestDatabase database, Duration copy) {
        return SidecarProcess.service(Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_CONVERSION_METHOD",
                "online",
                "PARTMAN_CONVERSION_BATCH_TARGET",
                "100ms",
                "PARTMAN_CONVERSION_MAX_ROWS_PER_SECOND",
                Long.toString(ROWS / copy.toSeconds())));
    }

    /** Adds copies of rows, with keys of their own, to table and ledger in one transaction. */
    private static void addManyRows(TestDatabase database) {
        database.execute("""
                WITH added AS (
                    INSERT INTO public.enriched_events
                    SELECT copy.*
                    FROM (SELECT l FROM public.ledger AS l LIMIT %d) AS held (l),
                         jsonb_populate_record(
                             l, jsonb_build_object('event_id', gen_random_uuid(), 'transaction_id', 'copy ' || (l).transaction_id)) AS copy
                    RETURNING *)
                INSERT INTO public.ledger SELECT * FROM added
                """.formatted(BURST));
    }

    /** The phase of the conversion that is under way; empty before and after it, when its table is not there either. */
    private static Optional<String> phase(TestDatabase database) {
        try {
            return database
                    .strings("SELECT phase FROM partman_sidecar.conversion WHERE table_name = 'enriched_events'")
                    .stream()
                    .findFirst();
        } catch (Client.Refused e) {
            if (e.sqlState().equals(UNDEFINED_TABLE)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static boolean isOver(TestDatabase database) {
        return phase(database).isEmpty()
                && !database.strings(
                                "SELECT 1 FROM pg_class WHERE oid = 'public.enriched_events'::regclass AND relkind = 'p'")
                        .isEmpty();
    }

    /** Waits for a phase of the conversion, and gives it; empty if the conversion is over before. */
    private static Optional<String> awaitPhase(
            SidecarProcess sidecar, TestDatabase database, Predicate<String> wanted) {
        return await(
                sidecar, () -> phase(database), phase -> phase.map(wanted::test).orElseGet(() -> isOver(database)));
    }

    /** Waits as {@link SidecarProcess#await} does, but looks at once and all the time: phases may be short. */
    private static <T> T await(SidecarProcess sidecar, Callable<T> value, Predicate<T> wanted) {
        try {
            return Awaitility.await()
                    .atMost(PATIENCE)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .failFast("the process ended", () -> !sidecar.isAlive())
                    .until(value, wanted);
        } catch (RuntimeException e) {
            throw new AssertionError("%s; output:\n%s".formatted(e.getMessage(), sidecar.output()), e);
        }
    }

    /** Waits until the process may work: until one of its connections holds the leader's lock. */
    private static void awaitLeader(SidecarProcess sidecar, TestDatabase database) {
        await(sidecar, () -> database.strings("""
                        SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
                        WHERE l.locktype = 'advisory' AND l.granted
                          AND a.application_name = 'partman-sidecar' AND a.datname = current_database()
                        """), leaders -> !leaders.isEmpty());
    }

    private static void pause(Duration length) {
        Awaitility.await().pollDelay(length).until(() -> true);
    }

    /** Waits so long after the begin of a phase, or until it is over: the next one, that may be short, must not go by meanwhile. */
    private static void awaitMiddleOrEnd(Optional<String> begun, int millis, TestDatabase database) {
        long end = System.nanoTime() + Duration.ofMillis(millis).toNanos();
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(() -> System.nanoTime() >= end || !phase(database).equals(begun));
    }

    private static void finish(TestDatabase database, Writers writers) {
        try (SidecarProcess sidecar = service(database, SHORT_COPY)) {
            awaitHealthy(sidecar);
            writers.awaitTransactions(200);
        }
    }

    private static void awaitHealthy(SidecarProcess sidecar) {
        sidecar.await("healthy", PATIENCE, () -> sidecar.state(TABLE.toString()).equals("healthy"));
    }

    private static void assertConverted(TestDatabase database, String happened) {
        SetView set = new SetView(database, SPEC);
        assertThat(Ledger.difference(database, TABLE)).as(happened).isEmpty();
        assertThat(phase(database)).as(happened).isEmpty();
        assertThat(set.defaultRows()).as(happened).isZero();
        assertThat(set.misplacedRows()).as(happened).isZero();
        assertThat(set.holes()).as(happened).isEmpty();
        assertThat(set.indexes())
                .as(happened)
                .containsExactly(
                        "idx_billing_on_enriched_events",
                        "idx_lookup_on_enriched_events",
                        "idx_unique_on_enriched_events",
                        "index_enriched_events_on_event_id");
        assertThat(database.strings("SELECT tgrelid::regclass FROM pg_trigger WHERE tgname LIKE 'partman\\_%'"))
                .as(happened)
                .isEmpty();
        assertThat(
                        database.strings(
                                "SELECT relname FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'partman\\_work\\_%'"))
                .as(happened)
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 400})
    void finishesAfterItWasKilledInEachPhase(int millisAfterItsBeginning) {
        convertInterruptedInEachPhase(millisAfterItsBeginning, SidecarProcess::kill);
    }

    @Test
    void endsInEachPhaseWithinFiveSecondsOfBeingAskedToAndFinishesLater() {
        convertInterruptedInEachPhase(200, sidecar -> {
            sidecar.terminate();
            assertThat(sidecar.exitCode(Duration.ofSeconds(5)))
                    .as(sidecar.output())
                    .isIn(0, 143);
        });
    }

    /** A client whose transaction keeps triggers from being created on the table, but no application from writing. */
    private static Client holdingJournalBack(TestDatabase database) {
        Client client = database.client();
        client.execute("BEGIN", "LOCK TABLE public.enriched_events IN ROW EXCLUSIVE MODE");
        return client;
    }

    /**
     * Has a process for each phase, which is ended so long after the phase has begun, while an application writes. The
     * journal is created in a few milliseconds, so it is held back until it was seen to begin.
     */
    private void convertInterruptedInEachPhase(int millisAfterItsBeginning, Consumer<SidecarProcess> end) {
        Writers writers = applicationOn(database).start();
        Client holder = holdingJournalBack(database);
        Set<String> endedIn = new LinkedHashSet<>();

        try (holder;
                writers) {
            while (!isOver(database)) {
                Optional<String> phase;
                try (SidecarProcess sidecar = service(database, LONG_COPY)) {
                    phase = awaitPhase(sidecar, database, another -> !endedIn.contains(another));
                    holder.close();
                    awaitMiddleOrEnd(phase, millisAfterItsBeginning, database);
                    end.accept(sidecar);
                }
                phase.ifPresent(endedIn::add);
                if (phase.equals(Optional.of("backfill"))) {
                    addManyRows(database);
                }
            }
            finish(database, writers);
        }

        assertThat(endedIn).contains("journal", "backfill", "keys_once", "indexes", "catch_up", "verify", "swap");
        assertConverted(database, "ended in %s; %s".formatted(endedIn, writers));
    }

    @Test
    void finishesAfterItWasKilledTwentyTimesAtRandom() {
        Random random = new Random(SEED);
        List<String> kills = new ArrayList<>();

        while (kills.size() < RANDOM_KILLS) {
            try (TestDatabase another = database.server().createDatabase()) {
                Writers writers = applicationOn(another).start();
                try (writers) {
                    killAtRandom(
                            another, random, kills, Math.min(RANDOM_KILLS, kills.size() + KILLS_OF_ONE_CONVERSION));
                    finish(another, writers);
                }

                assertConverted(another, "seed %d, killed %s; %s".formatted(SEED, kills, writers));
            }
        }
    }

    /** Kills one process after the other, until there are so many kills or the conversion is over. */
    private static void killAtRandom(TestDatabase database, Random random, List<String> kills, int goal) {
        while (kills.size() < goal && !isOver(database)) {
            try (SidecarProcess sidecar = service(database, SHORT_COPY)) {
                awaitLeader(sidecar, database);
                Duration life = Duration.ofMillis(random.nextInt(LONGEST_LIFE_MILLIS));
                pause(life);
                sidecar.kill();
                kills.add("after %d ms, %s"
                        .formatted(life.toMillis(), phase(database).orElse("in no phase")));
            }
        }
    }

    private static void killPostgresIn(String phase, SidecarProcess sidecar, TestDatabase database) {
        assertThat(awaitPhase(sidecar, database, phase::equals)).hasValue(phase);
        database.server().kill();
    }

    /** Rows that come soon after the copy's beginning are in the journal. */
    private static void startPostgresAfter(String phase, TestDatabase database) {
        database.server().start();
        if (phase.equals("backfill")) {
            addManyRows(database);
        }
    }

    @Test
    void finishesAfterPostgresWasKilledWhileRowsWereCopiedIndexesBuiltAndTheJournalApplied(Server version) {
        try (PostgresServer server = PostgresServer.startOwn(version)) {
            TestDatabase own = server.createDatabase();
            Writers writers = applicationOn(own).toleratingConnectionLoss().start();

            try (writers) {
                try (SidecarProcess sidecar = service(own, LONG_COPY)) {
                    for (String phase : PHASES_TO_KILL_POSTGRES_IN) {
                        killPostgresIn(phase, sidecar, own);
                        startPostgresAfter(phase, own);
                    }
                    awaitHealthy(sidecar);
                    writers.awaitTransactions(200);
                }
            }

            assertConverted(own, writers.toString());
            assertThat(writers.connectionsLost()).isPositive();
        }
    }

    @Test
    void finishesWhenItIsKilledTogetherWithPostgres(Server version) {
        try (PostgresServer server = PostgresServer.startOwn(version)) {
            TestDatabase own = server.createDatabase();
            Writers writers = applicationOn(own).toleratingConnectionLoss().start();

            try (writers) {
                for (String phase : PHASES_TO_KILL_POSTGRES_IN) {
                    try (SidecarProcess sidecar = service(own, LONG_COPY)) {
                        killPostgresIn(phase, sidecar, own);
                    }
                    startPostgresAfter(phase, own);
                }
                finish(own, writers);
            }

            assertConverted(own, writers.toString());
        }
    }
}
