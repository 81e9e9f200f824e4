package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Pooler;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.SidecarProcess.Answer;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The service behind a pooler. */
@Postgres
class PoolerIT {

    private static final String TABLE = "public.enriched_events";

    private final TestDatabase database;

    PoolerIT(TestDatabase database) {
        this.database = database;
    }

    @Test
    void refusesATransactionPoolerAndSaysWhy() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);
        String untouched = CatalogFingerprint.of(database);

        try (Pooler pooler = Pooler.inFrontOf(database, "transaction");
                SidecarProcess sidecar = SidecarProcess.service(
                        Map.of("DATABASE_URL", pooler.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "1s"))) {
            sidecar.await(
                    "looks",
                    () -> sidecar.metric("partman_observation_errors_total").orElse(0) >= 4);

            Answer ready = sidecar.get("/health/ready");
            assertThat(ready.status()).isEqualTo(503);
            assertThat(ready.body()).contains("transaction pooler").contains("session pooling");
            assertThat(sidecar.status("/health/live")).isEqualTo(200);
            assertThat(sidecar.metric("partman_up")).hasValue(0);
            assertThat(sidecar.metric("partman_leader")).hasValue(0);
            assertThat(sidecar.lines("transaction pooler")).hasSize(1);
            assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        }
    }

    @Test
    void refusesATransactionPoolerOnTheCommandLine() {
        TableShapes.lagoPlain(database);
        String untouched = CatalogFingerprint.of(database);

        try (Pooler pooler = Pooler.inFrontOf(database, "transaction");
                SidecarProcess convert =
                        SidecarProcess.start(Map.of("DATABASE_URL", pooler.databaseUrl()), "convert")) {
            assertThat(convert.exitCode()).isEqualTo(1);
            assertThat(convert.err()).contains("transaction pooler");
            assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        }
    }

    @Test
    void worksBehindASessionPooler() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);

        try (Pooler pooler = Pooler.inFrontOf(database, "session");
                SidecarProcess sidecar = SidecarProcess.service(
                        Map.of("DATABASE_URL", pooler.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "1s"))) {
            sidecar.awaitState(TABLE, "healthy");
        }
    }
}
