package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.SidecarProcess.Answer;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The service beside Lago's table, from its start to its end. */
@Postgres
class ServiceIT {

    private static final String TABLE = "public.enriched_events";
    private static final QualifiedName NAME = QualifiedName.of("public", "enriched_events");

    private final TestDatabase database;

    ServiceIT(TestDatabase database) {
        this.database = database;
    }

    private SidecarProcess service() {
        return SidecarProcess.service(Map.of("DATABASE_URL", database.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "1s"));
    }

    private SidecarProcess offlineService() {
        return SidecarProcess.service(Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_CONVERSION_METHOD",
                "offline"));
    }

    /** Partitions that a client sees, without the default one. */
    private int partitions() {
        return database.strings("SELECT inhrelid::text FROM pg_inherits WHERE inhparent = '%s'::regclass"
                                .formatted(TABLE))
                        .size()
                - 1;
    }

    @Test
    void convertsLagosPlainTableAndSaysSo() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 5000, 6);
        TableShapes.Content before = TableShapes.content(database, NAME);

        try (SidecarProcess sidecar = service()) {
            sidecar.awaitState(TABLE, "healthy");
            sidecar.await("well", () -> sidecar.status("/health/well") == 200);

            assertThat(database.single(
                            "SELECT relkind::text FROM pg_class WHERE oid = '%s'::regclass".formatted(TABLE)))
                    .isEqualTo("p");
            assertThat(TableShapes.content(database, NAME)).isEqualTo(before);
            assertThat(database.single("SELECT count(*) FROM ONLY public.enriched_events_default"))
                    .isEqualTo(0L);
            for (String page : List.of("/health", "/health/live", "/health/ready", "/health/started", "/health/well")) {
                Answer answer = sidecar.get(page);
                assertThat(answer.status()).as(page).isEqualTo(200);
                assertThat(answer.json().getString("status")).as(page).isEqualTo("UP");
            }
            assertThat(sidecar.get("/health/well").json().getJsonArray("checks").stream()
                            .map(JsonObject.class::cast)
                            .map(check -> check.getString("name") + " "
                                    + check.getJsonObject("data").getString("state")))
                    .containsExactly(TABLE + " healthy");
        }
    }

    @Test
    void measuresWhatItMade() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 2000, 6);

        try (SidecarProcess sidecar = service()) {
            sidecar.awaitState(TABLE, "healthy");
            sidecar.await(
                    "maintenance",
                    () -> sidecar.metric("partman_maintenance_runs_total", "parent_table", TABLE, "outcome", "success")
                                    .orElse(0)
                            > 0);

            // seven months with rows and three premade; pg_partman counts a month as 30 days and may make one more
            sidecar.await(
                    "all partitions",
                    () -> sidecar.metric("partman_partitions", "parent_table", TABLE)
                            .equals(OptionalDouble.of(partitions())));
            assertThat(partitions()).isBetween(10, 11);
            assertThat(sidecar.metric("partman_partitions_missing", "parent_table", TABLE))
                    .hasValue(0);
            assertThat(sidecar.metric("partman_default_partition_rows", "parent_table", TABLE))
                    .hasValue(0);
            assertThat(sidecar.metric("partman_table_state", "parent_table", TABLE, "state", "healthy"))
                    .hasValue(1);
            assertThat(sidecar.metric("partman_table_state", "parent_table", TABLE, "state", "plain"))
                    .hasValue(0);
            assertThat(sidecar.metric("partman_up")).hasValue(1);
            assertThat(sidecar.metric("partman_leader")).hasValue(1);
            assertThat(sidecar.metric("partman_info", "partman_version", partmanVersion()))
                    .hasValue(1);
            assertThat(sidecar.metric("partman_premade_horizon_seconds", "parent_table", TABLE)
                            .orElse(0))
                    .isBetween(80 * 86_400.0, 160 * 86_400.0);
            assertThat(sidecar.metric("partman_retained_table_bytes", "parent_table", TABLE)
                            .orElse(0))
                    .isGreaterThan(0);

            JsonObject shown = sidecar.get("/api/tables").json();
            assertThat(shown.getBoolean("up")).isTrue();
            assertThat(shown.getString("database")).isEqualTo(database.name());
            JsonObject table = sidecar.table(TABLE).orElseThrow();
            assertThat(table.getString("state")).isEqualTo("healthy");
            assertThat(table.getJsonArray("partitions")).hasSize(partitions());
            assertThat(table.getJsonObject("registration").getString("retention"))
                    .isEqualTo("14 months");
            assertThat(table.getJsonObject("maintenance").getJsonObject("last").getString("outcome"))
                    .isEqualTo("success");
        }
    }

    private String partmanVersion() {
        return database.strings("SELECT extversion FROM pg_extension WHERE extname = 'pg_partman'")
                .getFirst();
    }

    @Test
    void logsEachStepAndEachStateOnceAndEndsOnRequest() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 2000, 3);

        try (SidecarProcess sidecar = service()) {
            sidecar.awaitState(TABLE, "healthy");
            double first =
                    sidecar.metric("partman_observation_timestamp_seconds").orElseThrow();
            sidecar.await(
                    "three more looks",
                    () -> sidecar.metric("partman_observation_timestamp_seconds")
                                    .orElse(0)
                            > first + 3);
            long asked = System.nanoTime();
            sidecar.terminate();
            int code = sidecar.exitCode(Duration.ofSeconds(5));
            System.out.printf("SIGTERM to exit: %d ms%n", (System.nanoTime() - asked) / 1_000_000);

            assertThat(code).isIn(0, 143);
            for (String step : List.of(
                    "CreateExtension",
                    "CreateShadow",
                    "BeginConversion",
                    "CreateJournal",
                    "DeleteChangedRows",
                    "Analyze",
                    "VerifySuccessor",
                    "LockTable",
                    "SwapTables")) {
                assertThat(sidecar.lines("step=" + step + " ")).as(step).hasSize(1);
            }
            for (String phase : List.of("journal", "backfill", "keys_once", "indexes", "catch_up", "verify", "swap")) {
                assertThat(sidecar.lines("conversion phase=%s done".formatted(phase)))
                        .as(phase)
                        .hasSize(1);
            }
            assertThat(sidecar.lines("table=" + TABLE + " state=healthy")).hasSize(1);
            assertThat(sidecar.lines("maintenance=success")).hasSize(1);
            assertThat(sidecar.lines(" ERROR ")).isEmpty();
            assertThat(sidecar.lines(" WARN ")).isEmpty();
            assertThat(sidecar.lines("Exception")).isEmpty();
            // an online conversion has some 25 steps, and one more for each of 8 or 9 partitions
            assertThat(sidecar.output().lines()).hasSizeLessThan(50);
        }
    }

    @Test
    void logsEachStepOfAnOfflineConversionOnce() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 2000, 3);

        try (SidecarProcess sidecar = offlineService()) {
            sidecar.awaitState(TABLE, "healthy");
            sidecar.await(
                    "maintenance", () -> !sidecar.lines("maintenance=success").isEmpty());

            for (String step : List.of(
                    "CreateExtension",
                    "LockTable",
                    "CreateShadow",
                    "CopyRows",
                    "BuildIndexes",
                    "VerifyCopy",
                    "SwapTables")) {
                assertThat(sidecar.lines("step=" + step + " ")).as(step).hasSize(1);
            }
            assertThat(sidecar.lines(" ERROR ")).isEmpty();
            assertThat(sidecar.lines(" WARN ")).isEmpty();
            assertThat(sidecar.output().lines()).hasSizeLessThan(40);
        }
    }

    @Test
    void waitsForATableThatDoesNotExistYet() {
        try (SidecarProcess sidecar = service()) {
            sidecar.awaitState(TABLE, "missing");
            Answer well = sidecar.get("/health/well");
            assertThat(well.status()).isEqualTo(503);
            assertThat(well.body()).contains("\"state\": \"missing\"").contains("does not exist yet");
            assertThat(sidecar.status("/health/ready")).isEqualTo(200);
            assertThat(sidecar.status("/health/live")).isEqualTo(200);

            TableShapes.lagoPlain(database);
            TableShapes.loadLagoRows(database, 1000, 3);

            sidecar.awaitState(TABLE, "healthy");
            sidecar.await("well", () -> sidecar.status("/health/well") == 200);
            assertThat(TableShapes.content(database, NAME).rows()).isEqualTo(1000);
        }
    }

    /** Starts an offline conversion that takes seconds, and waits until it is under way. */
    private SidecarProcess serviceInTheMiddleOfAnOfflineConversion() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 200_000, 6);
        SidecarProcess sidecar = offlineService();
        sidecar.await("the copy", () -> !sidecar.lines("step=CreateShadow").isEmpty());
        return sidecar;
    }

    private void assertUntouched(TableShapes.Content before) {
        // a query that waits for the table's lock waits for the end of the server process that was left behind
        assertThat(TableShapes.content(database, NAME)).isEqualTo(before);
        assertThat(database.single("SELECT relkind::text FROM pg_class WHERE oid = '%s'::regclass".formatted(TABLE)))
                .isEqualTo("r");
        assertThat(database.strings("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'partman!_%' ESCAPE '!'"))
                .isEmpty();
    }

    @Test
    void leavesTheTableAsItWasWhenItIsKilledOfflineAndThenCarriesOn() {
        try (SidecarProcess killed = serviceInTheMiddleOfAnOfflineConversion()) {
            killed.kill();
            assertThat(killed.lines("step=SwapTables"))
                    .as("killed too late to show anything")
                    .isEmpty();
        }
        TableShapes.Content before = TableShapes.content(database, NAME);
        assertThat(before.rows()).isEqualTo(200_000);
        assertUntouched(before);

        try (SidecarProcess sidecar = offlineService()) {
            sidecar.awaitState(TABLE, "healthy");
        }

        assertThat(TableShapes.content(database, NAME)).isEqualTo(before);
    }

    @Test
    void endsSoonInTheMiddleOfAnOfflineConversionAndLeavesTheTableAsItWas() {
        try (SidecarProcess sidecar = serviceInTheMiddleOfAnOfflineConversion()) {
            long asked = System.nanoTime();
            sidecar.terminate();
            int code = sidecar.exitCode(Duration.ofSeconds(10));
            System.out.printf("SIGTERM in a conversion to exit: %d ms%n", (System.nanoTime() - asked) / 1_000_000);

            assertThat(code).isIn(0, 143);
            assertThat(sidecar.lines("step=SwapTables"))
                    .as("ended too late to show anything")
                    .isEmpty();
        }

        TableShapes.Content before = TableShapes.content(database, NAME);
        assertThat(before.rows()).isEqualTo(200_000);
        assertUntouched(before);
    }

    @Test
    void endsSoonInTheMiddleOfAConversionAndThenCarriesOn() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 200_000, 6);
        TableShapes.Content before = TableShapes.content(database, NAME);
        try (SidecarProcess sidecar = service()) {
            sidecar.await("the copy", () -> !sidecar.lines("step=CreateJournal").isEmpty());
            long asked = System.nanoTime();
            sidecar.terminate();
            int code = sidecar.exitCode(Duration.ofSeconds(10));
            System.out.printf(
                    "SIGTERM in an online conversion to exit: %d ms%n", (System.nanoTime() - asked) / 1_000_000);

            assertThat(code).isIn(0, 143);
            assertThat(sidecar.lines("step=SwapTables"))
                    .as("ended too late to show anything")
                    .isEmpty();
        }
        assertThat(TableShapes.content(database, NAME)).isEqualTo(before);

        try (SidecarProcess sidecar = service()) {
            sidecar.awaitState(TABLE, "healthy");

            assertThat(sidecar.lines("step=CreateShadow"))
                    .as("it does not begin anew")
                    .isEmpty();
        }

        assertThat(TableShapes.content(database, NAME)).isEqualTo(before);
    }

    @Test
    void takesOverWhenTheProcessThatWorksIsKilled() {
        try (SidecarProcess first = service()) {
            first.awaitState(TABLE, "missing");
            try (SidecarProcess second = service()) {
                second.awaitState(TABLE, "missing");
                assertThat(first.metric("partman_leader")).hasValue(1);
                assertThat(second.metric("partman_leader")).hasValue(0);
                assertThat(second.status("/health/ready")).isEqualTo(200);

                first.kill();
                second.await("leader", () -> second.metric("partman_leader").equals(OptionalDouble.of(1)));
                TableShapes.lagoPlain(database);

                second.awaitState(TABLE, "healthy");
            }
        }
    }
}
