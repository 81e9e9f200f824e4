package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The service brings Lago's table to the same end from each state in which it is met. */
@Postgres
class LagoStatesIT {

    private static final QualifiedName TABLE = QualifiedName.of("public", "enriched_events");

    private final TestDatabase database;

    LagoStatesIT(TestDatabase database) {
        this.database = database;
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "unregistered", "registered"})
    void makesTheTableWell(String state) {
        switch (state) {
            case "plain" -> TableShapes.lagoPlain(database);
            case "unregistered" -> TableShapes.lagoUnregistered(database);
            default -> TableShapes.lagoRegistered(database);
        }
        TableShapes.loadLagoRows(database, 3000, 13);
        TableShapes.Content before = TableShapes.content(database, TABLE);

        try (SidecarProcess sidecar =
                SidecarProcess.service(Map.of("DATABASE_URL", database.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "1s"))) {
            sidecar.await("well", () -> sidecar.status("/health/well") == 200);
        }

        assertThat(TableShapes.content(database, TABLE)).isEqualTo(before);
        assertThat(database.single("SELECT count(*) FROM ONLY public.enriched_events_default"))
                .isEqualTo(0L);
        assertThat(database.strings("""
                SELECT concat_ws(' ', parent_table, control, partition_interval::interval, premake, retention,
                           retention_keep_table, infinite_time_partitions, automatic_maintenance)
                FROM partman.part_config
                """)).containsExactly("public.enriched_events timestamp 1 mon 3 14 months t t on");
        assertThat(database.strings("""
                SELECT c.relname
                FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                WHERE i.indrelid = 'public.enriched_events'::regclass ORDER BY 1
                """))
                .containsExactly(
                        "idx_billing_on_enriched_events",
                        "idx_lookup_on_enriched_events",
                        "idx_unique_on_enriched_events",
                        "index_enriched_events_on_event_id");
    }
}
