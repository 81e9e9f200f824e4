package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Ledger;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;
import partman.sidecar.testing.Writers;

/** What holds for every step, whatever it does. */
@Postgres
class StepContractTest {

    /** All that steps may change: relations, constraints, triggers, functions, schemas, extensions, and what tables hold. */
    private static final String FINGERPRINT = """
            WITH ours AS (
                SELECT * FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')
            SELECT format('relation %s %s %s owner %s acl %s options %s %s of %s', n.nspname, c.relname, c.relkind,
                       c.relowner::regrole, c.relacl, c.reloptions, pg_get_expr(c.relpartbound, c.oid),
                       (SELECT i.inhparent::regclass FROM pg_inherits AS i WHERE i.inhrelid = c.oid))
            FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
            UNION ALL
            SELECT format('rows of %s: %s', c.oid::regclass, query_to_xml(format(
                       'SELECT count(*), sum(hashtextextended((to_jsonb(t) - ''maintenance_last_run'')::text, 0)::numeric) FROM ONLY %s AS t',
                       c.oid::regclass), true, false, ''))
            FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r'
            UNION ALL
            SELECT format('constraint %s %s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
            FROM pg_constraint AS k JOIN ours AS n ON n.oid = k.connamespace
            UNION ALL
            SELECT format('trigger %s %s %s', g.tgrelid::regclass, g.tgname, g.tgenabled) FROM pg_trigger AS g WHERE NOT g.tgisinternal
            UNION ALL
            SELECT format('function %s', p.oid::regprocedure) FROM pg_proc AS p JOIN ours AS n ON n.oid = p.pronamespace
            UNION ALL
            SELECT 'schema ' || nspname FROM ours
            UNION ALL
            SELECT 'extension ' || extname FROM pg_extension
            ORDER BY 1
            """;

    private final TestDatabase database;

    StepContractTest(TestDatabase database) {
        this.database = database;
    }

    @ParameterizedTest
    @EnumSource
    void doesItsWork(StepCase stepCase) {
        Step step = stepCase.begin(database);

        StepCase.run(database, step);

        assertThat(stepCase.isDone(database)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {
                "LOCK_TABLE",
                "LOCK_TABLE_AGAINST_SCHEMA_CHANGES",
                "VERIFY_COPY",
                "VERIFY_SUCCESSOR",
                "HOLD_CONVERSION"
            })
    void hasSomethingToDoBefore(StepCase stepCase) {
        stepCase.begin(database);

        assertThat(stepCase.isDone(database)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TAKE_OVER_CONVERSION")
    void changesNothingWhenItRunsAgain(StepCase stepCase) {
        Step step = stepCase.begin(database);
        StepCase.run(database, step);
        List<String> afterFirst = fingerprint();

        Throwable again = catchThrowable(() -> StepCase.run(database, step));

        assertThat(again)
                .satisfiesAnyOf(
                        failure -> assertThat(failure).isNull(),
                        failure -> assertThat(failure).isInstanceOf(DatabaseException.class));
        assertThat(fingerprint()).isEqualTo(afterFirst);
        assertThat(stepCase.isDone(database)).isTrue();
    }

    /** That is what it is for: the process that took it over before must notice. */
    @Test
    void countsUpAndChangesNothingElseWhenItTakesAConversionOverAgain() {
        Step step = StepCase.TAKE_OVER_CONVERSION.begin(database);
        StepCase.run(database, step);
        List<String> afterFirst = fingerprint();

        StepCase.run(database, step);

        assertThat(database.single("SELECT epoch FROM partman_sidecar.conversion"))
                .isEqualTo(2L);
        database.execute("UPDATE partman_sidecar.conversion SET epoch = 1");
        assertThat(fingerprint()).isEqualTo(afterFirst);
    }

    @ParameterizedTest
    @EnumSource
    void isUndoneWithTheTransactionThatItsCallerBegan(StepCase stepCase) {
        Step step = stepCase.begin(database);
        List<String> before = fingerprint();
        Session session = database.session();

        ThrowingCallable undoing = () -> session.inTransaction(() -> {
            step.run(session);
            throw new IllegalStateException("undo");
        });

        assertThatThrownBy(undoing).hasMessage("undo");
        assertThat(fingerprint()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void leavesNothingWhenItIsKilledHalfwayAndFinishesTheNextTime(StepCase stepCase) {
        Step step = stepCase.begin(database);
        List<Statement> statements = step.statements();

        assertNothingIsLeft(statements.subList(0, (statements.size() + 1) / 2));
        StepCase.run(database, step);

        assertThat(stepCase.isDone(database)).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void leavesNothingWhenItIsKilledBeforeTheCommitAndFinishesTheNextTime(StepCase stepCase) {
        Step step = stepCase.begin(database);

        assertNothingIsLeft(step.statements());
        StepCase.run(database, step);

        assertThat(stepCase.isDone(database)).isTrue();
    }

    private void assertNothingIsLeft(List<Statement> statements) {
        List<String> before = fingerprint();
        Session session = database.session();
        int pid = session.backendPid();

        ThrowingCallable killed = () -> session.inTransaction(() -> {
            statements.forEach(statement -> session.execute(statement.sql()));
            kill(pid);
            return true;
        });

        assertThatThrownBy(killed)
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE));
        assertThat(fingerprint()).isEqualTo(before);
    }

    private void kill(int pid) {
        database.single("SELECT pg_terminate_backend(" + pid + ")");
        Awaitility.await("its server process is gone")
                .pollInterval(Duration.ofMillis(10))
                .until(() -> database.strings("SELECT pid FROM pg_stat_activity WHERE pid = " + pid)
                        .isEmpty());
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RUN_MAINTENANCE")
    void failsAsRetryableAndChangesNothingWhenALockIsNotGrantedInTime(StepCase stepCase) {
        Step step = stepCase.begin(database);
        List<String> before = fingerprint();
        Client blocker = database.client();
        blocker.execute("BEGIN", stepCase.blocker());
        Session session = database.session();

        ThrowingCallable running = () -> StepCase.run(session, step, Duration.ofMillis(20));

        assertThatThrownBy(running).isInstanceOfSatisfying(DatabaseException.class, e -> {
            assertThat(e.isLockTimeout()).isTrue();
            assertThat(e.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE);
        });
        blocker.execute("ROLLBACK");
        assertThat(fingerprint()).isEqualTo(before);
        StepCase.run(database, step);
        assertThat(stepCase.isDone(database)).isTrue();
    }

    /** From pg_partman 5.5 on the call returns all the same, with a warning. */
    @Test
    void maintenanceChangesNothingWhenALockIsNotGrantedInTimeAndSaysSo() {
        Step step = StepCase.RUN_MAINTENANCE.begin(database);
        List<String> before = fingerprint();
        Client blocker = database.client();
        blocker.execute("BEGIN", StepCase.RUN_MAINTENANCE.blocker());
        Session session = database.session();

        Throwable failure = catchThrowable(() -> StepCase.run(session, step));

        List<String> said = new ArrayList<>(session.takeWarnings());
        if (failure != null) {
            said.add(String.valueOf(failure.getMessage()));
        }
        assertThat(said).anyMatch(text -> text.contains("lock timeout"));
        blocker.execute("ROLLBACK");
        assertThat(fingerprint()).isEqualTo(before);
        StepCase.run(database, step);
        assertThat(StepCase.RUN_MAINTENANCE.isDone(database)).isTrue();
    }

    @Test
    void locksATableUntilTheTransactionEnds() {
        Step step = StepCase.LOCK_TABLE.begin(database);
        Session session = database.session();
        Client reader = database.client();
        reader.execute("SET lock_timeout = '50ms'");

        session.inTransaction(() -> {
            step.run(session);
            assertThatThrownBy(() -> reader.execute("SELECT FROM public.events"))
                    .isInstanceOfSatisfying(
                            Client.Refused.class, e -> assertThat(e.sqlState()).isEqualTo("55P03"));
            return true;
        });

        assertThat(reader.single("SELECT count(*) FROM public.events")).isEqualTo(300L);
    }

    @Test
    void locksATableAgainstSchemaChangesWhileOthersReadAndWrite() {
        Step step = StepCase.LOCK_TABLE_AGAINST_SCHEMA_CHANGES.begin(database);
        Session session = database.session();
        Client other = database.client();
        other.execute("SET lock_timeout = '50ms'");

        session.inTransaction(() -> {
            step.run(session);
            other.execute("UPDATE public.events SET note = 'written' WHERE id = 1");
            assertThatThrownBy(() -> other.execute("CREATE INDEX ON public.events (at)"))
                    .isInstanceOfSatisfying(
                            Client.Refused.class, e -> assertThat(e.sqlState()).isEqualTo("55P03"));
            return true;
        });

        assertThat(other.single("SELECT note FROM public.events WHERE id = 1")).isEqualTo("written");
    }

    /** The application writes before, meanwhile and until the conversion is done; each of its transactions is in the ledger. */
    @ParameterizedTest
    @EnumSource(from = "LOCK_TABLE_AGAINST_SCHEMA_CHANGES", to = "END_CONVERSION")
    void losesNoRowThatOthersWriteMeanwhile(StepCase stepCase) {
        Step step = stepCase.begin(database);
        Parts parts = Parts.in(database).tables(StepCase.ONLINE).build();
        Writers writers = Writers.onEvents(database).start();

        try (writers) {
            writers.awaitTransactions(50);
            runUntilLocksAreGranted(step);
            writers.awaitTransactions(50);
            parts.reconcile(StepCase.ONLINE);
            writers.awaitTransactions(50);
        }

        assertThat(Ledger.difference(database, StepCase.EVENTS))
                .as(writers.toString())
                .isEmpty();
    }

    private void runUntilLocksAreGranted(Step step) {
        Awaitility.await().pollInterval(Duration.ofMillis(10)).until(() -> {
            try {
                StepCase.run(database, step);
                return true;
            } catch (DatabaseException e) {
                if (e.isLockTimeout()) {
                    return false;
                }
                throw e;
            }
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DELETE FROM public.events WHERE id = 7                | 299 rows in the table, 300 in its successor
            UPDATE public.events SET at = at - interval '1 s' WHERE id = 7 | with other contents
            """)
    void verificationFailsForGoodWhenTheCopyDiffers(String change, String difference) {
        VerifyCopy step = (VerifyCopy) StepCase.VERIFY_COPY.begin(database);
        database.execute(change);

        for (boolean hashable : new boolean[] {true, false}) {
            VerifyCopy verify = new VerifyCopy(step.table(), step.columns(), hashable);
            assertThatThrownBy(() -> StepCase.run(database, verify))
                    .isInstanceOfSatisfying(
                            DatabaseException.class,
                            e -> assertThat(e.kind()).isEqualTo(DatabaseException.Kind.PERMANENT))
                    .hasMessageContaining(difference);
        }
    }

    /** But for pg_cron's job, which only a server of its own has: {@code PgCronIT} is about it. */
    @Test
    void holdsForEveryStepAndEachSaysWhatItDoesToWhat() {
        Set<Class<?>> tested = new HashSet<>();

        for (StepCase stepCase : StepCase.values()) {
            Step step = stepCase.begin(database);
            tested.add(step.getClass());
            assertThat(step.summary()).containsPattern("events|partman|old_name");
        }

        tested.add(ScheduleJob.class);
        assertThat(tested)
                .containsExactlyInAnyOrderElementsOf(
                        Stream.of(Step.class.getPermittedSubclasses()).toList());
    }

    private List<String> fingerprint() {
        return database.strings(FINGERPRINT);
    }
}
