package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.BOUNDS;
import static partman.sidecar.plan.Given.EVENTS;
import static partman.sidecar.plan.Given.LOCK_TIMEOUT;
import static partman.sidecar.plan.Given.OID;
import static partman.sidecar.plan.Given.PARTMAN;
import static partman.sidecar.plan.Given.ROW_KEY;
import static partman.sidecar.plan.Given.day;
import static partman.sidecar.plan.Given.days;
import static partman.sidecar.plan.Given.definitions;
import static partman.sidecar.plan.Given.rows;
import static partman.sidecar.plan.Given.server;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.step.AddForeignKeys;
import partman.sidecar.step.Analyze;
import partman.sidecar.step.ApplyJournal;
import partman.sidecar.step.BeginConversion;
import partman.sidecar.step.BuildIndexes;
import partman.sidecar.step.CopyBlocks;
import partman.sidecar.step.CreateExtension;
import partman.sidecar.step.CreateJournal;
import partman.sidecar.step.CreateShadow;
import partman.sidecar.step.DeleteChangedRows;
import partman.sidecar.step.DropJournal;
import partman.sidecar.step.DropSuccessor;
import partman.sidecar.step.EndConversion;
import partman.sidecar.step.EnterPhase;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.SwapTables;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdatePartConfig;
import partman.sidecar.step.VerifySuccessor;

class OnlinePlannerTest {

    private static final TableSpec SPEC = Given.spec().online().build();

    /** At noon, when all of this happens, it is closed. */
    private static final TableSpec AT_NIGHT =
            Given.spec().online().window("02:00", "04:00").build();

    private static final List<Identifier> COLUMNS = Given.shape().build().columns();

    // Beginning

    @Test
    void goesThroughEachPhaseInOrder() {
        Plan.Online online = begun(SPEC, Given.shape().foreignKeys("fk"));

        assertThat(online.state()).isEqualTo(TableState.PLAIN);
        assertThat(online.reason()).isEqualTo("public.events is a plain table");
        assertThat(online.conversion()).isEqualTo(OID);
        assertThat(online.before()).isEmpty();
        assertThat(online.stages()).extracting(Stage::phase).containsExactly(Phase.values());
        assertThat(online.after()).containsExactly(transaction(new RunMaintenance(EVENTS, PARTMAN)));
    }

    @Test
    void hasNothingToCheckAfterTheSwapWithoutForeignKeys() {
        Plan.Online online = begun(SPEC, Given.shape());

        assertThat(online.stages())
                .extracting(Stage::phase)
                .containsExactlyElementsOf(EnumSet.complementOf(EnumSet.of(Phase.FOREIGN_KEYS)));
    }

    @Test
    void createsPartmanBeforeAnyPhase() {
        ObservedServer server = server(new Extension.Available("5.2.4"));

        Plan plan = Planner.plan(SPEC, server, Given.plain(true, Given.shape().build()));

        assertThat(plan).isInstanceOfSatisfying(Plan.Online.class, online -> {
            assertThat(online.state()).isEqualTo(TableState.EXTENSION_MISSING);
            assertThat(online.reason()).contains("5.2.4 is available, not created");
            assertThat(online.conversion()).isEqualTo(OID);
            assertThat(online.before()).containsExactly(transaction(new CreateExtension(PARTMAN)));
            assertThat(online.stages()).hasSize(8);
            assertThat(online.after()).containsExactly(transaction(new RunMaintenance(EVENTS, PARTMAN)));
            assertThat(online.notes()).isNotEmpty();
        });
    }

    @Test
    void makesTheSuccessorAndWritesDownThatItDidInOneTransaction() {
        Given.ShapeBuilder shape = Given.shape().rows(rows("2026-04-03", 10), rows("2026-05-04", 5));

        Stage stage = stage(begun(SPEC, shape), Phase.SHADOW);

        assertThat(stage)
                .isEqualTo(Stage.of(
                        Phase.SHADOW,
                        transaction(
                                new CreateShadow(
                                        SPEC,
                                        PARTMAN,
                                        day("2026-04-01"),
                                        List.of(),
                                        definitions("shadow"),
                                        definitions("template")),
                                new BeginConversion(SPEC, shape.build(), ROW_KEY))));
    }

    @Test
    void beginsTheJournalBeforeItCopiesAllBlocksThereAreThen() {
        Plan.Online online = begun(SPEC, Given.shape());

        assertThat(stage(online, Phase.JOURNAL))
                .isEqualTo(Stage.of(Phase.JOURNAL, transaction(new CreateJournal(EVENTS, OID, ROW_KEY))));
        Stage backfill = stage(online, Phase.BACKFILL);
        assertThat(backfill.shared()).containsExactly(copy(Blocks.ALL));
        assertThat(backfill.transactions()).containsExactly(transaction(enter(Phase.KEYS_ONCE)));
        assertThat(backfill.remark())
                .contains("all blocks there are when the journal begins", "about 1000 ms by 2 workers");
    }

    @Test
    void deletesRowsThatMayBeThereTwiceBeforeItBuildsAnyIndex() {
        Plan.Online online = begun(SPEC, Given.shape().indexes("ADD PRIMARY KEY", "CREATE INDEX"));

        assertThat(stage(online, Phase.KEYS_ONCE))
                .isEqualTo(Stage.of(
                        Phase.KEYS_ONCE, aside(new DeleteChangedRows(EVENTS, OID, ROW_KEY), enter(Phase.INDEXES))));
        Stage indexes = stage(online, Phase.INDEXES);
        assertThat(indexes.shared()).isEmpty();
        assertThat(indexes.transactions())
                .containsExactly(
                        aside(build("ADD PRIMARY KEY")),
                        aside(build("CREATE INDEX")),
                        transaction(enter(Phase.CATCH_UP)));
        assertThat(indexes.remark()).contains("on each partition first, by 2 workers");
    }

    @ParameterizedTest
    @CsvSource({"1, 10000", "2, ", "5, "})
    void appliesTheJournalInBatchesOnlyIfOneUniqueIndexTellsRowsApart(int uniqueIndexes, @Nullable Long atOnce) {
        Plan.Online online = begun(SPEC, Given.shape().uniqueIndexes(uniqueIndexes));

        Stage catchUp = stage(online, Phase.CATCH_UP);

        assertThat(catchUp.shared()).isEmpty();
        assertThat(catchUp.transactions()).containsExactly(apply(atOnce), transaction(enter(Phase.VERIFY)));
        assertThat(catchUp.remark()).contains("repeated until the journal is short");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void comparesBothTablesPartitionByPartitionBeforeTheSwap(boolean hashable) {
        Plan.Online online = begun(SPEC, Given.shape().hashable(hashable));

        assertThat(stage(online, Phase.VERIFY)).isEqualTo(verification(hashable));
    }

    @Test
    void comparesPartitionsBeforeTheRetentionLimitToo() {
        TableSpec spec = Given.spec().online().retention("1 month").premake(0).build();
        Given.ShapeBuilder shape =
                Given.shape().rows(rows("2024-01-05", 1), rows("2025-11-11", 1), rows("2026-05-01", 1));

        Plan.Online online = begun(spec, shape);

        assertThat(stage(online, Phase.SHADOW).transactions().getFirst().steps().getFirst())
                .isInstanceOfSatisfying(
                        CreateShadow.class,
                        shadow -> assertThat(shadow.others()).isEqualTo(days("2024-01-01", "2025-11-01")));
        assertThat(stage(online, Phase.VERIFY).shared().getFirst().steps().getFirst())
                .isInstanceOfSatisfying(
                        VerifySuccessor.class,
                        verify -> assertThat(verify.bounds())
                                .isEqualTo(days(
                                        "2024-01-01",
                                        "2024-02-01",
                                        "2025-11-01",
                                        "2025-12-01",
                                        "2026-04-01",
                                        "2026-05-01",
                                        "2026-06-01")));
    }

    @Test
    void swapsWithAllOfTheJournalAppliedUnderTheTablesLock() {
        Stage swap = stage(begun(SPEC, Given.shape().uniqueIndexes(1)), Phase.SWAP);

        assertThat(swap).isEqualTo(Stage.of(Phase.SWAP, transaction(swapSteps(SPEC, new EndConversion(EVENTS, OID)))));
    }

    @Test
    void endsOnlyOnceTheForeignKeysHoldForOldRowsToo() {
        Plan.Online online = begun(SPEC, Given.shape().foreignKeys("fk a", "fk b"));

        Stage swap = stage(online, Phase.SWAP);
        assertThat(swap.transactions()).containsExactly(transaction(swapSteps(SPEC, enter(Phase.FOREIGN_KEYS))));
        assertThat(swap.remark()).contains("foreign keys for new rows", "SHARE ROW EXCLUSIVE");
        Stage foreignKeys = stage(online, Phase.FOREIGN_KEYS);
        assertThat(foreignKeys.shared()).isEmpty();
        assertThat(foreignKeys.transactions())
                .containsExactly(transaction(
                        new AddForeignKeys(EVENTS, definitions("final fk a", "final fk b")),
                        new EndConversion(EVENTS, OID)));
        assertThat(foreignKeys.remark()).contains("old rows are checked");
    }

    @Test
    void tellsWhenItSwapsAndWhatThatLocks() {
        Plan.Online online = begun(AT_NIGHT, Given.shape().foreignKeys("fk"));

        assertThat(online.stages()).hasSize(9);
        assertThat(stage(online, Phase.SWAP).remark()).startsWith("between 02:00-04:00 UTC; each partition");
    }

    // What keeps it from beginning

    @Test
    void refusesATableWithObstaclesAndNamesAllOfThem() {
        Plan plan = begin(SPEC, Given.shape().obstacles("it is unlogged", "it has a rule"));

        assertBlocked(plan, "public.events can't be converted: it is unlogged; it has a rule");
    }

    @Test
    void asksForAUniqueIndexOrTheOtherMethodWhereRowsCantBeToldApart() {
        Plan plan = begin(SPEC, Given.shape().rowKey(null));

        assertBlocked(plan, "public.events can't be converted online", "create one", "partman.conversion.method");
        assertThat(plan.reason()).contains("offline, which locks the table");
    }

    @Test
    void needsNoRowKeyOffline() {
        Plan plan = begin(Given.spec().build(), Given.shape().rowKey(null));

        assertThat(plan).isInstanceOf(Plan.Convert.class);
    }

    @Test
    void refusesToMakeMorePartitionsThanAllowedAndCountsTheRowsThatAskForThem() {
        TableSpec spec = Given.spec().online().maxPartitions(8).build();

        Plan plan = begin(spec, Given.shape().rows(rows("2025-12-31", 3), rows("2026-05-01", 100)));

        assertBlocked(plan, "9 partitions", "max-partitions (8)", "3 row(s) before 2026-05-01");
    }

    // Notes

    @Test
    void tellsThatTheApplicationGoesOnAndHowLongItMayWait() {
        List<String> notes = begun(
                        SPEC, Given.shape().rows(rows("2026-04-03", 1_234)).notes("somebody is slow"))
                .notes();

        assertThat(notes).hasSize(4);
        assertThat(notes.get(0)).contains("1,234 rows", "stays as partman_retired_public.events");
        assertThat(notes.get(1)).contains("5 partitions", "2026-04-01", "2026-09-01");
        assertThat(notes.get(2)).contains("method online: the application goes on", "public.events wait for 700 ms");
        assertThat(notes.get(3)).isEqualTo("somebody is slow");
    }

    @Test
    void tellsThatThePlainTableIsDroppedIfAskedTo() {
        TableSpec spec = Given.spec().online().dropRetired().build();

        List<String> notes = begun(spec, Given.shape()).notes();

        assertThat(notes.getFirst()).contains("IS DROPPED afterwards").doesNotContain("partman_retired");
    }

    @Test
    void tellsWhatTheRetentionDetaches() {
        TableSpec spec = Given.spec().online().retention("1 month").build();

        List<String> notes = begun(spec, Given.shape().rows(rows("2026-02-05", 7), rows("2026-05-05", 1)))
                .notes();

        assertThat(notes)
                .anyMatch(note -> note.contains("retention of 1 month detaches 1 partition(s) with 7 rows")
                        && note.contains("they leave public.events, and stay as tables of their own"));
    }

    // Carrying on

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "SHADOW")
    void carriesOnWithThePhaseThatItIsIn(Phase phase) {
        Plan.Online online =
                resumed(SPEC, Given.converting(phase).shape(Given.shape().foreignKeys("fk")));

        assertThat(online.state()).isEqualTo(TableState.CONVERTING);
        assertThat(online.reason()).isEqualTo("its online conversion is in phase " + phase.label());
        assertThat(online.conversion()).isEqualTo(OID);
        assertThat(online.before()).isEmpty();
        assertThat(online.stages())
                .extracting(Stage::phase)
                .containsExactlyElementsOf(EnumSet.range(phase, Phase.FOREIGN_KEYS));
        assertThat(online.after()).containsExactly(transaction(new RunMaintenance(EVENTS, PARTMAN)));
        assertThat(online.notes()).isEmpty();
    }

    @Test
    void looksCloselyAtATableThatIsBeingConvertedBeforeItCarriesOn() {
        Plan plan = resume(SPEC, Given.converting(Phase.BACKFILL).notSurveyed());

        assertThat(plan)
                .isEqualTo(new Plan.Survey(TableState.CONVERTING, "its online conversion is in phase backfill"));
    }

    @Test
    void copiesEverythingOnceTheJournalHasBegun() {
        Plan.Online online = resumed(SPEC, Given.converting(Phase.JOURNAL));

        Stage backfill = stage(online, Phase.BACKFILL);

        assertThat(backfill.shared()).containsExactly(copy(Blocks.ALL));
        assertThat(backfill.remark()).contains("all blocks there are when the journal begins");
    }

    @Test
    void copiesTheBlocksThatAreLeft() {
        Plan.Online online =
                resumed(SPEC, Given.converting(Phase.BACKFILL).copied(new Blocks(0, 20), new Blocks(30, 90)));

        Stage backfill = stage(online, Phase.BACKFILL);

        assertThat(backfill.shared()).containsExactly(copy(new Blocks(20, 30)), copy(new Blocks(90, 100)));
        assertThat(backfill.transactions()).containsExactly(transaction(enter(Phase.KEYS_ONCE)));
        assertThat(backfill.remark()).contains("the blocks that are left");
    }

    @Test
    void goesOnAtOnceIfNoBlocksAreLeft() {
        Plan.Online online = resumed(SPEC, Given.converting(Phase.BACKFILL).copied(new Blocks(0, 100)));

        assertThat(stage(online, Phase.BACKFILL).all()).containsExactly(transaction(enter(Phase.KEYS_ONCE)));
    }

    @Test
    void buildsTheIndexesThatAreMissing() {
        Plan.Online online = resumed(
                SPEC,
                Given.converting(Phase.INDEXES)
                        .indexes("on partition 1", "on partition 2")
                        .superfluousIndexes("drop one", "drop another")
                        .parentIndexes("on the parent", "another on the parent"));

        Stage indexes = stage(online, Phase.INDEXES);

        assertThat(online.stages().getFirst()).isEqualTo(indexes);
        assertThat(indexes.shared()).containsExactly(aside(build("on partition 1")), aside(build("on partition 2")));
        assertThat(indexes.transactions())
                .containsExactly(
                        aside(build("drop one", "drop another")),
                        aside(build("on the parent")),
                        aside(build("another on the parent")),
                        transaction(enter(Phase.CATCH_UP)));
        assertThat(indexes.remark()).isEmpty();
    }

    /** Two sessions would choose the same name for both. */
    @Test
    void buildsTheIndexesOfOnePartitionInOneTransaction() {
        Plan.Online online =
                resumed(SPEC, Given.converting(Phase.INDEXES).indexesOfOne("on partition 1", "another on partition 1"));

        assertThat(online.stages().getFirst().shared())
                .containsExactly(aside(build("on partition 1", "another on partition 1")));
    }

    @ParameterizedTest
    @CsvSource({"700, 30000", "30000, 30000", "45000, 45000"})
    void isPatientOnlyWithLocksThatNobodyQueuesBehind(long lockTimeout, long patience) {
        TableSpec spec = Given.spec()
                .online()
                .lockTimeout(Duration.ofMillis(lockTimeout))
                .build();

        Plan.Online online = begun(spec, Given.shape());

        assertThat(stage(online, Phase.KEYS_ONCE).all())
                .extracting(transaction -> transaction.lockTimeout().toMillis())
                .containsOnly(patience);
        assertThat(List.of(Phase.SHADOW, Phase.JOURNAL, Phase.BACKFILL, Phase.CATCH_UP, Phase.SWAP))
                .flatExtracting(phase -> stage(online, phase).all())
                .extracting(Transaction::lockTimeout)
                .containsOnly(Duration.ofMillis(lockTimeout));
    }

    static Stream<Arguments> indexesThatCameSinceTheyWereBuilt() {
        return Stream.of(Phase.CATCH_UP, Phase.VERIFY, Phase.SWAP)
                .flatMap(phase -> Stream.of(
                        Arguments.of(Given.converting(phase).indexes("on a partition")),
                        Arguments.of(Given.converting(phase).parentIndexes("on the parent"))));
    }

    /** A unique index that the table has got since may not fit what the copy still holds of rows that have changed. */
    @ParameterizedTest
    @MethodSource("indexesThatCameSinceTheyWereBuilt")
    void deletesChangedRowsAgainBeforeItBuildsAnIndexThatCameLater(Given.ConvertingBuilder table) {
        Plan.Online online = resumed(SPEC, table);

        assertThat(online.stages())
                .extracting(Stage::phase)
                .containsExactlyElementsOf(EnumSet.range(Phase.KEYS_ONCE, Phase.SWAP));
    }

    @ParameterizedTest
    @EnumSource(names = {"CATCH_UP", "VERIFY", "SWAP"})
    void dropsAnIndexThatWentLater(Phase phase) {
        Plan.Online online = resumed(SPEC, Given.converting(phase).superfluousIndexes("drop it"));

        assertThat(online.stages())
                .extracting(Stage::phase)
                .containsExactlyElementsOf(EnumSet.range(Phase.INDEXES, Phase.SWAP));
        assertThat(online.stages().getFirst().transactions()).startsWith(aside(build("drop it")));
    }

    @ParameterizedTest
    @EnumSource(names = {"JOURNAL", "BACKFILL", "KEYS_ONCE"})
    void doesNotMissIndexesBeforeTheyAreToBeBuilt(Phase phase) {
        Plan.Online online =
                resumed(SPEC, Given.converting(phase).indexes("on a partition").parentIndexes("on the parent"));

        assertThat(online.stages().getFirst().phase()).isEqualTo(phase);
    }

    @Test
    void comparesThePartitionsThatTheSuccessorHas() {
        Plan.Online online = resumed(SPEC, Given.converting(Phase.VERIFY));

        assertThat(online.stages().getFirst()).isEqualTo(verification(true));
    }

    @ParameterizedTest
    @CsvSource({"1, 10000", "2, "})
    void catchesUpAsManyUniqueIndexesAllowThatAreThereNow(int uniqueIndexes, @Nullable Long atOnce) {
        Plan.Online online = resumed(
                SPEC, Given.converting(Phase.CATCH_UP).shape(Given.shape().uniqueIndexes(uniqueIndexes)));

        assertThat(online.stages().getFirst().transactions())
                .containsExactly(apply(atOnce), transaction(enter(Phase.VERIFY)));
    }

    @Test
    void givesEachPartitionTheForeignKeysForNewRowsAsItSwaps() {
        Plan.Online online = resumed(
                SPEC,
                Given.converting(Phase.SWAP)
                        .shape(Given.shape().foreignKeys("fk"))
                        .addForeignKeys("fk of partition 1", "fk of partition 2"));

        Stage swap = online.stages().getFirst();

        assertThat(swap)
                .isEqualTo(Stage.of(
                        Phase.SWAP,
                        transaction(swapSteps(
                                SPEC,
                                new AddForeignKeys(EVENTS, definitions("fk of partition 1", "fk of partition 2")),
                                enter(Phase.FOREIGN_KEYS)))));
        assertThat(online.stages().getLast().transactions())
                .containsExactly(transaction(
                        new AddForeignKeys(EVENTS, definitions("final fk")), new EndConversion(EVENTS, OID)));
    }

    @Test
    void checksOldRowsAgainstTheForeignKeysBeforeTheTableAdoptsThem() {
        Plan.Online online = resumed(
                SPEC,
                Given.converting(Phase.FOREIGN_KEYS)
                        .validateForeignKeys("validate on partition 1", "validate on partition 2")
                        .parentForeignKeys("adopt"));

        Stage foreignKeys = online.stages().getFirst();

        assertThat(online.stages()).containsExactly(foreignKeys);
        assertThat(foreignKeys.phase()).isEqualTo(Phase.FOREIGN_KEYS);
        assertThat(foreignKeys.shared())
                .containsExactly(
                        transaction(new AddForeignKeys(EVENTS, definitions("validate on partition 1"))),
                        transaction(new AddForeignKeys(EVENTS, definitions("validate on partition 2"))));
        assertThat(foreignKeys.transactions())
                .containsExactly(
                        transaction(new AddForeignKeys(EVENTS, definitions("adopt")), new EndConversion(EVENTS, OID)));
    }

    // The window for the swap

    @ParameterizedTest
    @ValueSource(longs = {0, 1_000})
    void waitsForTheWindowWhileTheJournalIsShort(long journalRows) {
        Plan plan = resume(AT_NIGHT, Given.converting(Phase.SWAP).journalRows(journalRows));

        assertThat(plan)
                .isEqualTo(new Plan.Wait(
                        TableState.CONVERTING,
                        "its online conversion is in phase swap, which waits for its window, 02:00-04:00 UTC"));
    }

    @Test
    void keepsTheJournalShortWhileItWaitsForTheWindow() {
        Plan.Online online = resumed(AT_NIGHT, Given.converting(Phase.SWAP).journalRows(1_001));

        Stage catchUp = online.stages().getFirst();

        assertThat(online.stages()).containsExactly(catchUp);
        assertThat(catchUp.phase()).isEqualTo(Phase.CATCH_UP);
        assertThat(catchUp.transactions()).containsExactly(apply(10_000L), transaction(enter(Phase.SWAP)));
    }

    @Test
    void swapsInTheWindow() {
        TableSpec atNoon = Given.spec().online().window("12:00", "12:30").build();

        Plan.Online online = resumed(atNoon, Given.converting(Phase.SWAP).journalRows(5_000));

        Stage swap = online.stages().getFirst();
        assertThat(swap.phase()).isEqualTo(Phase.SWAP);
        assertThat(swap.transactions()).containsExactly(transaction(swapSteps(atNoon, new EndConversion(EVENTS, OID))));
        assertThat(swap.remark()).isEqualTo("between 12:00-12:30 UTC");
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.EXCLUDE,
            names = {"SHADOW", "SWAP"})
    void doesAllElseOutsideTheWindow(Phase phase) {
        Plan.Online online = resumed(AT_NIGHT, Given.converting(phase));

        assertThat(online.stages().getFirst().phase()).isEqualTo(phase);
    }

    @Test
    void buildsAnIndexThatCameLaterOutsideTheWindow() {
        Plan.Online online = resumed(AT_NIGHT, Given.converting(Phase.SWAP).superfluousIndexes("drop it"));

        assertThat(online.stages().getFirst().phase()).isEqualTo(Phase.INDEXES);
    }

    // What stops it

    @Test
    void staysStoppedAfterAFailureUntilAPersonGivesItUp() {
        Plan plan = resume(
                Given.spec().build(),
                Given.converting(Phase.VERIFY)
                        .failure("the copy differs in 1 partition(s)")
                        .changed("it was altered"));

        assertBlocked(
                plan,
                "has stopped, and nothing is lost: the copy differs in 1 partition(s);",
                "still uses the table as it was",
                "partman-sidecar abort");
    }

    @Test
    void namesObstaclesThatCameMeanwhileAndHowToGiveUp() {
        Plan plan = resume(
                SPEC,
                Given.converting(Phase.BACKFILL)
                        .shape(Given.shape()
                                .obstacles("it has a rule", "it is inherited")
                                .rowKey(null)));

        assertBlocked(plan, "can't go on: it has a rule; it is inherited;", "partman-sidecar abort");
    }

    @ParameterizedTest
    @EnumSource(names = {"BACKFILL", "FOREIGN_KEYS"})
    void asksForTheOwnersRole(Phase phase) {
        Plan plan = resume(
                SPEC, Given.converting(phase).owned(false).failure("it failed").changed("it was altered"));

        assertBlocked(plan, "public.events is converting", "does not own it", "TO \"The Role\"");
    }

    // What makes it begin anew

    static Stream<Arguments> changes() {
        return Stream.of(
                Arguments.of(
                        SPEC,
                        Given.converting(Phase.CATCH_UP)
                                .changed("the table was altered")
                                .notSurveyed(),
                        "the table was altered"),
                Arguments.of(SPEC, Given.converting(Phase.BACKFILL).control("created"), "other partitions"),
                Arguments.of(SPEC, Given.converting(Phase.BACKFILL).interval("7 days"), "other partitions"),
                Arguments.of(Given.spec().build(), Given.converting(Phase.SWAP), "partman.conversion.method"),
                Arguments.of(SPEC, Given.converting(Phase.SWAP).keyColumns("id"), "row key is another one"),
                Arguments.of(
                        SPEC,
                        Given.converting(Phase.BACKFILL).shape(Given.shape().rowKey(null)),
                        "row key is another one"));
    }

    @ParameterizedTest
    @MethodSource("changes")
    void beginsAnewIfTheTableOrWhatIsAskedOfItHasChanged(TableSpec spec, Given.ConvertingBuilder table, String change) {
        Plan plan = resume(spec, table);

        assertThat(plan).isInstanceOfSatisfying(Plan.Run.class, run -> {
            assertThat(run.state()).isEqualTo(TableState.CONVERTING);
            assertThat(run.reason())
                    .startsWith("the conversion begins anew, since ")
                    .contains(change);
            assertThat(run.transactions()).containsExactly(givingUp());
            assertThat(run.notes()).isEmpty();
        });
    }

    @Test
    void endsWhatWasSwappedWhateverIsAskedNow() {
        TableSpec offline = Given.spec().interval("1 day").build();

        Plan.Online online =
                resumed(offline, Given.converting(Phase.FOREIGN_KEYS).parentForeignKeys("adopt"));

        assertThat(online.stages()).extracting(Stage::phase).containsExactly(Phase.FOREIGN_KEYS);
    }

    @Test
    void leavesThePlainTableAsItWasWhenItIsGivenUp() {
        Plan.Run run = Planner.abort(
                SPEC,
                server(),
                Given.converting(Phase.SWAP).failure("it failed").build());

        assertThat(run.state()).isEqualTo(TableState.CONVERTING);
        assertThat(run.reason()).isEqualTo("the conversion is given up");
        assertThat(run.transactions()).containsExactly(givingUp());
    }

    private static Plan begin(TableSpec spec, Given.ShapeBuilder shape) {
        return Planner.plan(spec, server(), Given.plain(true, shape.build()));
    }

    private static Plan.Online begun(TableSpec spec, Given.ShapeBuilder shape) {
        return online(begin(spec, shape));
    }

    private static Plan resume(TableSpec spec, Given.ConvertingBuilder table) {
        return Planner.plan(spec, server(), table.build());
    }

    private static Plan.Online resumed(TableSpec spec, Given.ConvertingBuilder table) {
        return online(resume(spec, table));
    }

    private static Plan.Online online(Plan plan) {
        assertThat(plan).isInstanceOf(Plan.Online.class);
        return (Plan.Online) plan;
    }

    private static Stage stage(Plan.Online online, Phase phase) {
        return online.stages().stream()
                .filter(stage -> stage.phase() == phase)
                .findFirst()
                .orElseThrow();
    }

    private static Transaction transaction(Step... steps) {
        return new Transaction(List.of(steps), LOCK_TIMEOUT);
    }

    /** One that waits longer, since nobody queues behind it. */
    private static Transaction aside(Step... steps) {
        return new Transaction(List.of(steps), Duration.ofSeconds(30));
    }

    private static EnterPhase enter(Phase phase) {
        return new EnterPhase(EVENTS, OID, phase);
    }

    private static Transaction copy(Blocks blocks) {
        return transaction(new CopyBlocks(EVENTS, COLUMNS, OID, blocks));
    }

    private static BuildIndexes build(String... ddl) {
        return new BuildIndexes(EVENTS, definitions(ddl));
    }

    /** Every statement of it has to see the same journal. */
    private static Transaction apply(@Nullable Long atOnce) {
        return new Transaction(List.of(new ApplyJournal(EVENTS, COLUMNS, OID, ROW_KEY, atOnce)), LOCK_TIMEOUT, true);
    }

    /** Rows are compared while statistics are gathered, since both read all of them. */
    private static Stage verification(boolean hashable) {
        VerifySuccessor verify = new VerifySuccessor(
                EVENTS, COLUMNS, hashable, OID, ROW_KEY, new Identifier("at"), new Identifier("timestamp"), BOUNDS);
        return new Stage(
                Phase.VERIFY,
                List.of(aside(verify), aside(new Analyze(EVENTS))),
                List.of(transaction(enter(Phase.SWAP))),
                "");
    }

    /** The steps of each swap, and those that come last. */
    private static Step[] swapSteps(TableSpec spec, Step... last) {
        return Stream.concat(
                        Stream.of(
                                new LockTable(EVENTS, LockTable.Mode.AGAINST_SCHEMA_CHANGES),
                                new LockTable(EVENTS, LockTable.Mode.AGAINST_EVERYBODY),
                                new ApplyJournal(EVENTS, COLUMNS, OID, ROW_KEY, null),
                                new DropJournal(EVENTS, OID),
                                new SwapTables(
                                        EVENTS,
                                        PARTMAN,
                                        new Identifier("owner"),
                                        definitions("release"),
                                        definitions("carry over")),
                                new UpdatePartConfig(spec, PARTMAN, true, List.of())),
                        Stream.of(last))
                .toArray(Step[]::new);
    }

    private static Transaction givingUp() {
        return transaction(
                new DropJournal(EVENTS, OID), new DropSuccessor(EVENTS, PARTMAN), new EndConversion(EVENTS, OID));
    }

    private static void assertBlocked(Plan plan, String... words) {
        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason()).contains(words);
    }
}
