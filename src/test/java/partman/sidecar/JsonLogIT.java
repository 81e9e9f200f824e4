package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The log as one JSON object a line, of a table that is converted and maintained. */
@Postgres(Server.PG17)
class JsonLogIT {

    private final TestDatabase database;

    JsonLogIT(TestDatabase database) {
        this.database = database;
    }

    @Test
    void hasTheSameFieldsAsText() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 200, 3);

        List<JsonObject> entries;
        try (SidecarProcess sidecar = SidecarProcess.service(
                Map.of("DATABASE_URL", database.databaseUrl(), "QUARKUS_LOG_CONSOLE_JSON_ENABLED", "true"))) {
            sidecar.await(
                    "maintenance",
                    () -> !sidecar.lines("\"maintenance\":\"success\"").isEmpty());
            sidecar.awaitState("public.enriched_events", "healthy");
            sidecar.terminate();
            assertThat(sidecar.exitCode()).isNotNegative();
            entries = sidecar.output().lines().map(JsonObject::new).toList();
        }

        assertThat(entries).allSatisfy(entry -> {
            assertThat(OffsetDateTime.parse(entry.getString("timestamp"))).isNotNull();
            assertThat(entry.getString("level")).isIn("INFO", "WARN", "ERROR");
            assertThat(entry.getString("message")).isNotBlank();
            for (Map.Entry<String, Object> field : entry.getJsonObject("fields")) {
                assertThat(entry.getString("message")).contains(field.getKey() + "=" + field.getValue());
            }
        });
        assertThat(entries)
                .extracting(entry -> entry.getJsonObject("fields").getMap())
                .contains(
                        Map.of("table", "public.enriched_events", "state", "healthy"),
                        Map.of("table", "public.enriched_events", "state", "extension_missing"))
                .anySatisfy(fields -> assertThat(fields)
                        .containsEntry("maintenance", "success")
                        .containsKeys("table", "took"));
        assertThat(entries.stream().flatMap(entry -> entry.getJsonObject("fields").fieldNames().stream()))
                .containsAll(Set.of("phase", "database", "postgres"));
    }
}
