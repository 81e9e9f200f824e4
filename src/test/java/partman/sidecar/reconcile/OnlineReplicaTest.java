package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/** A replica that falls behind makes the copy wait. */
@Postgres
class OnlineReplicaTest {

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String LAG =
            "SELECT COALESCE(max(extract(epoch FROM replay_lag)), 0)::float8 FROM pg_stat_replication";

    private final ExecutorService thread = Executors.newSingleThreadExecutor();

    private static void awaitLag(TestDatabase database, boolean late) {
        Awaitility.await("a lag of " + (late ? "more" : "less") + " than two seconds")
                .atMost(PATIENCE)
                .until(() -> {
                    // only what is replayed, or should be, tells of lag
                    database.execute("INSERT INTO public.noise VALUES (now())");
                    return (Double) Objects.requireNonNull(database.single(LAG)) > 2 == late;
                });
    }

    @Test
    void copiesNoRowWhileAReplicaLagsAndGoesOnAfterwards(Server version)
            throws InterruptedException, ExecutionException {
        try (PostgresServer server = PostgresServer.startOwn(version)) {
            TestDatabase database = server.createDatabase();
            database.installPartman();
            database.execute("CREATE TABLE public.noise (at timestamptz)");
            TableSpec spec = Parts.spec(TableShapes.controlledBy(database, "timestamp"))
                    .method(TableSpec.Method.ONLINE)
                    .maxReplicaLag(Duration.ofSeconds(2))
                    .build();
            Parts parts = Parts.in(database).tables(spec).build();
            Content before = TableShapes.content(database, spec.table());
            try (PostgresServer replica = server.startReplica()) {
                awaitLag(database, false);
                parts.carryOnTo(spec, Phase.BACKFILL);
                replica.replay(false);
                awaitLag(database, true);

                Future<Reconciler.Result> conversion = thread.submit(() -> parts.reconcile(spec));
                Awaitility.await().pollDelay(Duration.ofSeconds(4)).until(() -> true);
                long copiedWhileLate = Objects.requireNonNull(
                                parts.observe(spec).underWay())
                        .conversion()
                        .rowsCopied();
                replica.replay(true);
                Reconciler.Result result = conversion.get();

                assertThat(copiedWhileLate).isZero();
                assertThat(result.failure()).isEmpty();
                assertThat(result.plan()).isEqualTo(new Plan.Nothing());
                assertThat(TableShapes.content(database, spec.table())).isEqualTo(before);
            }
        }
    }
}
