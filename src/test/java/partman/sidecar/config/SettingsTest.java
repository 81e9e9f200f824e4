package partman.sidecar.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.SwapWindow;
import partman.sidecar.model.TableSpec;

/** What each value may be; how values get here is {@link LoadedConfigTest}'s matter. */
class SettingsTest {

    private static final Instant NOW = Instant.parse("2026-05-15T12:00:00Z");
    private static final Map<String, String> TABLE = Map.of(
            "partman.tables.t.name", "public.t",
            "partman.tables.t.control", "at",
            "partman.tables.t.interval", "1 month");

    private static Settings settings(Map<String, String> changes) {
        Map<String, String> values = new HashMap<>(TABLE);
        values.putAll(changes);
        values.values().removeIf(String::isEmpty);
        return Settings.of(Sources.sidecarConfig(values), NOW);
    }

    private static TableSpec table(String setting, String value) {
        return settings(Map.of("partman.tables.t." + setting, value)).tables().getFirst();
    }

    private static TableSpec.Conversion conversion(String setting, String value) {
        return settings(Map.of("partman.conversion." + setting, value))
                .tables()
                .getFirst()
                .conversion();
    }

    private static List<String> faults(Map<String, String> changes) {
        try {
            settings(changes);
            return List.of();
        } catch (InvalidConfigException e) {
            return String.valueOf(e.getMessage()).lines().toList();
        }
    }

    @Test
    void givesATableDefaults() {
        TableSpec table = settings(Map.of()).tables().getFirst();

        assertThat(table.premake()).isEqualTo(4);
        assertThat(table.retention()).isNull();
        assertThat(table.retentionKeepTable()).isTrue();
        assertThat(table.infiniteTimePartitions()).isTrue();
        assertThat(table.startPartition()).isNull();
    }

    @Test
    void needsNoTable() {
        Settings settings = Settings.of(Sources.sidecarConfig(Map.of()), NOW);

        assertThat(settings.tables()).isEmpty();
    }

    @Test
    void leavesOutATableThatIsSwitchedOffWhateverElseItSays() {
        Settings settings =
                settings(Map.of("partman.tables.t.enabled", "false", "partman.tables.t.premake", "nonsense"));

        assertThat(settings.tables()).isEmpty();
    }

    @Test
    void sortsTablesByTheirKeys() {
        Settings settings = settings(Map.of(
                "partman.tables.b.name", "b",
                "partman.tables.b.control", "at",
                "partman.tables.b.interval", "1 day",
                "partman.tables.a.name", "a",
                "partman.tables.a.control", "at",
                "partman.tables.a.interval", "1 day"));

        assertThat(settings.tables()).extracting(TableSpec::key).containsExactly("a", "b", "t");
    }

    @Test
    void takesAColumnInDoubleQuotes() {
        TableSpec table = table("control", "\"Created \"\"At\"\"\"");

        assertThat(table.controlColumn().name()).isEqualTo("Created \"At\"");
    }

    @ParameterizedTest
    @CsvSource({
        "2024-12-01, 2024-12-01T00:00",
        "2024-12-01T06:30, 2024-12-01T06:30",
        "2024-12-01T06:30:15Z, 2024-12-01T06:30:15",
        "2024-12-01 06:30:15, 2024-12-01T06:30:15",
        "2026-05-15T12:00:00Z, 2026-05-15T12:00",
    })
    void readsAStartPartition(String text, LocalDateTime moment) {
        TableSpec table = table("start-partition", text);

        assertThat(table.startPartition()).isEqualTo(moment);
    }

    @ParameterizedTest
    @CsvSource({"1ms, 1", "500ms, 500", "60s, 60000", "1m, 60000", "PT1.5S, 1500", "pt2s, 2000", "'2 s', 2000"})
    void readsATimeSpan(String text, long milliseconds) {
        TableSpec.Conversion conversion = settings(Map.of("partman.lock-timeout", text))
                .tables()
                .getFirst()
                .conversion();

        assertThat(conversion.lockTimeout()).isEqualTo(Duration.ofMillis(milliseconds));
    }

    @ParameterizedTest
    @CsvSource({"online, ONLINE", "offline, OFFLINE", "Online, ONLINE"})
    void readsTheMethodOfAConversion(String text, TableSpec.Method method) {
        TableSpec.Conversion conversion = conversion("method", text);

        assertThat(conversion.method()).isEqualTo(method);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 16})
    void takesOneWorkerAndSixteen(int workers) {
        TableSpec.Conversion conversion = conversion("workers", String.valueOf(workers));

        assertThat(conversion.workers()).isEqualTo(workers);
    }

    @ParameterizedTest
    @CsvSource({"100ms, 100", "1m, 60000"})
    void takesTheShortestAndTheLongestBatch(String text, long milliseconds) {
        TableSpec.Conversion conversion = conversion("batch-target", text);

        assertThat(conversion.batchTarget()).isEqualTo(Duration.ofMillis(milliseconds));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1000000000, 1000000000", "none, 0", "None, 0", "'', 0"})
    void limitsTheRowsPerSecondIfAsked(String text, long rowsPerSecond) {
        TableSpec.Conversion conversion = conversion("max-rows-per-second", text);

        assertThat(conversion.maxRowsPerSecond()).isEqualTo(rowsPerSecond);
    }

    @ParameterizedTest
    @CsvSource({"1s, 1", "24h, 86400", "1d, 86400", "'', 30"})
    void letsAReplicaLagForAWhile(String text, long seconds) {
        TableSpec.Conversion conversion = conversion("max-replica-lag", text);

        assertThat(conversion.maxReplicaLag()).isEqualTo(Duration.ofSeconds(seconds));
    }

    @Test
    void doesNotMindAReplicasLagIfThatIsNone() {
        TableSpec.Conversion conversion = conversion("max-replica-lag", "none");

        assertThat(conversion.maxReplicaLag()).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "02:00-04:00, 02:00, 04:00",
        "00:00-23:59, 00:00, 23:59",
        "23:30 - 01:15, 23:30, 01:15",
        "22:00-00:00, 22:00, 00:00",
    })
    void readsASwapWindow(String text, LocalTime from, LocalTime to) {
        TableSpec.Conversion conversion = conversion("swap-window", text);

        assertThat(conversion.swapWindow()).isEqualTo(new SwapWindow(from, to));
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", ""})
    void allowsTheSwapAtAnyTimeUnlessAsked(String text) {
        TableSpec.Conversion conversion = conversion("swap-window", text);

        assertThat(conversion.swapWindow()).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "night",
                "02:00",
                "02:00-",
                "2-4",
                "2:00-4:00",
                "02:00-24:00",
                "02:60-04:00",
                "02:00-04:00 CET",
                "-",
                "02:00:00-04:00:00"
            })
    void refusesASwapWindowThatIsNotTwoTimesOfTheDay(String text) {
        List<String> faults = faults(Map.of("partman.conversion.swap-window", text));

        assertThat(faults)
                .containsExactly(
                        "partman.conversion.swap-window: '" + text
                                + "' is not a window such as '02:00-04:00'; use two times from 00:00 to 23:59, in UTC, or none");
    }

    @ParameterizedTest
    @CsvSource({"keep, false", "drop, true", "'', false"})
    void dropsTheRetiredTableOnlyIfAsked(String text, boolean dropRetired) {
        TableSpec.Conversion conversion = conversion("retired", text);

        assertThat(conversion.dropRetired()).isEqualTo(dropRetired);
    }

    @Test
    void saysEveryFaultOfAConversionAtOnce() {
        List<String> faults = faults(Map.of(
                "partman.conversion.method", "x",
                "partman.conversion.max-partitions", "x",
                "partman.conversion.workers", "x",
                "partman.conversion.batch-target", "x",
                "partman.conversion.max-rows-per-second", "x",
                "partman.conversion.max-replica-lag", "x",
                "partman.conversion.swap-window", "x",
                "partman.conversion.retired", "x"));

        assertThat(faults)
                .extracting(fault -> fault.substring(0, fault.indexOf(": ")))
                .containsExactly(
                        "partman.conversion.method",
                        "partman.conversion.max-partitions",
                        "partman.conversion.workers",
                        "partman.conversion.batch-target",
                        "partman.conversion.max-rows-per-second",
                        "partman.conversion.max-replica-lag",
                        "partman.conversion.swap-window",
                        "partman.conversion.retired");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0 * * * *", "*/5 0-6,22 1 1-6 0", "30 3 * * 7", "0 0 29 2 *"})
    void takesAFiveFieldCronExpression(String cron) {
        Settings settings = settings(Map.of("partman.maintenance.cron", cron));

        assertThat(settings.maintenance().cron()).isEqualTo(cron);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1 month", "30 days", "1 year"})
    void takesARetentionOfAtLeastTheInterval(String retention) {
        TableSpec table = table("retention", retention);

        assertThat(table.retention()).isNotNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "partman.mode | dry-run | 'dry-run' is no known word; use apply, plan, observe",
                "partman.maintenance.scheduler | cron | 'cron' is no known word; use sidecar, pg-cron, bgw, none",
                "partman.extension.update | yes | 'yes' is neither true nor false; use one of them",
                "partman.drift | ignore | 'ignore' is no known word; use fix, report",
                "partman.conversion.method | live | 'live' is no known word; use online, offline",
                "partman.conversion.max-partitions | 0 | '0' is out of bounds; use a number from 1 to 10000",
                "partman.conversion.workers | 0 | '0' is out of bounds; use a number from 1 to 16",
                "partman.conversion.workers | 17 | '17' is out of bounds; use a number from 1 to 16",
                "partman.conversion.workers | none | 'none' is not a whole number; use one from 1 to 16",
                "partman.conversion.batch-target | 99ms | '99ms' is out of bounds; use a time span from 100ms to 60s",
                "partman.conversion.batch-target | 61s | '61s' is out of bounds; use a time span from 100ms to 60s",
                "partman.conversion.batch-target | none |"
                        + " 'none' is not a time span; use a number with the unit ms, s, m or h, from 100ms to 60s",
                "partman.conversion.max-rows-per-second | 0 |"
                        + " '0' is out of bounds; use a number from 1 to 1000000000, or none",
                "partman.conversion.max-rows-per-second | 1000000001 |"
                        + " '1000000001' is out of bounds; use a number from 1 to 1000000000, or none",
                "partman.conversion.max-rows-per-second | 50k |"
                        + " '50k' is not a whole number; use one from 1 to 1000000000, or none",
                "partman.conversion.max-replica-lag | 999ms |"
                        + " '999ms' is out of bounds; use a time span from 1s to 24h, or none",
                "partman.conversion.max-replica-lag | 25h |"
                        + " '25h' is out of bounds; use a time span from 1s to 24h, or none",
                "partman.conversion.max-replica-lag | off |"
                        + " 'off' is not a time span; use a number with the unit ms, s, m or h, from 1s to 24h, or none",
                "partman.conversion.swap-window | 02:00-02:00 |"
                        + " a window that begins and ends at 02:00 is empty; use two different times, or none for any time",
                "partman.conversion.retired | true | 'true' is no known word; use keep, drop",
                "partman.default-partition.move-rows | -1 | '-1' is out of bounds; use a number from 0 to 1000000000",
                "partman.observe.default-rows-cap | 1,000 | '1,000' is not a whole number; use one from 1 to 1000000000",
                "partman.observe.default-rows-cap | 99999999999999999999 |"
                        + " '99999999999999999999' is out of bounds; use a number from 1 to 1000000000",
                "partman.observe.every | 30 | '30' is not a time span; use a number with the unit ms, s, m or h, from 1s to 1h",
                "partman.observe.every | P | 'P' is not a time span; use a number with the unit ms, s, m or h, from 1s to 1h",
                "partman.observe.every | 999ms | '999ms' is out of bounds; use a time span from 1s to 1h",
                "partman.observe.every | 2h | '2h' is out of bounds; use a time span from 1s to 1h",
                "partman.observe.every | 1d | '1d' is out of bounds; use a time span from 1s to 1h",
                "partman.lock-timeout | PT0.0005S | 'PT0.0005S' is out of bounds; use a time span from 1ms to 60s",
                "partman.lock-timeout | PT0.0015S | 'PT0.0015S' has a part of a millisecond; use whole ones",
                "partman.lock-timeout | 61s | '61s' is out of bounds; use a time span from 1ms to 60s",
                "partman.tables.t.enabled | yes | 'yes' is neither true nor false; use one of them",
                "partman.tables.t.retention-keep-table | 1 | '1' is neither true nor false; use one of them",
                "partman.tables.t.name | a.b.c | 'a.b.c' has more than two parts; write it as schema.table",
                "partman.tables.t.name | public. | a name must not be empty; write it as schema.table",
                "partman.tables.t.name | \"a | '\"a' has an unclosed double quote; write it as schema.table",
                "partman.tables.t.name | s.\"a.b\" |"
                        + " 's.\"a.b\"' has a dot within a name, which pg_partman can't handle; rename the table",
                "partman.tables.t.name | s.o'k |"
                        + " 's.o'k' has an apostrophe in a name, which pg_partman's maintenance can't handle; rename the table",
                "partman.tables.t.name | \"a.b\".t |"
                        + " '\"a.b\".t' has a dot within a name, which pg_partman can't handle; rename the table",
                "partman.tables.t.control | \"\" | a name must not be empty; give the column's name",
                "partman.tables.t.interval | monthly | 'monthly' is not an interval such as '1 month', '7 days' or '6 hours'",
                "partman.tables.t.interval | 0 days | '0 days' is not an interval such as '1 month', '7 days' or '6 hours'",
                "partman.tables.t.interval | 100000000 hours | '100000000 hours' is longer than 10000 years; use a shorter interval",
                "partman.tables.t.premake | 0 | '0' is out of bounds; use a number from 1 to 1000",
                "partman.tables.t.premake | 1001 | '1001' is out of bounds; use a number from 1 to 1000",
                "partman.tables.t.premake | 2.5 | '2.5' is not a whole number; use one from 1 to 1000",
                "partman.tables.t.retention | 14 | '14' is not an interval such as '1 month', '7 days' or '6 hours'",
                "partman.tables.t.retention | 29 days | '29 days' is shorter than the interval, '1 month'; keep at least one"
                        + " partition",
                "partman.tables.t.start-partition | 01.12.2024 | '01.12.2024' is not a date; use a form such as '2024-12-01' or"
                        + " '2024-12-01T06:00:00', in UTC",
                "partman.tables.t.start-partition | 2026-05-15T12:00:01 | '2026-05-15T12:00:01' is in the future; use the"
                        + " present or an earlier time",
                "partman.tables.t.start-partition | 0024-12-01 | '0024-12-01' is before the year 1900; use a later time",
            })
    void saysWhatIsWrongWithAValueAndWhatToDo(String key, String value, String fault) {
        List<String> faults = faults(Map.of(key, value));

        assertThat(faults).containsExactly(key + ": " + fault);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0 * * *", "0 0 * * * *", "60 * * * *", "0 24 * * *", "@hourly", "a * * * *", "0 0 31 2 *"})
    void refusesACronExpressionThatQuarkusCantRun(String cron) {
        List<String> faults = faults(Map.of("partman.maintenance.cron", cron));

        assertThat(faults)
                .singleElement()
                .asString()
                .startsWith("partman.maintenance.cron: '" + cron + "'")
                .endsWith(
                        "; use five fields (minute, hour, day of month, month, day of week), for example '0 * * * *' for"
                                + " each full hour");
    }

    @ParameterizedTest
    @CsvSource({
        "name, public.events",
        "control, created_at",
        "interval, 1 month",
    })
    void wantsEachOfATablesThreeSettings(String setting, String example) {
        List<String> faults = faults(Map.of("partman.tables.t." + setting, ""));

        assertThat(faults)
                .containsExactly(
                        "partman.tables.t." + setting + ": is not set; set it, for example to '" + example + "'");
    }

    @Test
    void refusesNamesThatPostgresqlWouldCut() {
        String name = "é".repeat(32);

        List<String> faults = faults(Map.of("partman.tables.t.name", name, "partman.tables.t.control", name));

        assertThat(faults)
                .containsExactly(
                        "partman.tables.t.name: '" + name
                                + "' is longer than the 63 bytes that PostgreSQL keeps of a name; write it as"
                                + " schema.table",
                        "partman.tables.t.control: '" + name
                                + "' is longer than the 63 bytes that PostgreSQL keeps of a name;"
                                + " give the column's name");
    }

    @Test
    void refusesNul() {
        List<String> faults = faults(Map.of("partman.tables.t.name", "a\0b"));

        assertThat(faults)
                .containsExactly(
                        "partman.tables.t.name: a name must not hold the NUL character; write it as schema.table");
    }

    @Test
    void refusesTwoKeysForOneTable() {
        List<String> faults = faults(Map.of(
                "partman.tables.z.name", "t",
                "partman.tables.z.control", "at",
                "partman.tables.z.interval", "1 day"));

        assertThat(faults)
                .containsExactly(
                        "partman.tables.z.name: 'public.t' is the table of partman.tables.t too; remove one of the two");
    }

    @Test
    void showsALongValueCutAndOnOneLine() {
        List<String> faults = faults(Map.of("partman.mode", "a\n" + "b".repeat(1000)));

        assertThat(faults)
                .containsExactly(
                        "partman.mode: 'a?" + "b".repeat(98) + "…' is no known word; use apply, plan, observe");
    }
}
