package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.EVENTS;
import static partman.sidecar.plan.Given.LOCK_TIMEOUT;
import static partman.sidecar.plan.Given.PARTMAN;
import static partman.sidecar.plan.Given.day;
import static partman.sidecar.plan.Given.days;
import static partman.sidecar.plan.Given.definitions;
import static partman.sidecar.plan.Given.rows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedTable.Shape;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.step.AddForeignKeys;
import partman.sidecar.step.Analyze;
import partman.sidecar.step.BuildIndexes;
import partman.sidecar.step.CopyRows;
import partman.sidecar.step.CreateShadow;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.SwapTables;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdatePartConfig;
import partman.sidecar.step.VerifyCopy;

class ConversionPlannerTest {

    private static final TableSpec SPEC = Given.spec().build();

    @Test
    void doesEverythingInOneTransactionUnderTheTablesLock() {
        Shape shape = Given.shape()
                .rows(rows("2026-04-03", 10), rows("2026-05-04", 5))
                .foreignKeys("foreign key")
                .hashable(false)
                .build();

        Plan.Convert convert = converted(SPEC, shape);

        assertThat(convert.before()).isEmpty();
        assertThat(convert.conversion().lockTimeout()).isEqualTo(LOCK_TIMEOUT);
        assertThat(convert.conversion().steps())
                .containsExactly(
                        new LockTable(EVENTS, LockTable.Mode.AGAINST_EVERYBODY),
                        new CreateShadow(
                                SPEC,
                                PARTMAN,
                                day("2026-04-01"),
                                List.of(),
                                definitions("shadow"),
                                definitions("template")),
                        new CopyRows(EVENTS, shape.columns(), 15),
                        new BuildIndexes(EVENTS, definitions("index")),
                        new Analyze(EVENTS),
                        new AddForeignKeys(EVENTS, definitions("foreign key")),
                        new VerifyCopy(EVENTS, shape.columns(), false),
                        new SwapTables(
                                EVENTS,
                                PARTMAN,
                                new Identifier("owner"),
                                definitions("release"),
                                definitions("carry over")),
                        new UpdatePartConfig(SPEC, PARTMAN, true, List.of()));
        assertThat(convert.after()).containsExactly(Transaction.of(new RunMaintenance(EVENTS, PARTMAN), LOCK_TIMEOUT));
    }

    @Test
    void addsNoForeignKeysWhereThereAreNone() {
        Plan.Convert convert = converted(SPEC, Given.shape().build());

        assertThat(convert.conversion().steps()).hasSize(8).doesNotHaveAnyElementsOfTypes(AddForeignKeys.class);
    }

    @Test
    void refusesATableWithObstaclesAndNamesAllOfThem() {
        Plan plan = plan(
                SPEC, Given.shape().obstacles("it is unlogged", "it has a rule").build());

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason()).contains("public.events", "it is unlogged; it has a rule");
    }

    // Where the partitions begin

    @Test
    void beginsWithThePresentInAnEmptyTable() {
        CreateShadow shadow = shadow(SPEC, Given.shape().build());

        assertThat(shadow.start()).isEqualTo(day("2026-05-01"));
        assertThat(shadow.others()).isEmpty();
    }

    @Test
    void beginsWithThePresentIfEveryRowLiesInTheFuture() {
        CreateShadow shadow =
                shadow(SPEC, Given.shape().rows(rows("2026-07-20", 1)).build());

        assertThat(shadow.start()).isEqualTo(day("2026-05-01"));
    }

    @Test
    void beginsWithTheOldestRow() {
        CreateShadow shadow = shadow(
                SPEC,
                Given.shape().rows(rows("2025-12-31", 1), rows("2026-05-01", 1)).build());

        assertThat(shadow.start()).isEqualTo(day("2025-12-01"));
        assertThat(shadow.others()).isEmpty();
    }

    @Test
    void makesOnlyThePartitionsThatHoldRowsBeforeTheRetentionLimit() {
        TableSpec spec = Given.spec().retention("3 months").build();
        Shape shape = Given.shape()
                .rows(rows("2024-01-05", 1), rows("2024-01-06", 1), rows("2025-11-11", 1), rows("2026-02-20", 1))
                .build();

        CreateShadow shadow = shadow(spec, shape);

        assertThat(shadow.start()).isEqualTo(day("2026-02-01"));
        assertThat(shadow.others()).isEqualTo(days("2024-01-01", "2025-11-01"));
    }

    @Test
    void beginsWithARowThatIsYoungerThanTheRetention() {
        TableSpec spec = Given.spec().retention("14 months").build();

        CreateShadow shadow =
                shadow(spec, Given.shape().rows(rows("2026-04-20", 1)).build());

        assertThat(shadow.start()).isEqualTo(day("2026-04-01"));
    }

    @ParameterizedTest
    @CsvSource({"2026-01-15, 2026-01-01", "2026-05-15, 2026-04-01"})
    void beginsEarlierIfAskedTo(String configured, String start) {
        TableSpec spec = Given.spec().start(configured).build();

        CreateShadow shadow =
                shadow(spec, Given.shape().rows(rows("2026-04-20", 1)).build());

        assertThat(shadow.start()).isEqualTo(day(start));
    }

    @Test
    void laysPartitionsOfSomeDaysOnTheGridOfToday() {
        TableSpec spec = Given.spec().interval("7 days").build();

        CreateShadow shadow =
                shadow(spec, Given.shape().rows(rows("2026-05-01", 1)).build());

        assertThat(shadow.start()).isEqualTo(day("2026-04-26"));
    }

    // How many partitions there are

    @Test
    void makesAsManyPartitionsAsAreAllowed() {
        // December to August
        TableSpec spec = Given.spec().maxPartitions(9).build();

        Plan plan = plan(spec, Given.shape().rows(rows("2025-12-31", 1)).build());

        assertThat(plan).isInstanceOf(Plan.Convert.class);
    }

    @Test
    void refusesToMakeMorePartitionsAndCountsTheRowsThatAskForThem() {
        TableSpec spec = Given.spec().maxPartitions(8).build();
        Shape shape = Given.shape()
                .rows(rows("2025-12-31", 3), rows("2026-04-30", 4), rows("2026-05-01", 100))
                .build();

        Plan plan = plan(spec, shape);

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason())
                .contains("9 partitions", "max-partitions (8)", "2025-12-01", "7 row(s) before 2026-05-01");
    }

    @Test
    void countsPartitionsBeforeTheRetentionLimitToo() {
        TableSpec spec =
                Given.spec().retention("1 month").premake(0).maxPartitions(2).build();
        Shape shape =
                Given.shape().rows(rows("2020-01-01", 1), rows("2026-05-01", 1)).build();

        Plan plan = plan(spec, shape);

        assertThat(plan.reason()).contains("3 partitions");
    }

    @Test
    void refusesOneBogusRowOfLongAgoWithoutCountingForever() {
        TableSpec spec = Given.spec().interval("1 second").build();

        Plan plan = plan(spec, Given.shape().rows(rows("0001-01-01", 1)).build());

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.reason()).contains("1 row(s) before 2026-05-17");
    }

    // Notes

    @Test
    void tellsSizesWherePartitionsLieAndThatTheApplicationWaits() {
        Shape shape = Given.shape()
                .rows(rows("2026-04-03", 1_234))
                .bytes(3L << 20)
                .notes("somebody is slow")
                .build();

        Plan.Convert convert = converted(SPEC, shape);

        assertThat(convert.notes()).hasSize(4);
        assertThat(convert.notes().get(0)).contains("1,234 rows", "3.0 MB", "partman_retired_public.events");
        assertThat(convert.notes().get(1)).contains("5 partitions", "2026-04-01", "2026-09-01");
        assertThat(convert.notes().get(2)).contains("offline", "wait");
        assertThat(convert.notes().get(3)).isEqualTo("somebody is slow");
    }

    @Test
    void tellsSmallSizesInKilobytes() {
        assertThat(converted(SPEC, Given.shape().bytes(64 * 1024).build())
                        .notes()
                        .getFirst())
                .contains("64 kB");
    }

    @Test
    void tellsWhereTheOldestPartitionLiesThatHoldsRowsBeforeTheRetentionLimit() {
        TableSpec spec = Given.spec().retention("1 month").build();

        List<String> notes = converted(
                        spec, Given.shape().rows(rows("2024-01-05", 1)).build())
                .notes();

        assertThat(notes.get(1)).contains("from 2024-01-01");
    }

    @Test
    void tellsThatTheRetentionDetachesNothing() {
        TableSpec spec = Given.spec().retention("14 months").build();

        List<String> notes = converted(
                        spec, Given.shape().rows(rows("2026-03-05", 1)).build())
                .notes();

        assertThat(notes).anyMatch(note -> note.contains("14 months") && note.contains("nothing yet"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tellsWhatTheRetentionDetachesAndWhetherItIsDropped(boolean keep) {
        TableSpec spec = Given.spec().retention("1 month").keepTable(keep).build();
        // February and March have ended a month before 17 May; April has not
        Shape shape = Given.shape()
                .rows(rows("2026-02-05", 7), rows("2026-03-05", 2_000), rows("2026-04-05", 1))
                .build();

        List<String> notes = converted(spec, shape).notes();

        assertThat(notes)
                .anyMatch(note -> note.contains("2 partition(s) with 2,007 rows")
                        && note.contains("ARE DROPPED") == !keep
                        && note.contains("stay as tables of their own") == keep);
    }

    @Test
    void tellsHowManyRowsStayInTheDefaultPartition() {
        Shape shape = Given.shape()
                .rows(rows("2026-08-31", 1), rows("2026-09-01", 20), rows("2099-01-01", 3))
                .infinite(100)
                .build();

        List<String> notes = converted(SPEC, shape).notes();

        assertThat(notes).anyMatch(note -> note.contains("123 rows") && note.contains("stay in the default partition"));
    }

    @Test
    void tellsNothingOfTheDefaultPartitionIfItStaysEmpty() {
        List<String> notes = converted(
                        SPEC, Given.shape().rows(rows("2026-08-31", 1)).build())
                .notes();

        assertThat(notes).noneMatch(note -> note.contains("default partition"));
    }

    private static Plan plan(TableSpec spec, Shape shape) {
        return Planner.plan(spec, Given.server(), Given.plain(true, shape));
    }

    private static Plan.Convert converted(TableSpec spec, Shape shape) {
        Plan plan = plan(spec, shape);
        assertThat(plan).isInstanceOf(Plan.Convert.class);
        return (Plan.Convert) plan;
    }

    private static CreateShadow shadow(TableSpec spec, Shape shape) {
        for (Step step : converted(spec, shape).conversion().steps()) {
            if (step instanceof CreateShadow shadow) {
                return shadow;
            }
        }
        throw new AssertionError("no successor is created");
    }
}
