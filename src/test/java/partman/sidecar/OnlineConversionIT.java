package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.SidecarProcess.Answer;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** An online conversion as those see it who run it: the commands, two services at once, and what the pages tell meanwhile. */
@Postgres
class OnlineConversionIT {

    private static final String TABLE = "public.enriched_events";
    private static final QualifiedName NAME = QualifiedName.of("public", "enriched_events");
    private static final int ROWS = 40_000;

    /** So slow that the copy takes over a minute. */
    private static final String ROWS_PER_SECOND = "500";

    private final TestDatabase database;

    OnlineConversionIT(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void createTable() {
        database.installPartman();
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, ROWS, 6);
        database.execute("ANALYZE " + TABLE);
    }

    private Map<String, String> environment() {
        return Map.of("DATABASE_URL", database.databaseUrl(), "PARTMAN_OBSERVE_EVERY", "2s");
    }

    private SidecarProcess slowService() {
        return SidecarProcess.service(with(environment(), "PARTMAN_CONVERSION_MAX_ROWS_PER_SECOND", ROWS_PER_SECOND));
    }

    /** A service that has copied some rows, and has most of them to copy yet. */
    private SidecarProcess serviceInTheBackfill() {
        SidecarProcess service = slowService();
        service.await("the first rows", () -> rowsCopied() > 0);
        assertThat(rowsCopied()).isLessThan(ROWS);
        return service;
    }

    private void killAServiceInTheBackfill() {
        try (SidecarProcess service = serviceInTheBackfill()) {
            service.kill();
        }
    }

    private long rowsCopied() {
        return database.strings("SELECT to_regclass('partman_sidecar.batch') IS NOT NULL")
                        .contains("true")
                ? number("SELECT COALESCE(sum(row_count), 0)::bigint FROM partman_sidecar.batch")
                : 0;
    }

    private long number(String sql) {
        return ((Number) Objects.requireNonNull(database.single(sql))).longValue();
    }

    /** What a command ended with. */
    private record Ended(int code, String out, String err) {}

    private Ended run(String command, String... variablesAndValues) {
        try (SidecarProcess process = SidecarProcess.start(with(environment(), variablesAndValues), command)) {
            int code = process.exitCode();
            return new Ended(code, process.out(), process.err());
        }
    }

    private static List<String> phases(String plan) {
        return Pattern.compile("^-- phase ([a-z_]+)", Pattern.MULTILINE)
                .matcher(plan)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    private void assertConverted(TableShapes.Content content) {
        assertThat(database.strings("SELECT relkind FROM pg_class WHERE oid = '%s'::regclass".formatted(TABLE)))
                .containsExactly("p");
        assertThat(TableShapes.content(database, NAME)).isEqualTo(content);
        assertThat(database.strings("""
                SELECT nspname FROM pg_namespace WHERE nspname IN ('partman_work_public', 'partman_sidecar')
                """)).isEmpty();
    }

    // the commands

    @Test
    void plansEveryPhaseBeforehand() {
        String untouched = CatalogFingerprint.of(database);

        Ended plan = run("plan");

        assertThat(plan.code()).as(plan.err()).isEqualTo(3);
        assertThat(plan.out()).contains("-- table " + TABLE + ": plain", "-- note: method online");
        assertThat(phases(plan.out()))
                .containsExactly("shadow", "journal", "backfill", "keys_once", "indexes", "catch_up", "verify", "swap");
        assertThat(plan.out().lines().filter(line -> line.contains("-- takes ACCESS EXCLUSIVE")))
                .as("only the swap locks the table against everybody")
                .isNotEmpty()
                .allSatisfy(line -> assertThat(plan.out().indexOf(line))
                        .isGreaterThan(plan.out().indexOf("-- phase swap")));
        assertThat(plan.out()).contains("-- takes SHARE ROW EXCLUSIVE on \"public\".\"enriched_events\"");
        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
    }

    @Test
    void plansWhatIsLeftAfterAKillAndConvertFinishesIt() {
        killAServiceInTheBackfill();
        String halfDone = CatalogFingerprint.of(database);
        long copied = rowsCopied();

        Ended plan = run("plan");
        Ended check = run("check");

        assertThat(plan.code()).as(plan.err()).isEqualTo(3);
        assertThat(plan.out()).contains("-- table " + TABLE + ": converting", "the blocks that are left");
        assertThat(phases(plan.out()))
                .containsExactly("backfill", "keys_once", "indexes", "catch_up", "verify", "swap");
        assertThat(check)
                .extracting(Ended::code, Ended::out)
                .containsExactly(3, TABLE + ": converting: its online conversion is in phase backfill\n");
        assertThat(run("drop-retired"))
                .extracting(Ended::code, Ended::out)
                .containsExactly(0, TABLE + ": no retired table\n");
        assertThat(CatalogFingerprint.of(database)).isEqualTo(halfDone);
        assertThat(rowsCopied()).isEqualTo(copied);

        TableShapes.Content content = contentAfterWrites();
        Ended convert = run("convert");

        assertThat(convert.code()).as(convert.err()).isEqualTo(0);
        assertThat(convert.out()).isEqualTo(TABLE + ": healthy\n");
        assertConverted(content);
    }

    /** Writes to rows that are copied and to others that are not, as an application does while no sidecar runs. */
    private TableShapes.Content contentAfterWrites() {
        database.execute(
                "UPDATE %s SET value = 'changed' WHERE decimal_value %% 50 = 0".formatted(TABLE),
                "DELETE FROM %s WHERE decimal_value %% 70 = 1".formatted(TABLE));
        return TableShapes.content(database, NAME);
    }

    @Test
    void leavesNothingOfAConversionThatIsGivenUp() {
        String untouched = CatalogFingerprint.of(database);
        killAServiceInTheBackfill();
        TableShapes.Content content = contentAfterWrites();
        assertThat(number("SELECT count(*) FROM pg_trigger WHERE tgrelid = '%s'::regclass".formatted(TABLE)))
                .isEqualTo(1);

        Ended abort = run("abort");

        assertThat(abort.code()).as(abort.err()).isEqualTo(0);
        assertThat(abort.out()).contains(TABLE + ": conversion given up").contains("set partman.mode to plan");
        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        assertThat(TableShapes.content(database, NAME)).isEqualTo(content);
        assertThat(run("abort"))
                .extracting(Ended::code, Ended::out)
                .containsExactly(0, TABLE + ": no conversion to give up\n");
        assertThat(run("check").out()).contains(": plain: ");
    }

    @Test
    void givesNothingUpBesideTheServiceAndDoesOnceItOnlyPlans() {
        String untouched = CatalogFingerprint.of(database);

        try (SidecarProcess service = serviceInTheBackfill()) {
            Ended abort = run("abort");
            long copied = rowsCopied();

            assertThat(abort.code()).isEqualTo(4);
            assertThat(abort.out()).isEmpty();
            assertThat(abort.err()).contains("another process works on this database; stop it first");
            service.await("more rows", () -> rowsCopied() > copied);
            service.terminate();
            assertThat(service.exitCode(Duration.ofSeconds(10))).isIn(0, 143);
        }

        try (SidecarProcess service = SidecarProcess.service(with(environment(), "PARTMAN_MODE", "plan"))) {
            service.awaitState(TABLE, "converting");
            Ended refused = run("abort", "PARTMAN_MODE", "plan");
            Ended abort = run("abort");

            assertThat(refused.code()).isEqualTo(4);
            assertThat(refused.err()).contains("partman.mode is not apply");
            assertThat(abort.code()).as(abort.err()).isEqualTo(0);
            service.awaitState(TABLE, "plain");
            assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        }
    }

    @Test
    void saysThatAConversionWaitsForItsWindow() {
        TableShapes.Content content = TableShapes.content(database, NAME);
        int hour = OffsetDateTime.parse(Instant.now().toString()).getHour();
        String later = "%02d:00-%02d:00".formatted((hour + 10) % 24, (hour + 12) % 24);

        Ended convert = run("convert", "PARTMAN_CONVERSION_SWAP_WINDOW", later);

        assertThat(convert.code()).as(convert.err()).isEqualTo(3);
        assertThat(convert.out()).contains(": converting: ", "waits for its window, " + later);
        assertThat(run("check", "PARTMAN_CONVERSION_SWAP_WINDOW", later).code()).isEqualTo(3);
        assertThat(run("plan", "PARTMAN_CONVERSION_SWAP_WINDOW", later).code()).isEqualTo(3);
        assertThat(run("convert").code()).isEqualTo(0);
        assertConverted(content);
    }

    @Test
    void dropsTheRetiredTableByItselfWhenTheSettingsAskForIt() {
        TableShapes.Content content = TableShapes.content(database, NAME);

        try (SidecarProcess service =
                SidecarProcess.service(with(environment(), "PARTMAN_CONVERSION_RETIRED", "drop"))) {
            service.await("well", () -> service.status("/health/well") == 200);

            assertThat(service.lines("step=DropRetired")).hasSize(1);
            assertThat(service.lines(" ERROR ")).isEmpty();
            assertThat(service.metric("partman_retained_table_bytes", "parent_table", TABLE))
                    .isEmpty();
        }

        assertConverted(content);
        assertThat(database.strings("SELECT to_regclass('partman_retired_public.enriched_events')"))
                .containsExactly("null");
    }

    @Test
    void buildsTheIndexesOfATableWhoseNamesAreLong() {
        String name = "events_of_a_table_whose_name_is_long_for_postgresql";
        database.execute("""
                CREATE TABLE public.%1$s (
                    the_first_of_two_identifiers bigint NOT NULL,
                    the_second_of_two_identifiers bigint NOT NULL,
                    happened_at_this_very_moment timestamptz NOT NULL);
                CREATE UNIQUE INDEX ON public.%1$s (the_first_of_two_identifiers, happened_at_this_very_moment);
                CREATE INDEX ON public.%1$s (the_second_of_two_identifiers, happened_at_this_very_moment);
                CREATE INDEX ON public.%1$s (the_second_of_two_identifiers, the_first_of_two_identifiers);
                INSERT INTO public.%1$s SELECT i, i, now() - i * interval '18 minutes' FROM generate_series(1, 30000) AS i;
                """.formatted(name));

        Ended convert = run(
                "convert",
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false",
                "PARTMAN_TABLES_LONG_NAME",
                "public." + name,
                "PARTMAN_TABLES_LONG_CONTROL",
                "happened_at_this_very_moment",
                "PARTMAN_TABLES_LONG_INTERVAL",
                "1 month",
                "PARTMAN_CONVERSION_WORKERS",
                "4");

        assertThat(convert.out()).as(convert.err()).isEqualTo("public." + name + ": healthy\n");
        assertThat(convert.code()).isEqualTo(0);
    }

    // two services

    @Test
    void oneServiceWorksTheOtherWatchesAndTakesOver() {
        TableShapes.Content content = TableShapes.content(database, NAME);

        try (SidecarProcess first = serviceInTheBackfill();
                SidecarProcess second = slowService()) {
            second.awaitState(TABLE, "converting");
            assertThat(first.metric("partman_leader")).hasValue(1);
            assertThat(second.metric("partman_leader")).hasValue(0);
            assertThat(second.status("/health/ready")).isEqualTo(200);
            assertThat(conversion(second).getString("phase")).isEqualTo("backfill");
            assertThat(second.lines("step=")).as("it only watches").isEmpty();

            long killed = System.nanoTime();
            first.kill();
            long copied = rowsCopied();
            second.await(
                    "leader",
                    Duration.ofSeconds(15),
                    () -> second.metric("partman_leader").equals(OptionalDouble.of(1)));
            Duration leader = Duration.ofNanos(System.nanoTime() - killed);
            second.await("more rows", Duration.ofSeconds(15).minus(leader), () -> rowsCopied() > copied);
            Duration working = Duration.ofNanos(System.nanoTime() - killed);
            System.out.printf(
                    "kill -9 of the leader: the other leads after %d ms, has copied rows after %d ms%n",
                    leader.toMillis(), working.toMillis());
            second.kill();
        }

        assertThat(run("convert").code()).isEqualTo(0);
        assertConverted(content);
    }

    // what the pages tell

    private static JsonObject conversion(SidecarProcess service) {
        return Objects.requireNonNull(service.table(TABLE).orElseThrow().getJsonObject("conversion"));
    }

    private static @Nullable String trouble(SidecarProcess service) {
        return service.table(TABLE).orElseThrow().getString("trouble");
    }

    /** The data of the table's own check. */
    private static JsonObject check(SidecarProcess service) {
        Answer well = service.get("/health/well");
        assertThat(well.status()).isEqualTo(503);
        return well.json().getJsonArray("checks").stream()
                .map(JsonObject.class::cast)
                .filter(check -> check.getString("name").equals(TABLE))
                .findFirst()
                .orElseThrow()
                .getJsonObject("data");
    }

    @Test
    void tellsHowFarAConversionIs() {
        try (SidecarProcess service = serviceInTheBackfill()) {
            database.execute("UPDATE %s SET value = 'changed' WHERE decimal_value < 10".formatted(TABLE));
            service.await(
                    "a rate",
                    () -> service.table(TABLE)
                            .map(table -> table.getJsonObject("conversion"))
                            .map(conversion -> conversion.getDouble("rowsPerSecond") > 0
                                    && conversion.getValue("secondsLeft") != null
                                    && conversion.getLong("journalRows") > 0)
                            .orElse(false));

            JsonObject conversion = conversion(service);
            assertThat(conversion.getString("phase")).isEqualTo("backfill");
            assertThat(conversion.getLong("rowsTotal")).isEqualTo(ROWS);
            assertThat(conversion.getLong("rowsCopied")).isBetween(1L, ROWS - 1L);
            assertThat(conversion.getLong("bytesCopied")).isBetween(1L, conversion.getLong("bytesTotal") - 1);
            assertThat(conversion.getLong("journalRows")).isEqualTo(2 * 79);
            assertThat(conversion.getValue("failure")).isNull();
            JsonObject check = check(service);
            assertThat(check.getString("state")).isEqualTo("converting");
            assertThat(check.getString("reason")).isEqualTo("its online conversion is in phase backfill");
            assertThat(check.getString("phase")).isEqualTo("backfill");
            assertThat(check.getLong("rowsTotal")).isEqualTo(ROWS);
            assertThat(check.getLong("rowsCopied")).isBetween(1L, ROWS - 1L);
            assertThat(check.getString("trouble")).isNull();
            assertThat(service.status("/health/ready")).isEqualTo(200);
            assertThat(service.metric("partman_conversion_phase", "parent_table", TABLE, "phase", "backfill"))
                    .hasValue(1);
            assertThat(service.metric("partman_conversion_phase", "parent_table", TABLE, "phase", "swap"))
                    .hasValue(0);
            assertThat(service.metric("partman_conversion_rows", "parent_table", TABLE, "kind", "total"))
                    .hasValue(ROWS);
            assertThat(service.metric("partman_conversion_rows", "parent_table", TABLE, "kind", "copied")
                            .orElse(0))
                    .isBetween(1.0, ROWS - 1.0);
            assertThat(service.metric("partman_conversion_rows", "parent_table", TABLE, "kind", "journal"))
                    .hasValue(2 * 79);
            assertThat(service.metric("partman_conversion_failed", "parent_table", TABLE))
                    .hasValue(0);
            assertThat(service.metric("partman_conversion_eta_seconds", "parent_table", TABLE))
                    .isPresent();

            String progress = "conversion phase=backfill blocks=";
            service.await("progress twice", () -> service.lines(progress).size() >= 2);
            List<Instant> told = service.lines(progress).stream()
                    .map(line -> Instant.parse(line.substring(0, line.indexOf(' '))))
                    .toList();
            assertThat(Duration.between(told.get(0), told.get(1))).isGreaterThanOrEqualTo(Duration.ofSeconds(10));
            assertThat(service.lines(progress).getFirst())
                    .containsPattern("blocks=[0-9]+ of [0-9]+, rows=[0-9]+, rate=[0-9]+ rows/s, left about [0-9]+ s");
        }
    }

    @Test
    void namesTheWriterThatTheJournalWaitsForAndForgetsItAfterwards() {
        try (Client writer = database.client()) {
            int pid = writer.pid();
            writer.execute("BEGIN", "UPDATE %s SET value = 'held' WHERE decimal_value < 1".formatted(TABLE));
            try (SidecarProcess service = slowService()) {
                service.awaitState(TABLE, "converting");
                service.await(
                        "the writer's name",
                        () -> String.valueOf(trouble(service)).contains("pid " + pid));
                assertThat(conversion(service).getString("phase")).isEqualTo("journal");
                assertThat(check(service).getString("trouble"))
                        .contains("lock timeout", "pid " + pid, "UPDATE")
                        .doesNotContain("'held'");
                assertThat(service.metric("partman_lock_timeouts_total", "parent_table", TABLE)
                                .orElse(0))
                        .isGreaterThan(0);

                writer.execute("COMMIT");
                service.await("the copy", () -> rowsCopied() > 0);
                service.await("no trouble", Duration.ofSeconds(10), () -> trouble(service) == null);

                assertThat(conversion(service).getString("phase")).isEqualTo("backfill");
                assertThat(check(service).getString("trouble")).isNull();
            }
        }
    }

    @Test
    void namesTheReaderThatTheSwapWaitsForAndHoldsNobodyUpForLong() {
        TableShapes.Content content = TableShapes.content(database, NAME);
        try (Client reader = database.client();
                Client other = database.client()) {
            int pid = reader.pid();
            reader.execute("BEGIN", "SELECT count(*) FROM " + TABLE);
            try (SidecarProcess service = SidecarProcess.service(environment())) {
                service.awaitState(TABLE, "converting");
                Duration[] longest = {Duration.ZERO};
                service.await("the reader's name", () -> {
                    long asked = System.nanoTime();
                    other.query("SELECT FROM %s LIMIT 1".formatted(TABLE));
                    Duration took = Duration.ofNanos(System.nanoTime() - asked);
                    longest[0] = took.compareTo(longest[0]) > 0 ? took : longest[0];
                    return String.valueOf(trouble(service)).contains("pid " + pid)
                            && conversion(service).getString("phase").equals("swap");
                });
                assertThat(conversion(service).getString("phase")).isEqualTo("swap");
                assertThat(check(service).getString("phase")).isEqualTo("swap");
                assertThat(check(service).getString("trouble"))
                        .startsWith("the swap waits: ")
                        .contains("pid " + pid);
                assertThat(longest[0]).isLessThan(Duration.ofSeconds(1));
                assertThat(reader.update("UPDATE %s SET value = value WHERE false".formatted(TABLE)))
                        .isEqualTo(0);

                reader.execute("COMMIT");
                service.await("well", () -> service.status("/health/well") == 200);

                assertThat(trouble(service)).isNull();
                List<MatchResult> held = Pattern.compile("step=SwapTables held=([0-9]+)ms")
                        .matcher(service.output())
                        .results()
                        .toList();
                assertThat(held).hasSize(1);
                System.out.printf(
                        "longest query while a reader held the swap up: %d ms; swap held its lock for %s ms%n",
                        longest[0].toMillis(), held.getFirst().group(1));
            }
        }
        assertConverted(content);
    }
}
