package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The commands: what each prints, does and ends with. */
@Postgres
class CommandLineIT {

    private static final String TABLE = "public.enriched_events";
    private static final QualifiedName NAME = QualifiedName.of("public", "enriched_events");

    private final TestDatabase database;

    CommandLineIT(TestDatabase database) {
        this.database = database;
    }

    private Map<String, String> environment() {
        return Map.of("DATABASE_URL", database.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "1s");
    }

    /** What a command ended with. */
    private record Ended(int code, String out, String err) {

        String output() {
            return out + err;
        }
    }

    private Ended run(String command, String... variablesAndValues) {
        try (SidecarProcess process =
                SidecarProcess.start(with(environment(), variablesAndValues), command.split(" "))) {
            int code = process.exitCode();
            return new Ended(code, process.out(), process.err());
        }
    }

    private String kind() {
        return database.strings("SELECT relkind FROM pg_class WHERE oid = '%s'::regclass".formatted(TABLE))
                .getFirst();
    }

    @ParameterizedTest
    @ValueSource(strings = {"online", "offline"})
    void plansTheConversionAsSqlThatPsqlRuns(String method) {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 3000, 6);
        TableShapes.Content before = TableShapes.content(database, NAME);
        String untouched = CatalogFingerprint.of(database);

        Ended plan = run("plan", "PARTMAN_CONVERSION_METHOD", method);

        assertThat(plan.code()).as(plan.err()).isEqualTo(3);
        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        assertThat(plan.out()).startsWith("-- ").contains("CREATE EXTENSION").contains("COMMIT;");
        assertThat(plan.output()).doesNotContain(" INFO ").doesNotContain(" WARN ");
        database.server().psql(database, plan.out());
        assertThat(kind()).isEqualTo("p");
        assertThat(TableShapes.content(database, NAME)).isEqualTo(before);
        assertThat(database.single("SELECT count(*) FROM ONLY public.enriched_events_default"))
                .isEqualTo(0L);
        Ended again = run("plan");
        assertThat(again.code()).as(again.out()).isEqualTo(0);
        assertThat(again.out()).contains("nothing to do");
        assertThat(run("check")).extracting(Ended::code, Ended::out).containsExactly(0, TABLE + ": healthy\n");
    }

    @Test
    void plansTheRegistrationAsSqlThatPsqlRuns() {
        TableShapes.lagoUnregistered(database);
        TableShapes.loadLagoRows(database, 3000, 6);
        TableShapes.Content before = TableShapes.content(database, NAME);

        Ended plan = run("plan");

        assertThat(plan.code()).as(plan.err()).isEqualTo(3);
        database.server().psql(database, plan.out());
        assertThat(TableShapes.content(database, NAME)).isEqualTo(before);
        Ended check = run("check");
        assertThat(check.code()).as(check.out()).isEqualTo(0);
    }

    @Test
    void checksWithoutChangingAnything() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);
        String untouched = CatalogFingerprint.of(database);

        Ended check = run("check");

        assertThat(check.code()).isEqualTo(3);
        assertThat(check.out()).startsWith(TABLE + ": ").contains("plain table");
        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
    }

    @Test
    void saysThatATableIsBlocked() {
        database.installPartman();
        TableShapes.partitionedByHash(database);
        String untouched = CatalogFingerprint.of(database);
        String[] events = events();

        for (String command : new String[] {"plan", "check", "convert"}) {
            Ended ended = run(command, events);

            assertThat(ended.code()).as(command).isEqualTo(4);
            assertThat(ended.out()).as(command).contains("partitioned by HASH");
        }
        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
    }

    private static String[] events() {
        return new String[] {
            "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED", "false",
            "PARTMAN_TABLES_EVENTS_NAME", "public.events",
            "PARTMAN_TABLES_EVENTS_CONTROL", "at",
            "PARTMAN_TABLES_EVENTS_INTERVAL", "1 month"
        };
    }

    @Test
    void convertsOnceAndThenHasNothingToDo() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 3000, 6);
        TableShapes.Content before = TableShapes.content(database, NAME);

        Ended first = run("convert");
        String converted = CatalogFingerprint.of(database);
        Ended second = run("convert");

        assertThat(first.code()).as(first.err()).isEqualTo(0);
        assertThat(first.out()).isEqualTo(TABLE + ": healthy\n");
        assertThat(first.err()).contains("step=SwapTables");
        assertThat(TableShapes.content(database, NAME)).isEqualTo(before);
        assertThat(second.code()).isEqualTo(0);
        assertThat(CatalogFingerprint.of(database)).isEqualTo(converted);
    }

    @Test
    void dropsTheRetiredTableOnlyWhenAsked() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);
        run("convert");
        assertThat(database.single("SELECT count(*) FROM partman_retired_public.enriched_events"))
                .isEqualTo(1000L);

        Ended first = run("drop-retired");
        Ended second = run("drop-retired");

        assertThat(first.code()).as(first.err()).isEqualTo(0);
        assertThat(first.out()).contains("retired table dropped");
        assertThat(database.strings("SELECT to_regclass('partman_retired_public.enriched_events')"))
                .containsExactly("null");
        assertThat(TableShapes.content(database, NAME).rows()).isEqualTo(1000);
        assertThat(second.code()).isEqualTo(0);
        assertThat(second.out()).contains("no retired table");
    }

    @Test
    void convertsNothingBesideTheService() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);
        try (SidecarProcess service = SidecarProcess.service(environment())) {
            service.awaitState(TABLE, "healthy");
            service.await(
                    "maintenance", () -> !service.lines("maintenance=success").isEmpty());
            String before = CatalogFingerprint.of(database);

            Ended convert = run("convert");
            assertThat(convert.code()).isEqualTo(4);
            assertThat(convert.err()).contains("another process works on this database");
            Ended check = run("check");
            assertThat(check.code()).as(check.err()).isEqualTo(0);
            Ended plan = run("plan");
            assertThat(plan.code()).as(plan.err()).isEqualTo(0);
            assertThat(CatalogFingerprint.of(database)).isEqualTo(before);
            assertThat(service.metric("partman_leader")).hasValue(1);
            assertThat(run("maintain").code()).isEqualTo(0);
            assertThat(run("drop-retired"))
                    .extracting(Ended::code, Ended::out)
                    .containsExactly(0, TABLE + ": retired table dropped\n");
        }
    }

    @Test
    void failsWithoutADatabase() {
        for (String command :
                new String[] {"plan", "plan --undo", "check", "convert", "maintain", "abort", "drop-retired"}) {
            Ended ended = run(command, "DATABASE_URL", "postgresql://lago:swordfish@127.0.0.1:1/lago");

            assertThat(ended.code()).as(command).isEqualTo(1);
            assertThat(ended.err()).as(command).contains("127.0.0.1:1 refused").doesNotContain("swordfish");
            assertThat(ended.out()).as(command).isEmpty();
        }
    }

    @Test
    void failsWithAWrongPassword() {
        Ended ended = run("check", "DATABASE_URL", database.databaseUrl().replace(":postgres@", ":swordfish@"));

        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.err()).contains("password authentication failed").doesNotContain("swordfish");
    }

    @Test
    void tellsWhetherTheServiceBesideItLives() {
        try (SidecarProcess service = SidecarProcess.service(environment())) {
            String port = Integer.toString(service.port());
            service.await("the service", () -> service.status("/health/live") == 200);

            int whileItLives = run("check --live", "QUARKUS_HTTP_PORT", port).code();
            service.kill();
            Ended afterwards = run("check --live", "QUARKUS_HTTP_PORT", port);

            assertThat(whileItLives).isEqualTo(0);
            assertThat(afterwards.code()).isEqualTo(1);
            assertThat(afterwards.output()).isEmpty();
        }
        Ended badPort = run("check --live", "QUARKUS_HTTP_PORT", "here");
        assertThat(badPort.code()).isEqualTo(2);
        assertThat(badPort.err()).contains("quarkus.http.port: 'here' is no port");
        Ended largePort = run("check --live", "QUARKUS_HTTP_PORT", "70000");
        assertThat(largePort.code()).isEqualTo(2);
        assertThat(largePort.err()).contains("quarkus.http.port: '70000' is no port");
        Ended noFile = run("check --live", "QUARKUS_CONFIG_LOCATIONS", "file:/no/such/file.properties");
        assertThat(noFile.code()).isEqualTo(2);
        assertThat(noFile.err()).contains("quarkus.config.locations", "check the files with settings");
    }

    @Test
    void printsItsVersionWithoutAnySetting() {
        try (SidecarProcess process = SidecarProcess.start(Map.of(), "--version")) {
            assertThat(process.exitCode()).isEqualTo(0);
            assertThat(process.out()).matches("partman-sidecar [0-9]+\\.[0-9]+\\.[0-9]+\n");
        }
    }

    @Test
    void abortsWhatIsNotThere() {
        TableShapes.lagoPlain(database);
        String untouched = CatalogFingerprint.of(database);

        Ended abort = run("abort");

        assertThat(abort.code()).isEqualTo(0);
        assertThat(abort.out()).isEqualTo(TABLE + ": no conversion to give up\n");
        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
    }

    @Test
    void maintainsWhatIsRegistered() {
        TableShapes.lagoRegistered(database);
        database.execute("UPDATE partman.part_config SET maintenance_last_run = NULL");

        Ended maintain = run("maintain");

        assertThat(maintain.code()).as(maintain.err()).isEqualTo(0);
        assertThat(maintain.out()).isEqualTo(TABLE + ": success\n");
        assertThat(database.single(
                        "SELECT maintenance_last_run > now() - interval '1 minute' FROM partman.part_config"))
                .isEqualTo(true);
    }

    @Test
    void changesNothingInOtherModesThanApply() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);
        String untouched = CatalogFingerprint.of(database);

        for (String mode : new String[] {"plan", "observe"}) {
            for (String command : new String[] {"convert", "abort", "drop-retired"}) {
                Ended ended = run(command, "PARTMAN_MODE", mode);

                assertThat(ended.code()).as(mode + " " + command).isEqualTo(4);
                assertThat(ended.err()).as(mode + " " + command).contains("partman.mode is not apply");
            }
            assertThat(run("plan", "PARTMAN_MODE", mode).code()).isEqualTo(3);
            assertThat(run("check", "PARTMAN_MODE", mode).code()).isEqualTo(3);
        }
        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
    }

    @Test
    void maintainsNothingInOtherModesThanApply() {
        TableShapes.lagoRegistered(database);
        database.execute("UPDATE partman.part_config SET premake = 6");
        String untouched = CatalogFingerprint.of(database);

        for (String mode : new String[] {"plan", "observe"}) {
            Ended ended = run("maintain", "PARTMAN_MODE", mode);

            assertThat(ended.code()).as(mode).isEqualTo(4);
            assertThat(CatalogFingerprint.of(database)).as(mode).isEqualTo(untouched);
        }
    }

    @Test
    void changesNothingAsAServiceInModePlanButPrintsTheSql() {
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 1000, 3);
        String untouched = CatalogFingerprint.of(database);

        try (SidecarProcess service = SidecarProcess.service(
                with(environment(), "PARTMAN_MODE", "plan", "PARTMAN_MAINTENANCE_CRON", "* * * * *"))) {
            service.await("the plan", () -> service.output().contains("COMMIT;"));
            double first =
                    service.metric("partman_observation_timestamp_seconds").orElseThrow();
            service.await(
                    "two more looks",
                    () -> service.metric("partman_observation_timestamp_seconds")
                                    .orElse(0)
                            > first + 2);

            assertThat(service.output()).contains("CREATE EXTENSION IF NOT EXISTS pg_partman");
            assertThat(service.lines("CREATE EXTENSION IF NOT EXISTS"))
                    .as("once")
                    .hasSize(1);
            for (String statement :
                    new String[] {"CREATE EXTENSION IF NOT EXISTS pg_partman", "IN SHARE ROW EXCLUSIVE MODE"}) {
                assertThat(service.get("/plan").body()).contains(statement);
                assertThat(service.table("public.enriched_events")
                                .orElseThrow()
                                .getJsonObject("plan")
                                .getString("sql"))
                        .contains(statement);
            }
            assertThat(service.get("/").body()).contains("Pending SQL: ");
            assertThat(service.metric("partman_leader")).hasValue(0);
            assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        }
    }

    @Test
    void changesNothingAsAServiceInModeObserve() {
        TableShapes.lagoUnregistered(database);
        TableShapes.loadLagoRows(database, 1000, 3);
        database.createRole("onlooker_" + database.name());
        String onlooker = "onlooker_" + database.name();
        database.execute(
                "GRANT USAGE ON SCHEMA partman TO " + onlooker,
                "GRANT SELECT ON ALL TABLES IN SCHEMA partman, public TO " + onlooker);
        String untouched = CatalogFingerprint.of(database);

        try (SidecarProcess service = SidecarProcess.service(
                with(environment(), "PARTMAN_MODE", "observe", "DATABASE_URL", database.databaseUrl(onlooker)))) {
            service.await(
                    "a look",
                    () -> service.metric("partman_default_partition_rows", "parent_table", TABLE)
                            .isPresent());
            double first =
                    service.metric("partman_observation_timestamp_seconds").orElseThrow();
            service.await(
                    "two more looks",
                    () -> service.metric("partman_observation_timestamp_seconds")
                                    .orElse(0)
                            > first + 2);

            assertThat(service.metric("partman_default_partition_rows", "parent_table", TABLE))
                    .hasValue(1000);
            assertThat(service.status("/health/ready")).isEqualTo(200);
            assertThat(service.status("/health/well")).isEqualTo(503);
            assertThat(service.metric("partman_leader")).hasValue(0);
            assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        }
    }
}
