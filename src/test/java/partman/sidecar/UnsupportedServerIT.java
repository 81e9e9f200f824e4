package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The service on a server with pg_partman 4.7.2, and on one that does not offer pg_partman at all. */
@Postgres({Server.PG15, Server.PG17_WITHOUT_PARTMAN})
class UnsupportedServerIT {

    private static final String TABLE = "public.enriched_events";

    private final TestDatabase database;
    private final String state;

    UnsupportedServerIT(TestDatabase database, Server server) {
        this.database = database;
        this.state = server == Server.PG15 ? "extension_unsupported" : "extension_unavailable";
    }

    @Test
    void saysWhatToInstallAndChangesNothing() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 100, 2);
        String before = CatalogFingerprint.of(database);

        try (SidecarProcess sidecar =
                SidecarProcess.service(Map.of("DATABASE_URL", database.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "1s"))) {
            sidecar.awaitState(TABLE, state);

            assertThat(sidecar.status("/health/live")).isEqualTo(200);
            assertThat(sidecar.status("/health/ready")).isEqualTo(200);
            assertThat(sidecar.get("/health/well").status()).isEqualTo(503);
            assertThat(sidecar.get("/health/well").body()).contains(state, "install");
        }

        assertThat(CatalogFingerprint.of(database)).isEqualTo(before);
    }
}
