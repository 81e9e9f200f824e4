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
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.TableState;
import partman.sidecar.step.CreateExtension;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Transaction;

class PlanTextTest {

    private static final Transaction CREATE_EXTENSION = Transaction.of(new CreateExtension(PARTMAN), LOCK_TIMEOUT);
    private static final Transaction LOCK = Transaction.of(new LockTable(EVENTS), LOCK_TIMEOUT);
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

    @Test
    void keepsAReasonOfSeveralLinesAComment() {
        String text = PlanText.of(EVENTS, new Plan.Blocked(TableState.BLOCKED, "one\nDROP TABLE two"));

        assertThat(text.lines()).allMatch(line -> line.startsWith("-- "));
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
}
