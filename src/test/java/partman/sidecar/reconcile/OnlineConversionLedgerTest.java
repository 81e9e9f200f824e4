package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Ledger;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.Template;
import partman.sidecar.testing.TestDatabase;
import partman.sidecar.testing.Writers;

/**
 * An application writes throughout an online conversion: afterwards the table holds exactly what the application's ledger
 * says, none of its statements has failed, and none has waited for longer than a lock timeout and a swap. Its role has no
 * right on anything of the sidecar's.
 */
@Postgres
class OnlineConversionLedgerTest {

    private static final int ROWS = 120_000;
    private static final QualifiedName LAGO = QualifiedName.of("public", "enriched_events");
    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final Duration LOCK_TIMEOUT = Duration.ofMillis(500);
    private static final Duration LONGEST_CONVERSION = Duration.ofMinutes(5);

    /** Lago's table with its rows, which take longer to make than to copy. */
    private static final Template<Shape> LOADED_LAGO = new Template<>(database -> {
        database.installPartman();
        Shape shape = TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, ROWS, 13);
        return shape;
    });

    private static final String SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'partman\\_%'";

    private final TestDatabase database;
    private final String application;
    private final ExecutorService thread = Executors.newSingleThreadExecutor();

    /** Schemas that the sidecar made, and those of them in which the application had rights at some time. */
    private final Set<String> schemas = new TreeSet<>();

    private final Set<String> openSchemas = new TreeSet<>();

    OnlineConversionLedgerTest(TestDatabase database) {
        this.database = database;
        this.application = "application_" + database.name();
        database.createRole(application);
    }

    private static TableSpec lago() {
        return Parts.spec(LAGO, "timestamp")
                .method(TableSpec.Method.ONLINE)
                .retention("14 months")
                .lockTimeout(LOCK_TIMEOUT)
                .build();
    }

    private Future<Reconciler.Result> begin(TableSpec spec) {
        Parts parts = Parts.in(database).tables(spec).build();
        return thread.submit(() -> parts.reconcile(spec));
    }

    private Reconciler.Result finish(Future<Reconciler.Result> conversion) {
        thread.shutdown();
        Awaitility.await("the end of the conversion")
                .atMost(LONGEST_CONVERSION)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    schemas.addAll(database.strings(SCHEMAS));
                    openSchemas.addAll(database.strings(
                            SCHEMAS + " AND has_schema_privilege('%s', oid, 'USAGE, CREATE')".formatted(application)));
                    return conversion.isDone();
                });
        try {
            return conversion.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private void assertConverted(TableSpec spec, Reconciler.Result result) {
        SetView set = new SetView(database, spec);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(set.defaultRows()).isZero();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.holes()).isEmpty();
    }

    private void assertNobodyNoticed(TableSpec spec, Writers writers) {
        assertThat(Ledger.difference(database, spec.table()))
                .as(writers.toString())
                .isEmpty();
        assertThat(writers.slowest()).as(writers.toString()).isLessThan(LOCK_TIMEOUT.plusMillis(500));
        assertThat(schemas).contains("partman_sidecar", "partman_work_public");
        assertThat(openSchemas).isEmpty();
    }

    @Test
    void agreesForLagosTable() {
        LOADED_LAGO.copyTo(database);
        TableSpec spec = lago();
        Writers writers = Writers.onLago(database).role(application).start();
        Reconciler.Result result;

        try (writers) {
            writers.awaitTransactions(200);
            result = finish(begin(spec));
            writers.awaitTransactions(200);
        }

        assertConverted(spec, result);
        assertNobodyNoticed(spec, writers);
        assertThat(new SetView(database, spec).indexes())
                .containsExactly(
                        "idx_billing_on_enriched_events",
                        "idx_lookup_on_enriched_events",
                        "idx_unique_on_enriched_events",
                        "index_enriched_events_on_event_id");
    }

    @Test
    void agreesWhenManyConnectionsCopySmallBatches() {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at))",
                """
                INSERT INTO public.events
                SELECT i, now() AT TIME ZONE 'UTC' - i * interval '4 minutes', 'note ' || i FROM generate_series(1, %d) AS i
                """.formatted(ROWS));
        TableSpec spec = Parts.spec(EVENTS, "at")
                .method(TableSpec.Method.ONLINE)
                .lockTimeout(LOCK_TIMEOUT)
                .workers(4)
                .batchTarget(Duration.ofMillis(50))
                .build();
        Writers writers = Writers.onEvents(database).role(application).start();
        Reconciler.Result result;

        try (writers) {
            writers.awaitTransactions(200);
            result = finish(begin(spec));
            writers.awaitTransactions(200);
        }

        assertConverted(spec, result);
        assertNobodyNoticed(spec, writers);
    }

    /** The lock that the swap asks for makes the writers wait behind it, until it gives up. */
    @Test
    void delaysNoStatementForLongWhileAReaderKeepsTheTablesFromBeingSwapped() {
        LOADED_LAGO.copyTo(database);
        TableSpec spec = lago();
        Writers writers = Writers.onLago(database).role(application).start();
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT FROM public.enriched_events LIMIT 1");
        Reconciler.Result result;

        try (writers) {
            writers.awaitTransactions(200);
            Future<Reconciler.Result> conversion = begin(spec);
            awaitWaitingSwap(true, conversion);
            awaitWaitingSwap(false, conversion);
            reader.execute("COMMIT");
            result = finish(conversion);
            writers.awaitTransactions(200);
        }

        assertConverted(spec, result);
        assertNobodyNoticed(spec, writers);
        assertThat(writers.slowest()).as("the swap was waited for").isGreaterThan(LOCK_TIMEOUT.dividedBy(2));
    }

    private void awaitWaitingSwap(boolean waiting, Future<?> conversion) {
        Awaitility.await("a swap that " + (waiting ? "waits" : "has given up"))
                .atMost(LONGEST_CONVERSION)
                .pollInterval(Duration.ofMillis(10))
                .failFast("the conversion has ended", conversion::isDone)
                .until(() -> database.strings("""
                        SELECT 1 FROM pg_locks
                        WHERE relation = 'public.enriched_events'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted
                        """).isEmpty() != waiting);
    }
}
