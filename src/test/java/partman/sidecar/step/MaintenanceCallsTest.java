package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.step.MaintenanceCalls.Result;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** Three sets that lack partitions are maintained by one statement; something happens to the second one. */
@Postgres
class MaintenanceCallsTest {

    private static final Identifier PARTMAN = new Identifier("partman");
    private static final QualifiedName FIRST = QualifiedName.of("public", "first");
    private static final QualifiedName SECOND = QualifiedName.of("public", "The, {second}");
    private static final QualifiedName THIRD = QualifiedName.of("public", "third");
    private static final List<QualifiedName> SETS = List.of(FIRST, SECOND, THIRD);

    /** Partitions that a set begins with, the default one among them. */
    private static final long BEFORE = 2 * 2 + 1 + 1;

    private final TestDatabase database;

    MaintenanceCallsTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        for (QualifiedName set : SETS) {
            database.execute(
                    "CREATE TABLE %s (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)".formatted(set.sql()),
                    "SELECT partman.create_parent('%s', 'at', '1 month', p_premake := 2)".formatted(set.unquoted()));
        }
        database.execute("UPDATE partman.part_config SET premake = 4, infinite_time_partitions = true");
        assertThat(maintained()).isEmpty();
    }

    /** The sets that have got the two partitions that they lacked; late in a month pg_partman makes one more. */
    private List<QualifiedName> maintained() {
        List<QualifiedName> maintained = new ArrayList<>();
        for (QualifiedName set : SETS) {
            long partitions = (Long) Objects.requireNonNull(database.single(
                    "SELECT count(*) FROM pg_inherits WHERE inhparent = '%s'::regclass".formatted(set.sql())));
            if (partitions >= BEFORE + 2) {
                maintained.add(set);
            } else {
                assertThat(partitions).isEqualTo(BEFORE);
            }
        }
        return maintained;
    }

    private static List<Result> run(Session session, Duration lockTimeout) {
        return new MaintenanceCalls(PARTMAN, lockTimeout).run(session, SETS);
    }

    private Client lockOnSecond() {
        Client client = database.client();
        client.execute("BEGIN", "LOCK TABLE %s IN SHARE MODE".formatted(SECOND.sql()));
        return client;
    }

    /** Runs the calls, and this function of the server on the session's process once the second one waits for its lock. */
    private List<Result> runUntil(String function) {
        try (Client blocker = lockOnSecond();
                Session session = database.session()) {
            int pid = session.backendPid();
            CompletableFuture<List<Result>> results =
                    CompletableFuture.supplyAsync(() -> run(session, Duration.ofMinutes(1)));
            Awaitility.await()
                    .until(
                            () -> blocker.strings(
                                    "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND pid = "
                                            + pid),
                            waiting -> !waiting.isEmpty());
            blocker.execute("SELECT %s(%d)".formatted(function, pid));
            return results.join();
        }
    }

    private static String warnings(Result result) {
        return result instanceof Result.Ran(Duration _, List<String> warnings) ? String.join("; ", warnings) : "";
    }

    @Test
    void maintainsAllAndGivesTheirNewPartitionsToTheOwnersOfTheSets() {
        String owner = "owner_" + database.name();
        database.createRole(owner);
        database.execute("GRANT CREATE ON SCHEMA public TO " + owner, "ALTER TABLE public.first OWNER TO " + owner);
        Object newest = database.single("SELECT max(inhrelid) FROM pg_inherits");
        String user = database.strings("SELECT current_user").getFirst();

        try (Session session = database.session()) {
            assertThat(run(session, Duration.ofSeconds(2)))
                    .allSatisfy(result -> assertThat(result).isInstanceOf(Result.Ran.class));
        }

        assertThat(maintained()).isEqualTo(SETS);
        assertThat(database.strings("""
                        SELECT DISTINCT i.inhparent::regclass || ' ' || pg_get_userbyid(c.relowner)
                        FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                        WHERE c.relkind = 'r' AND c.oid > %s
                        """.formatted(newest)))
                .containsExactlyInAnyOrder("first " + owner, "\"The, {second}\" " + user, "third " + user);
    }

    @Test
    void saysOfEachThatItRunsElsewhere() {
        try (Client other = database.client();
                Session session = database.session()) {
            other.execute("BEGIN", "SELECT pg_advisory_xact_lock(hashtext('pg_partman run_maintenance'))");

            assertThat(run(session, Duration.ofSeconds(2)))
                    .allSatisfy(result -> assertThat(result).isInstanceOf(Result.Busy.class))
                    .hasSize(3);
        }
        assertThat(maintained()).isEmpty();
    }

    @Test
    void maintainsTheOthersWhenOneDoesNotGetItsLock() {
        try (Client blocker = lockOnSecond();
                Session session = database.session()) {
            List<Result> results = run(session, Duration.ofMillis(200));

            assertThat(results).hasSize(3);
            assertThat(results.getFirst()).isInstanceOf(Result.Ran.class);
            assertThat(results.getLast()).isInstanceOf(Result.Ran.class);
            // from 5.5 on pg_partman makes a warning of it
            assertThat(results.get(1))
                    .satisfiesAnyOf(
                            result -> assertThat(warnings(result)).contains("lock timeout"),
                            result -> assertThat(
                                            ((Result.Failed) result).failure().isLockTimeout())
                                    .isTrue());
            assertThat(results.get(1).took()).isGreaterThan(Duration.ofMillis(200));
            assertThat(warnings(results.getLast())).isEmpty();
            assertThat(blocker.single("SELECT 1")).isEqualTo(1);
        }
        assertThat(maintained()).containsExactly(FIRST, THIRD);
    }

    @Test
    void maintainsTheOthersWhenOneFailsWithAMessageOfSeveralLines() {
        database.execute("""
                CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION E'not\\rthis: one\\nat all'; END $$
                """, """
                CREATE TRIGGER refuse BEFORE UPDATE ON partman.part_config
                FOR EACH ROW WHEN (OLD.parent_table = '%s') EXECUTE FUNCTION public.refuse()
                """.formatted(SECOND.unquoted()));

        try (Session session = database.session()) {
            List<Result> results = run(session, Duration.ofSeconds(2));

            assertThat(results).hasSize(3);
            assertThat(results.getFirst()).isInstanceOf(Result.Ran.class);
            assertThat(results.get(1))
                    .isInstanceOfSatisfying(
                            Result.Failed.class,
                            failed -> assertThat(failed.failure()).hasMessage("ERROR: not\rthis: one"));
            assertThat(results.getLast()).isInstanceOf(Result.Ran.class);
        }
        assertThat(maintained()).containsExactly(FIRST, THIRD);
    }

    @Test
    void maintainsTheOthersWhenOneIsCancelled() {
        List<Result> results = runUntil("pg_cancel_backend");

        assertThat(results).hasSize(3);
        assertThat(results.getFirst()).isInstanceOf(Result.Ran.class);
        assertThat(results.get(1))
                .isInstanceOfSatisfying(
                        Result.Failed.class,
                        failed -> assertThat(failed.failure())
                                .hasMessageContaining("canceling statement due to user request"));
        assertThat(results.getLast()).isInstanceOf(Result.Ran.class);
        assertThat(maintained()).containsExactly(FIRST, THIRD);
    }

    /** It is not known of the first one that it was maintained. */
    @Test
    void countsAsFailedWhatItDidNotSeeTheEndOf() {
        List<Result> results = runUntil("pg_terminate_backend");

        assertThat(results)
                .hasSize(3)
                .allSatisfy(result -> assertThat(result)
                        .isInstanceOfSatisfying(
                                Result.Failed.class,
                                failed -> assertThat(failed.failure())
                                        .extracting(DatabaseException::kind)
                                        .isEqualTo(DatabaseException.Kind.RETRYABLE)));
        assertThat(maintained()).containsExactly(FIRST);
    }
}
