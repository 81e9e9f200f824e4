package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.reconcile.SetView;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Ledger;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;
import partman.sidecar.testing.Writers;

/** A sidecar beside the primary and one beside its replica, until the replica takes the primary's place. */
@Postgres
class FailoverIT {

    private static final String EVENTS = "public.events";
    private static final QualifiedName LAGO = QualifiedName.of("public", "enriched_events");

    /** An observation each second, and what a busy machine may take. */
    private static final Duration ONE_OBSERVATION = Duration.ofSeconds(6);

    private static final TableSpec CONVERTED =
            Parts.spec(LAGO, "timestamp").retention("14 months").build();

    private static final int ROWS = 30_000;
    private static final Duration SLOW_COPY = Duration.ofSeconds(30);
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Server version;

    FailoverIT(Server version) {
        this.version = version;
    }

    private static Map<String, String> onEvents(TestDatabase database) {
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
                EVENTS,
                "PARTMAN_TABLES_EVENTS_CONTROL",
                "at",
                "PARTMAN_TABLES_EVENTS_INTERVAL",
                "1 month");
    }

    /** Copies the rows in small batches, and so many of them in a second. */
    private static Map<String, String> onLago(TestDatabase database, long rowsPerSecond) {
        return Map.of(
                "DATABASE_URL",
                database.databaseUrl(),
                "PARTMAN_OBSERVE_EVERY",
                "1s",
                "PARTMAN_CONVERSION_BATCH_TARGET",
                "100ms",
                "PARTMAN_CONVERSION_MAX_ROWS_PER_SECOND",
                Long.toString(rowsPerSecond));
    }

    private static void createEvents(TestDatabase database) {
        database.installPartman();
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 4)",
                "UPDATE partman.part_config SET infinite_time_partitions = true",
                "INSERT INTO public.events VALUES (0, now())");
    }

    private static void addRowsOfLastYear(TestDatabase database) {
        database.execute(
                "INSERT INTO public.events SELECT i, now() - interval '1 year' FROM generate_series(1, 3) AS i");
    }

    private static long defaultRows(TestDatabase database) {
        return (Long) Objects.requireNonNull(database.single("SELECT count(*) FROM public.events_default"));
    }

    private static void awaitLeader(SidecarProcess sidecar, Duration patience) {
        sidecar.await("leader", patience, () -> sidecar.metric("partman_leader").equals(OptionalDouble.of(1)));
    }

    private static void assertOnlyLooks(SidecarProcess sidecar) {
        assertThat(sidecar.status("/health/ready")).isEqualTo(200);
        assertThat(sidecar.metric("partman_up")).hasValue(1);
        assertThat(sidecar.metric("partman_leader")).hasValue(0);
        assertThat(sidecar.get("/api/tables").json().getBoolean("inRecovery")).isTrue();
        assertThat(sidecar.lines(" ERROR ")).isEmpty();
        assertThat(sidecar.lines(" step=")).isEmpty();
    }

    /** What a command beside the replica ended with. */
    private record Ended(int code, String out, String err) {}

    private static Ended run(TestDatabase database, String command) {
        try (SidecarProcess process = SidecarProcess.start(onEvents(database), command)) {
            int code = process.exitCode();
            return new Ended(code, process.out(), process.err());
        }
    }

    @Test
    void onlyLooksBesideTheReplicaAndTakesOverOnceThatIsPromoted() {
        try (PostgresServer primary = PostgresServer.startOwn(version);
                PostgresServer replica = primary.startReplica()) {
            TestDatabase original = primary.createDatabase();
            createEvents(original);
            replica.awaitReplayOf(primary);
            TestDatabase copy = replica.replicated(original);
            try (SidecarProcess first = SidecarProcess.service(onEvents(original));
                    SidecarProcess second = SidecarProcess.service(onEvents(copy));
                    Client reader = original.client()) {
                awaitLeader(first, PATIENCE);
                first.awaitState(EVENTS, "healthy");
                second.awaitState(EVENTS, "healthy");

                // who reads keeps rows from being moved, so there is work to take over
                reader.execute("BEGIN", "SELECT FROM public.events");
                addRowsOfLastYear(original);
                second.awaitState(EVENTS, "default_not_empty");

                assertOnlyLooks(second);
                assertThat(second.lines(" WARN ")).isEmpty();
                assertThat(second.metric("partman_default_partition_rows", "parent_table", EVENTS))
                        .hasValue(3);
                assertThat(second.metric("partman_partitions", "parent_table", EVENTS))
                        .hasValue(9);
                assertCommandsChangeNothing(copy);

                primary.kill();
                replica.promote();
                awaitLeader(second, ONE_OBSERVATION);
                second.await("the rows are moved", ONE_OBSERVATION, () -> defaultRows(copy) == 0);
                second.awaitState(EVENTS, "healthy");

                assertThat(second.lines("this process works on the database now"))
                        .hasSize(1);
                assertThat(second.lines("step=MoveDefaultRows")).hasSize(1);
                assertThat(second.lines(" ERROR ")).isEmpty();
                assertThat(copy.single("SELECT count(*) FROM public.events")).isEqualTo(4L);
                assertStandsDown(first);

                try (PostgresServer back = replica.startReplica(primary.port())) {
                    back.awaitReplayOf(replica);
                    first.await("up again", () -> first.metric("partman_up").equals(OptionalDouble.of(1)));
                    first.awaitState(EVENTS, "healthy");

                    assertOnlyLooks(first);
                    assertThat(second.metric("partman_leader")).hasValue(1);
                }
            }
        }
    }

    private static void assertCommandsChangeNothing(TestDatabase replica) {
        String before = CatalogFingerprint.of(replica);
        for (String command : List.of("convert", "maintain")) {
            Ended ended = run(replica, command);

            assertThat(ended.code()).as(command).isEqualTo(4);
            assertThat(ended.err()).as(command).contains("nothing was changed: the server is a replica");
            assertThat(ended.out()).as(command).isEmpty();
        }
        Ended check = run(replica, "check");
        assertThat(check.code()).as(check.err()).isEqualTo(3);
        assertThat(check.out()).contains(EVENTS + ": default_not_empty: 3 row(s)");
        Ended plan = run(replica, "plan");
        assertThat(plan.code()).as(plan.err()).isEqualTo(3);
        assertThat(plan.out()).contains("INSERT INTO \"public\".\"events\"", "COMMIT;");
        assertThat(CatalogFingerprint.of(replica)).isEqualTo(before);
        assertThat(defaultRows(replica)).isEqualTo(3);
    }

    private static void assertStandsDown(SidecarProcess sidecar) {
        sidecar.await("down", () -> sidecar.metric("partman_up").equals(OptionalDouble.of(0)));
        assertThat(sidecar.metric("partman_leader")).hasValue(0);
        assertThat(sidecar.status("/health/ready")).isEqualTo(503);
        assertThat(sidecar.status("/health/live")).isEqualTo(200);
    }

    private static long rowsCopied(TestDatabase database) {
        return (Long) Objects.requireNonNull(database.single("""
                SELECT count(*) FROM pg_class WHERE oid = to_regclass('partman_sidecar.batch')
                """)) == 0
                ? 0
                : (Long) Objects.requireNonNull(database.single("""
                SELECT COALESCE(sum(row_count), 0)::bigint FROM partman_sidecar.batch
                """));
    }

    /** The replica has what the primary had a moment before its end: its own ledger says what its table must hold. */
    @Test
    void finishesAConversionBesideTheNewPrimaryThatTheOldOneWasInTheMiddleOf() {
        try (PostgresServer primary = PostgresServer.startOwn(version);
                PostgresServer replica = primary.startReplica()) {
            TestDatabase original = primary.createDatabase();
            String application = "application_" + original.name();
            TableShapes.lagoPlain(original);
            TableShapes.loadLagoRows(original, ROWS, 13);
            original.createRole(application);
            replica.awaitReplayOf(primary);
            TestDatabase copy = replica.replicated(original);
            Writers writers = Writers.onLago(original)
                    .role(application)
                    .toleratingConnectionLoss()
                    .start();

            try (writers;
                    SidecarProcess first = SidecarProcess.service(onLago(original, ROWS / SLOW_COPY.toSeconds()));
                    SidecarProcess second = SidecarProcess.service(onLago(copy, ROWS))) {
                first.await("the copy is under way on the replica", PATIENCE, () -> rowsCopied(copy) > ROWS / 10);
                second.awaitState(LAGO.toString(), "converting");
                writers.awaitTransactions(100);
                assertOnlyLooks(second);

                primary.kill();
                replica.promote();
                awaitLeader(second, ONE_OBSERVATION);
                second.await(
                        "healthy", PATIENCE, () -> second.state(LAGO.toString()).equals("healthy"));

                assertThat(first.lines("phase=backfill done")).isEmpty();
                assertThat(second.lines("phase=backfill done")).hasSize(1);
                assertThat(second.lines("step=CreateShadow"))
                        .as("it does not begin anew")
                        .isEmpty();
                assertThat(second.lines(" ERROR ")).isEmpty();
                assertStandsDown(first);
            }

            SetView set = new SetView(copy, CONVERTED);
            assertThat(copy.single("SELECT count(*) > %d FROM public.ledger".formatted(ROWS)))
                    .isEqualTo(true);
            assertThat(Ledger.difference(copy, LAGO)).as(writers.toString()).isEmpty();
            assertThat(set.defaultRows()).isZero();
            assertThat(set.misplacedRows()).isZero();
            assertThat(set.holes()).isEmpty();
            assertThat(
                            copy.strings(
                                    "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'partman\\_sidecar%' OR nspname LIKE 'partman\\_work\\_%'"))
                    .isEmpty();
        }
    }
}
