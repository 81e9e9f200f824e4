package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.EVENTS;
import static partman.sidecar.plan.Given.LOCK_TIMEOUT;
import static partman.sidecar.plan.Given.PARTMAN;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.step.CreateExtension;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Statement;
import partman.sidecar.step.Transaction;

class PlanTextTest {

    private static final TableSpec ONLINE = Given.spec().online().build();
    private static final Transaction CREATE_EXTENSION = Transaction.of(new CreateExtension(PARTMAN), LOCK_TIMEOUT);
    private static final Transaction LOCK =
            Transaction.of(new LockTable(EVENTS, LockTable.Mode.AGAINST_EVERYBODY), LOCK_TIMEOUT);
    private static final Transaction MAINTAIN = Transaction.of(new RunMaintenance(EVENTS, PARTMAN), LOCK_TIMEOUT);

    static Stream<Arguments> plansThatChangeNothing() {
        return Stream.of(
                Arguments.of(new Plan.Nothing(), "nothing to do"),
                Arguments.of(new Plan.Wait(TableState.MISSING, "not there"), "nothing to do now"),
                Arguments.of(new Plan.Blocked(TableState.FOREIGN, "not ours"), "a person must change this"),
                Arguments.of(new Plan.Survey(TableState.PLAIN, "plain"), "have to be counted"));
    }

    @ParameterizedTest
    @MethodSource("plansThatChangeNothing")
    void saysInCommentsAloneWhyNothingIsChanged(Plan plan, String outcome) {
        String text = PlanText.of(EVENTS, plan);

        assertThat(text).contains("table public.events: " + plan.state().label(), plan.reason(), outcome);
        assertThat(text.lines()).allMatch(line -> line.startsWith("-- "));
        assertThat(PlanText.transactions(plan)).isEmpty();
    }

    @Test
    void leavesOutTheReasonOfAHealthyTable() {
        assertThat(PlanText.of(EVENTS, new Plan.Nothing()).lines()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r", "\r\n"})
    void keepsReasonsAndNamesOfSeveralLinesInComments(String lineBreak) {
        QualifiedName table = QualifiedName.of("public", "one" + lineBreak + "DROP TABLE two");
        Plan blocked = new Plan.Blocked(TableState.BLOCKED, table.toString());
        Plan run = new Plan.Run(
                TableState.DRIFTED,
                "why",
                List.of(Transaction.of(new LockTable(table, LockTable.Mode.AGAINST_EVERYBODY), LOCK_TIMEOUT)),
                List.of(table + " is to be locked"));

        String text = PlanText.of(table, blocked) + PlanText.of(table, run);

        List<String> dropping = text.replace(table.sql(), "")
                .lines()
                .filter(line -> line.contains("DROP"))
                .toList();
        assertThat(dropping).hasSize(6).allMatch(line -> line.startsWith("-- ") || line.contains(";  -- takes "));
    }

    @Test
    void writesEachTransactionWithItsLimitItsStatementsAndTheirLocks() {
        Plan plan = new Plan.Run(TableState.UNREGISTERED, "why", List.of(LOCK, MAINTAIN), List.of("know this"));

        List<String> lines = PlanText.of(EVENTS, plan).lines().toList();

        assertThat(lines)
                .containsSubsequence(
                        "-- note: know this",
                        "-- transaction 1 of 2",
                        "BEGIN;",
                        "SET LOCAL lock_timeout = 700;",
                        "LOCK TABLE ONLY \"public\".\"events\" IN ACCESS EXCLUSIVE MODE;  -- takes ACCESS EXCLUSIVE on \"public\".\"events\"",
                        "COMMIT;",
                        "-- transaction 2 of 2",
                        "BEGIN;",
                        "COMMIT;");
    }

    @Test
    void writesAConversionBetweenWhatComesBeforeAndAfter() {
        Plan plan = new Plan.Convert(
                TableState.PLAIN, "why", List.of(CREATE_EXTENSION), LOCK, List.of(MAINTAIN), List.of("know this"));

        String text = PlanText.of(EVENTS, plan);

        assertThat(PlanText.transactions(plan)).containsExactly(CREATE_EXTENSION, LOCK, MAINTAIN);
        assertThat(text)
                .containsSubsequence("note: know this", "CREATE EXTENSION", "LOCK TABLE", "run_maintenance", "COMMIT;");
    }

    @Test
    void writesEachValueIntoTheSql() {
        String text = PlanText.of(EVENTS, new Plan.Run(TableState.DRIFTED, "why", List.of(MAINTAIN), List.of()));

        assertThat(text).contains("\"partman\".run_maintenance(p_parent_table => 'public.events');");
    }

    // Online conversions

    @Test
    void writesEachPhaseOfAnOnlineConversionThatIsToBegin() {
        Plan plan = Planner.plan(
                ONLINE,
                Given.server(new Extension.Available("5.2.4")),
                Given.plain(true, Given.shape().foreignKeys("ALTER TABLE fk").build()));

        List<String> lines = PlanText.of(EVENTS, plan).lines().toList();

        assertThat(lines)
                .containsSubsequence(
                        "-- table public.events: extension_missing",
                        "-- transaction 1 of 16",
                        "CREATE EXTENSION IF NOT EXISTS pg_partman SCHEMA \"partman\";",
                        "-- phase shadow",
                        "-- transaction 2 of 16",
                        "CREATE SCHEMA IF NOT EXISTS partman_sidecar;",
                        "-- phase journal",
                        "LOCK TABLE ONLY \"public\".\"events\" IN SHARE ROW EXCLUSIVE MODE;  -- takes SHARE ROW EXCLUSIVE on \"public\".\"events\"",
                        "-- phase backfill: all blocks there are when the journal begins, in batches of about 1000 ms by 2 workers",
                        "-- phase keys_once",
                        "-- phase indexes: on each partition first, by 2 workers, whose indexes the parent's then adopt",
                        "index;",
                        "-- phase catch_up: the first transaction is repeated until the journal is short",
                        "BEGIN;",
                        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;",
                        "SET LOCAL lock_timeout = 700;",
                        "COMMIT;",
                        "-- phase verify",
                        "-- phase swap: each partition gets the foreign keys for new rows, which takes SHARE ROW EXCLUSIVE on the tables that they reference",
                        "LOCK TABLE ONLY \"public\".\"events\" IN ACCESS EXCLUSIVE MODE;  -- takes ACCESS EXCLUSIVE on \"public\".\"events\"",
                        "-- phase foreign_keys: the swap has given each partition the key for new rows; now old rows are checked, and the table adopts the keys",
                        "final ALTER TABLE fk;  -- takes SHARE ROW EXCLUSIVE on the referenced table",
                        "COMMIT;",
                        "-- transaction 16 of 16",
                        "SELECT \"partman\".run_maintenance(p_parent_table => 'public.events');  -- takes ACCESS EXCLUSIVE on \"public\".\"events\"",
                        "COMMIT;");
        assertShowsAll(plan);
    }

    @Test
    void writesWhatIsLeftOfAnOnlineConversionThatHasBegun() {
        Plan plan = Planner.plan(
                ONLINE,
                Given.server(),
                Given.converting(Phase.BACKFILL)
                        .copied(new Blocks(0, 20), new Blocks(30, 40))
                        .indexes("CREATE INDEX ON p1", "CREATE INDEX ON p2")
                        .parentIndexes("CREATE INDEX i")
                        .build());

        String text = PlanText.of(EVENTS, plan);

        assertThat(text.lines())
                .containsSubsequence(
                        "-- table public.events: converting",
                        "-- its online conversion is in phase backfill",
                        "-- phase backfill: the blocks that are left, in batches of about 1000 ms by 2 workers",
                        "-- copy blocks 20 to 30 of public.events",
                        "-- copy blocks 40 to 100 of public.events",
                        "-- phase keys_once",
                        "-- phase indexes",
                        "CREATE INDEX ON p1;",
                        "CREATE INDEX ON p2;",
                        "CREATE INDEX i;",
                        "-- phase catch_up: the first transaction is repeated until the journal is short",
                        "-- phase verify",
                        "-- phase swap");
        assertThat(text).doesNotContain("phase shadow", "phase journal", "phase foreign_keys");
        assertShowsAll(plan);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "SHADOW")
    void writesEachStatementInWhicheverPhase(Phase phase) {
        Plan plan = Planner.plan(
                ONLINE,
                Given.server(),
                Given.converting(phase)
                        .shape(Given.shape().foreignKeys("foreign key"))
                        .addForeignKeys("foreign key of a partition")
                        .validateForeignKeys("validate")
                        .parentForeignKeys("adopt")
                        .build());

        assertShowsAll(plan);
    }

    @Test
    void countsTheTransactionsOfAllPhases() {
        Plan plan = new Plan.Online(
                TableState.CONVERTING,
                "why",
                Given.OID,
                List.of(CREATE_EXTENSION),
                List.of(new Stage(Phase.INDEXES, List.of(LOCK), List.of(MAINTAIN), "")),
                List.of(MAINTAIN),
                List.of("know this"));

        String text = PlanText.of(EVENTS, plan);

        assertThat(PlanText.transactions(plan)).containsExactly(CREATE_EXTENSION, LOCK, MAINTAIN, MAINTAIN);
        assertThat(text)
                .containsSubsequence(
                        "note: know this", "1 of 4", "phase indexes\n", "2 of 4", "3 of 4", "4 of 4", "COMMIT;");
    }

    /** No statement is left out, and none has a gap; the order is that of the transactions. */
    private static void assertShowsAll(Plan plan) {
        List<String> statements = PlanText.transactions(plan).stream()
                .flatMap(transaction -> transaction.statements().stream())
                .map(Statement::text)
                .toList();
        assertThat(PlanText.of(EVENTS, plan)).containsSubsequence(statements);
        assertThat(PlanText.transactions(plan))
                .flatExtracting(Transaction::steps)
                .allSatisfy(step -> assertThat(step.statements()).isNotEmpty());
    }
}
