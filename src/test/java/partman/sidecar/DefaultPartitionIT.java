package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.reconcile.SetView;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/**
 * Rows in the default partition, as an operator sees them: those that belong in a partition get there, all others stay and are
 * told of. Partitions begin three months ago.
 */
@Postgres
class DefaultPartitionIT {

    private static final String TABLE = "public.events";
    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC =
            Parts.spec(EVENTS, "at").retention("14 months").build();

    /** What no partition can or may take. */
    private static final String BOGUS = """
            INSERT INTO public.events (id, at) VALUES
                (-1, '2099-01-01 12:00'), (-2, 'infinity'), (-3, '-infinity'), (-4, '1970-01-02 03:04:05')
            """;

    private static final String[] TOLD = {
        "4 row(s)", "the oldest of 1970-01-02T03:04:05", "the newest of 2099-01-01T12:00", "2 of them infinite"
    };

    private final TestDatabase database;
    private final SetView set;

    DefaultPartitionIT(TestDatabase database) {
        this.database = database;
        database.installPartman();
        set = new SetView(database, SPEC);
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)",
                "UPDATE partman.part_config SET retention = '14 months', infinite_time_partitions = true");
    }

    /** Maintenance comes once a year: whatever is done is done without it. */
    private Map<String, String> environment() {
        return Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_MAINTENANCE_CRON",
                "0 0 1 1 *",
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false",
                "PARTMAN_TABLES_EVENTS_NAME",
                TABLE,
                "PARTMAN_TABLES_EVENTS_CONTROL",
                "at",
                "PARTMAN_TABLES_EVENTS_INTERVAL",
                "1 month",
                "PARTMAN_TABLES_EVENTS_PREMAKE",
                "3",
                "PARTMAN_TABLES_EVENTS_RETENTION",
                "14 months");
    }

    private void insert(int firstId, int rows, int monthsAgo) {
        database.execute("""
                INSERT INTO public.events
                SELECT i, date_trunc('month', now()::timestamp) - interval '%d months' + interval '3 days', 'Note ' || i
                FROM generate_series(%d, %d) AS i
                """.formatted(monthsAgo, firstId, firstId + rows - 1));
    }

    private long oldestPartition() {
        return (Long) Objects.requireNonNull(database.single(
                """
                SELECT (EXTRACT(YEAR FROM a) * 12 + EXTRACT(MONTH FROM a))::bigint
                FROM age(date_trunc('month', now()::timestamp), '%s'::timestamp) AS a
                """.formatted(Objects.requireNonNull(set.partitions().getFirst().from()))));
    }

    private void assertNothingBeyondTheHorizonAndNoHole() {
        assertThat(set.holes()).isEmpty();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.isPremade()).isTrue();
        // pg_partman counts a month as 30 days and may make one more
        assertThat(database.single(
                        "SELECT '%s'::timestamp <= date_trunc('month', now()::timestamp) + interval '5 months'"
                                .formatted(set.partitions().getLast().to())))
                .isEqualTo(true);
    }

    private void awaitDefaultRows(SidecarProcess sidecar, long rows) {
        sidecar.await(rows + " rows in the default partition", () -> set.defaultRows() == rows);
        sidecar.await(
                "the metric",
                () -> sidecar.metric("partman_default_partition_rows", "parent_table", TABLE)
                                .orElse(-1)
                        == set.defaultRows());
    }

    @ParameterizedTest
    @ValueSource(strings = {"100000", "10"})
    void movesRowsWhileItRunsAndTellsOfThoseThatStay(String moveRows) {
        try (SidecarProcess sidecar =
                SidecarProcess.service(with(environment(), "PARTMAN_DEFAULT_PARTITION_MOVE_ROWS", moveRows))) {
            sidecar.awaitState(TABLE, "healthy");
            database.execute("BEGIN", BOGUS);
            insert(1, 40, 8);
            insert(101, 1, 0);
            Content before = TableShapes.content(database, EVENTS);
            database.execute("COMMIT");

            awaitDefaultRows(sidecar, 4);
            sidecar.await(
                    "the reason",
                    () -> sidecar.table(TABLE).orElseThrow().getString("reason").contains("4 row(s)"));

            assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
            assertThat(oldestPartition()).isEqualTo(8);
            assertNothingBeyondTheHorizonAndNoHole();
            assertTellsOfTheRowsThatStay(sidecar);
            assertThat(sidecar.lines(moveRows.equals("10") ? "step=SwapDefault " : "step=MoveDefaultRows "))
                    .hasSize(1);

            dropLastPartition();
            insert(201, 3, 10);
            awaitDefaultRows(sidecar, 4);
            sidecar.await("all partitions", () -> set.isPremade());
            assertThat(oldestPartition()).isEqualTo(10);
            assertNothingBeyondTheHorizonAndNoHole();

            database.execute("DELETE FROM public.events WHERE id < 0");
            sidecar.awaitState(TABLE, "healthy");
            assertThat(sidecar.metric("partman_default_partition_rows", "parent_table", TABLE))
                    .hasValue(0);
            assertThat(sidecar.metric("partman_default_partition_oldest_row_timestamp_seconds", "parent_table", TABLE))
                    .isEmpty();
            assertThat(sidecar.status("/health/well")).isEqualTo(200);
        }
    }

    private void dropLastPartition() {
        database.execute("DROP TABLE " + set.partitions().getLast().name().sql());
    }

    private static void assertTellsOfTheRowsThatStay(SidecarProcess sidecar) {
        JsonObject table = sidecar.table(TABLE).orElseThrow();
        JsonObject rest = table.getJsonObject("defaultPartition");
        assertThat(sidecar.state(TABLE)).isEqualTo("default_not_empty");
        assertThat(table.getString("state")).isEqualTo("default_not_empty");
        assertThat(table.getString("reason")).contains(TOLD);
        assertThat(List.of(rest.getLong("rows"), rest.getLong("infinite"))).containsExactly(4L, 2L);
        assertThat(List.of(rest.getString("oldest"), rest.getString("newest")))
                .containsExactly("1970-01-02T03:04:05Z", "2099-01-01T12:00:00Z");
        assertThat(sidecar.metric("partman_default_partition_oldest_row_timestamp_seconds", "parent_table", TABLE))
                .hasValue(86_400 + 3 * 3600 + 4 * 60 + 5);
        assertThat(sidecar.status("/health/well")).isEqualTo(503);
        assertThat(sidecar.get("/health/well").body()).contains(TOLD).contains("default_not_empty");
        assertThat(sidecar.status("/health/ready")).isEqualTo(200);
        assertThat(sidecar.lines("a person must act"))
                .as(sidecar.output())
                .singleElement()
                .asString()
                .contains(TOLD)
                .contains("table=" + TABLE + " state=default_not_empty");
    }

    /** The row lies where maintenance has to make a partition, and can't before the row is moved. */
    @Test
    void movesRowsBeforeTheCommandMaintains() {
        dropLastPartition();
        dropLastPartition();
        dropLastPartition();
        database.execute(BOGUS);
        insert(1, 1, -2);
        insert(2, 1, 8);

        try (SidecarProcess maintain = SidecarProcess.start(environment(), "maintain")) {
            int code = maintain.exitCode();

            assertThat(code).as(maintain.output()).isEqualTo(0);
            assertThat(maintain.out()).isEqualTo(TABLE + ": success\n");
        }
        assertThat(set.defaultRows()).isEqualTo(4);
        assertThat(set.holes()).isEmpty();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.isPremade()).isTrue();
        assertThat(oldestPartition()).isEqualTo(8);
    }

    @Test
    void saysWhoKeepsRowsFromBeingMovedBeforeItMaintains() {
        insert(1, 1, 8);
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT FROM public.events");

        try (SidecarProcess maintain =
                SidecarProcess.start(with(environment(), "PARTMAN_LOCK_TIMEOUT", "20ms"), "maintain")) {
            int code = maintain.exitCode();

            assertThat(code).as(maintain.output()).isEqualTo(1);
            assertThat(maintain.out().lines())
                    .satisfiesExactly(
                            line -> assertThat(line)
                                    .startsWith(TABLE + ": default_not_empty: ")
                                    .contains("lock timeout", "pid " + reader.pid()),
                            line -> assertThat(line).startsWith(TABLE + ": "));
        }
        assertThat(set.defaultRows()).isEqualTo(1);
    }
}
