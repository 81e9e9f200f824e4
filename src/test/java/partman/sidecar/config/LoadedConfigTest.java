package partman.sidecar.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.config.Settings.Mode;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.SwapWindow;
import partman.sidecar.model.TableSpec;

/** The way from the environment and the files to checked settings; reads the program's own application.properties. */
class LoadedConfigTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-05-15T12:00:00Z"));
    private static final Map<String, String> CONNECTION = Map.of("DATABASE_URL", "postgresql://u:hush@h/d");

    @TempDir
    private Path directory;

    private static LoadedConfig load(Map<String, String> environment) {
        Map<String, String> all = new HashMap<>(CONNECTION);
        all.putAll(environment);
        return LoadedConfig.read(all, CLOCK);
    }

    private static List<String> faultsOf(Map<String, String> environment) {
        try {
            load(environment);
            return List.of();
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage()).lines().toList();
        }
    }

    private String file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content, UTF_8).toString();
    }

    @Test
    void looksAfterLagosTableOutOfTheBox() {
        Settings settings = load(Map.of()).settings();

        assertThat(settings)
                .isEqualTo(new Settings(
                        Mode.APPLY,
                        List.of(new TableSpec(
                                "enriched-events",
                                QualifiedName.of("public", "enriched_events"),
                                new Identifier("timestamp"),
                                PartitionInterval.parse("1 month"),
                                3,
                                PartitionInterval.parse("14 months"),
                                true,
                                true,
                                null,
                                new TableSpec.Conversion(
                                        TableSpec.Method.ONLINE,
                                        500,
                                        Duration.ofMillis(500),
                                        2,
                                        Duration.ofSeconds(1),
                                        0,
                                        Duration.ofSeconds(30),
                                        null,
                                        false),
                                100_000,
                                TableSpec.Drift.FIX)),
                        new MaintenanceSpec(true, Scheduler.SIDECAR, "0 * * * *", null, false, Duration.ofMillis(500)),
                        Duration.ofSeconds(30),
                        1_000_000,
                        List.of()));
    }

    @Test
    void takesEverySettingFromTheEnvironment() {
        Settings settings = load(Map.ofEntries(
                        Map.entry("PARTMAN_MODE", "plan"),
                        Map.entry("PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED", "false"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_NAME", "sales.orders"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_CONTROL", "created_at"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_INTERVAL", "7 days"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_PREMAKE", "6"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_RETENTION", "90 days"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_RETENTION_KEEP_TABLE", "false"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_INFINITE_TIME_PARTITIONS", "false"),
                        Map.entry("PARTMAN_TABLES_BIG_ORDERS_START_PARTITION", "2026-01-01"),
                        Map.entry("PARTMAN_MAINTENANCE_CRON", "*/15 2 * * 1-5"),
                        Map.entry("PARTMAN_MAINTENANCE_SCHEDULER", "pg-cron"),
                        Map.entry("PARTMAN_MAINTENANCE_CRON_DATABASE", "jobs"),
                        Map.entry("PARTMAN_EXTENSION_UPDATE", "true"),
                        Map.entry("PARTMAN_OBSERVE_EVERY", "2m"),
                        Map.entry("PARTMAN_OBSERVE_DEFAULT_ROWS_CAP", "5"),
                        Map.entry("PARTMAN_DRIFT", "report"),
                        Map.entry("PARTMAN_DEFAULT_PARTITION_MOVE_ROWS", "6"),
                        Map.entry("PARTMAN_CONVERSION_METHOD", "offline"),
                        Map.entry("PARTMAN_CONVERSION_MAX_PARTITIONS", "7"),
                        Map.entry("PARTMAN_CONVERSION_WORKERS", "8"),
                        Map.entry("PARTMAN_CONVERSION_BATCH_TARGET", "250ms"),
                        Map.entry("PARTMAN_CONVERSION_MAX_ROWS_PER_SECOND", "9"),
                        Map.entry("PARTMAN_CONVERSION_MAX_REPLICA_LAG", "3m"),
                        Map.entry("PARTMAN_CONVERSION_SWAP_WINDOW", "23:30-01:00"),
                        Map.entry("PARTMAN_CONVERSION_RETIRED", "drop"),
                        Map.entry("PARTMAN_LOCK_TIMEOUT", "PT2S")))
                .settings();

        assertThat(settings)
                .isEqualTo(new Settings(
                        Mode.PLAN,
                        List.of(new TableSpec(
                                "big-orders",
                                QualifiedName.of("sales", "orders"),
                                new Identifier("created_at"),
                                PartitionInterval.parse("7 days"),
                                6,
                                PartitionInterval.parse("90 days"),
                                false,
                                false,
                                Instant.parse("2026-01-01T00:00:00Z")
                                        .atOffset(java.time.ZoneOffset.UTC)
                                        .toLocalDateTime(),
                                new TableSpec.Conversion(
                                        TableSpec.Method.OFFLINE,
                                        7,
                                        Duration.ofSeconds(2),
                                        8,
                                        Duration.ofMillis(250),
                                        9,
                                        Duration.ofMinutes(3),
                                        new SwapWindow(LocalTime.of(23, 30), LocalTime.of(1, 0)),
                                        true),
                                6,
                                TableSpec.Drift.REPORT)),
                        new MaintenanceSpec(
                                false, Scheduler.PG_CRON, "*/15 2 * * 1-5", "jobs", true, Duration.ofSeconds(2)),
                        Duration.ofMinutes(2),
                        5,
                        List.of()));
    }

    @Test
    void changesOneSettingOfTheTableThatItShips() {
        Settings settings =
                load(Map.of("PARTMAN_TABLES_ENRICHED_EVENTS_PREMAKE", "6")).settings();

        assertThat(settings.tables()).singleElement().satisfies(table -> {
            assertThat(table.premake()).isEqualTo(6);
            assertThat(table.table()).hasToString("public.enriched_events");
        });
    }

    @Test
    void takesAnEmptyVariableForNotSet() {
        Settings settings = load(Map.of(
                        "PARTMAN_MODE", "",
                        "PARTMAN_TABLES_ENRICHED_EVENTS_RETENTION", " ",
                        "PARTMAN_CONVERSION_MAX_ROWS_PER_SECOND", "",
                        "PARTMAN_CONVERSION_MAX_REPLICA_LAG", "",
                        "PARTMAN_CONVERSION_SWAP_WINDOW", " "))
                .settings();

        assertThat(settings).isEqualTo(load(Map.of()).settings());
    }

    @Test
    void keepsAllPartitionsIfTheRetentionIsNone() {
        Settings settings =
                load(Map.of("PARTMAN_TABLES_ENRICHED_EVENTS_RETENTION", "none")).settings();

        assertThat(settings.tables().getFirst().retention()).isNull();
    }

    @Test
    void readsTheFilesThatQuarkusReads() throws IOException {
        String file = file("more.properties", """
                partman.mode=observe
                partman.observe.every=1h
                partman.tables.orders.name=orders
                partman.tables.orders.control=at
                partman.tables.orders.interval=${interval:1 day}
                """);

        Settings settings = load(Map.of("QUARKUS_CONFIG_LOCATIONS", file, "PARTMAN_OBSERVE_EVERY", "10s"))
                .settings();

        assertThat(settings.mode()).isEqualTo(Mode.OBSERVE);
        assertThat(settings.observeEvery()).isEqualTo(Duration.ofSeconds(10));
        assertThat(settings.tables()).extracting(TableSpec::key).containsExactly("enriched-events", "orders");
        assertThat(settings.tables().getLast().partitionInterval()).hasToString("1 day");
    }

    @Test
    void prefersASystemProperty() {
        System.setProperty("partman.mode", "observe");
        try {
            Settings settings = load(Map.of("PARTMAN_MODE", "plan")).settings();

            assertThat(settings.mode()).isEqualTo(Mode.OBSERVE);
        } finally {
            System.clearProperty("partman.mode");
        }
    }

    @Test
    void saysAllThatIsWrongInOneMessageWithALineForEach() {
        List<String> faults = faultsOf(Map.of(
                "DATABASE_URL", "mysql://u:hush@h/d",
                "PARTMAN_MOED", "plan",
                "PARTMAN_MODE", "aply",
                "PARTMAN_TABLES_ENRICHED_EVENTS_PREMAKE", "abc",
                "PARTMAN_MAINTENANCE_CRON", "hourly",
                "PARTMAN_LOCK_TIMEOUT", "0s"));

        assertThat(faults)
                .containsExactly(
                        "PARTMAN_MOED: no setting has this environment variable; did you mean PARTMAN_MODE?",
                        "DATABASE_URL: does not start with postgresql:// or postgres://; write it as"
                                + " postgresql://user:password@host:5432/database",
                        "partman.lock-timeout: '0s' is out of bounds; use a time span from 1ms to 60s",
                        "partman.mode: 'aply' is no known word; use apply, plan, observe",
                        "partman.tables.enriched-events.premake: 'abc' is not a whole number; use one from 1 to 1000",
                        "partman.maintenance.cron: 'hourly' is no cron expression; use five fields (minute, hour, day of"
                                + " month, month, day of week), for example '0 * * * *' for each full hour");
    }

    @ParameterizedTest
    @CsvSource({
        "PARTMAN_MOED, PARTMAN_MODE",
        "PARTMAN_LOCKTIMEOUT, PARTMAN_LOCK_TIMEOUT",
        "PARTMAN_CONVERSION_MAX_REPLICATION_LAG, PARTMAN_CONVERSION_MAX_REPLICA_LAG",
        "PARTMAN_TABLES_ENRICHED_EVENTS_PREMAK, PARTMAN_TABLES_ENRICHED_EVENTS_PREMAKE",
        "PARTMAN_TABLES_BIG_ORDERS_RETENTION_KEEPTABLES, PARTMAN_TABLES_BIG_ORDERS_RETENTION_KEEP_TABLE",
        "PARTMAN_TABLES_PREMAKE, PARTMAN_TABLES_<KEY>_PREMAKE",
    })
    void namesTheVariableThatAMisspeltOneLooksLike(String misspelt, String meant) {
        List<String> faults = faultsOf(Map.of(misspelt, "1"));

        assertThat(faults)
                .containsExactly(misspelt + ": no setting has this environment variable; did you mean " + meant + "?");
    }

    @ParameterizedTest
    @CsvSource({
        "partman.moed, partman.mode",
        "partman.observe.defaultRowsCap, partman.observe.default-rows-cap",
        "partman.locktimeout, partman.lock-timeout",
        "partman.conversion.swapWindow, partman.conversion.swap-window",
        "partman.tables.enriched-events.premak, partman.tables.enriched-events.premake",
        "partman.tables.premake, partman.tables.<key>.premake",
    })
    void namesTheKeyThatAMisspeltOneLooksLike(String misspelt, String meant) throws IOException {
        String file = file("more.properties", misspelt + "=1\n");

        List<String> faults = faultsOf(Map.of("QUARKUS_CONFIG_LOCATIONS", file));

        assertThat(faults).containsExactly(misspelt + ": no such setting; did you mean " + meant + "?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Orders", "big_orders", "\"big.orders\"", "big--orders", "-orders"})
    void refusesATablesKeyThatNoVariableCanName(String key) throws IOException {
        String file = file("more.properties", "partman.tables." + key + ".name=orders\n");

        List<String> faults = faultsOf(Map.of("QUARKUS_CONFIG_LOCATIONS", file));

        assertThat(faults)
                .singleElement()
                .asString()
                .startsWith("partman.tables." + key
                        + ".name: a table's key has lower-case letters, digits and single hyphens");
    }

    @Test
    void doesNotTakeAMisspeltTablesKeyForANewTable() {
        List<String> faults = faultsOf(Map.of("PARTMAN_TABLES_ENRICHED_EVENT_PREMAKE", "6"));

        assertThat(faults)
                .containsExactly(
                        "partman.tables.enriched-event: has no name, control and interval; give all three, or did you"
                                + " mean partman.tables.enriched-events?");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PARTMAN_SERVICE_HOST",
                "PARTMAN_SERVICE_PORT",
                "PARTMAN_PORT",
                "PARTMAN_SIDECAR_SERVICE_HOST",
                "PARTMAN_SIDECAR_SERVICE_PORT_HTTP",
                "PARTMAN_SIDECAR_PORT",
                "PARTMAN_SIDECAR_PORT_9780_TCP",
                "PARTMAN_SIDECAR_PORT_9780_TCP_ADDR",
            })
    void leavesKubernetesServiceVariablesAlone(String variable) {
        List<String> faults = faultsOf(Map.of(variable, "tcp://10.0.0.1:9780"));

        assertThat(faults).isEmpty();
    }

    @Test
    void saysWhichValueNamesASettingThatIsNotSet() throws IOException {
        String file = file("more.properties", "partman.mode=${unknown}\n");

        List<String> faults = faultsOf(Map.of("QUARKUS_CONFIG_LOCATIONS", file));

        assertThat(faults)
                .containsExactly(
                        "partman.mode: an expression ${…} in its value names a setting that is not set; write \\$ for"
                                + " a plain $");
    }

    @Test
    void saysThatAFileWithSettingsIsNotThere() {
        List<String> faults = faultsOf(Map.of("QUARKUS_CONFIG_LOCATIONS", "file:/no/such/file.properties"));

        assertThat(faults)
                .singleElement()
                .asString()
                .startsWith("quarkus.config.locations: ")
                .contains("/no/such/file");
    }

    @Test
    void tellsQuarkusHowToConnect() {
        LoadedConfig config = load(Map.of("DATABASE_URL", "postgresql://u:p$${a}\\$b@h/d?pool=5"));

        assertThat(config.dataSource())
                .containsEntry("quarkus.datasource.username", "u")
                .containsEntry("quarkus.datasource.password", "p$${a}\\$b")
                .hasEntrySatisfying(
                        "quarkus.datasource.jdbc.url",
                        url -> assertThat(url).startsWith("jdbc:postgresql://h:5432/d?"));
        assertThat(config.settings().ignoredUrlParameters()).containsExactly("pool");
    }

    @Test
    void leavesAConnectionAloneThatIsSetInQuarkusOwnWords() {
        LoadedConfig config = load(Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL", "jdbc:postgresql://other/d",
                "DATABASE_URL", "nonsense",
                "PGPORT", "nonsense"));

        assertThat(config.dataSource()).isEmpty();
    }

    @Test
    void leavesQuarkusOwnUserAndPasswordAlone() {
        LoadedConfig config =
                load(Map.of("QUARKUS_DATASOURCE_USERNAME", "other", "QUARKUS_DATASOURCE_PASSWORD", "other"));

        assertThat(config.dataSource()).containsOnlyKeys("quarkus.datasource.jdbc.url");
    }

    @Test
    void readsQuarkusPasswordFromAFile() throws IOException {
        String file = file("password", "p\n");

        LoadedConfig config = load(Map.of(
                "QUARKUS_DATASOURCE_JDBC_URL", "jdbc:postgresql://other/d", "QUARKUS_DATASOURCE_PASSWORD_FILE", file));

        assertThat(config.dataSource()).containsExactly(Map.entry("quarkus.datasource.password", "p"));
    }

    @Test
    void refusesQuarkusPasswordTwice() throws IOException {
        String file = file("password", "hush");

        List<String> faults =
                faultsOf(Map.of("QUARKUS_DATASOURCE_PASSWORD", "hush", "QUARKUS_DATASOURCE_PASSWORD_FILE", file));

        assertThat(faults)
                .containsExactly(
                        "QUARKUS_DATASOURCE_PASSWORD_FILE: QUARKUS_DATASOURCE_PASSWORD is set too; set only one of"
                                + " them");
    }

    @Test
    void showsNoSecretInItsFaultsOrItsText() {
        LoadedConfig config = load(Map.of());

        assertThat(config.settings().toString()).doesNotContain("hush");
        assertThat(config.toString()).doesNotContain("hush");
        assertThatThrownBy(() -> load(
                        Map.of("PARTMAN_MODE", "postgresql://u:hush@h/d", "PARTMAN_OBSERVE_EVERY", "password=hush")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageNotContaining("hush");
    }
}
