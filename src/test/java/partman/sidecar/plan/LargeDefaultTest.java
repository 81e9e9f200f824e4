package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.EVENTS;
import static partman.sidecar.plan.Given.LOCK_TIMEOUT;
import static partman.sidecar.plan.Given.OID;
import static partman.sidecar.plan.Given.PARTMAN;
import static partman.sidecar.plan.Given.ROW_KEY;
import static partman.sidecar.plan.Given.child;
import static partman.sidecar.plan.Given.day;
import static partman.sidecar.plan.Given.days;
import static partman.sidecar.plan.Given.defaultWith;
import static partman.sidecar.plan.Given.definitions;
import static partman.sidecar.plan.Given.months;
import static partman.sidecar.plan.Given.registered;
import static partman.sidecar.plan.Given.rows;

import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.step.ApplyJournal;
import partman.sidecar.step.BeginConversion;
import partman.sidecar.step.CheckBounds;
import partman.sidecar.step.CreateParent;
import partman.sidecar.step.CreatePartitions;
import partman.sidecar.step.CreateShadow;
import partman.sidecar.step.DropCovered;
import partman.sidecar.step.DropJournal;
import partman.sidecar.step.DropRetired;
import partman.sidecar.step.DropSuccessor;
import partman.sidecar.step.EndConversion;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.SwapDefault;
import partman.sidecar.step.Transaction;

/** Very many rows of a default partition, 20 here, are moved as a plain table's are: online. Ten would be moved under the lock. */
class LargeDefaultTest {

    private static final QualifiedName DEFAULT = QualifiedName.of("public", "events_default");
    private static final TableSpec SPEC = spec().build();

    private static Given.SpecBuilder spec() {
        return Given.spec().online().moveRows(10);
    }

    /** Registered with the retention that is asked for, so that it is nothing else that has to be done. */
    private static Given.SetBuilder set(TableSpec spec) {
        Given.RegistrationBuilder registration = registered();
        return Given.set()
                .registration(
                        spec.retention() == null
                                ? registration.build()
                                : registration
                                        .retention(spec.retention().toString())
                                        .build());
    }

    private static Plan plan(TableSpec spec, Given.SetBuilder set) {
        return Planner.plan(spec, Given.server(), set.build());
    }

    /** The plan when the default partition holds what this shape does. */
    private static Plan surveyed(TableSpec spec, Given.SetBuilder set, Given.ShapeBuilder shape) {
        ObservedTable.Shape built = shape.build();
        var units = built.rows().intervals().toArray(ObservedTable.Interval[]::new);
        return plan(spec, set.defaultPartition(Given.largeDefault(Given.plain(true, built), units)));
    }

    private static Plan.Online online(Plan plan) {
        assertThat(plan).as(plan.reason()).isInstanceOf(Plan.Online.class);
        return (Plan.Online) plan;
    }

    private static CreateShadow shadow(Plan plan) {
        return (CreateShadow) steps(online(plan), Phase.SHADOW).getFirst();
    }

    private static List<Step> steps(Plan.Online plan, Phase phase) {
        return plan.stages().stream()
                .filter(stage -> stage.phase() == phase)
                .flatMap(stage -> stage.transactions().stream())
                .flatMap(transaction -> transaction.steps().stream())
                .toList();
    }

    /** The plan when the conversion has begun. */
    private static Plan resumed(TableSpec spec, Given.ConvertingBuilder converting) {
        return plan(
                spec,
                set(spec)
                        .defaultPartition(
                                defaultWith(false, rows("2026-02-01", 20)).with(converting.build())));
    }

    @Test
    void looksAtTheDefaultPartitionCloselyBeforeItPlans() {
        Plan plan = plan(SPEC, Given.set().defaultPartition(defaultWith(false, rows("2026-02-01", 20))));

        assertThat(plan).isInstanceOf(Plan.Survey.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains("of public.events holds 20 rows", "move-rows (10)");
    }

    @Test
    void goesThroughTheSamePhasesAsForAPlainTable() {
        Given.ShapeBuilder shape = Given.shape().rows(rows("2026-02-03", 20));

        Plan.Online online = online(surveyed(SPEC, Given.set(), shape));

        assertThat(online.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(online.reason()).contains("holds 20 rows", "they are moved online");
        assertThat(online.conversion()).isEqualTo(OID);
        assertThat(online.stages())
                .extracting(Stage::phase)
                .containsExactly(
                        Phase.SHADOW,
                        Phase.JOURNAL,
                        Phase.BACKFILL,
                        Phase.KEYS_ONCE,
                        Phase.INDEXES,
                        Phase.CATCH_UP,
                        Phase.VERIFY,
                        Phase.SWAP);
        assertThat(steps(online, Phase.SHADOW))
                .containsExactly(
                        new CreateShadow(
                                SPEC.about(DEFAULT),
                                PARTMAN,
                                day("2026-02-01"),
                                List.of(),
                                definitions("shadow"),
                                definitions("template")),
                        new CheckBounds(DEFAULT),
                        new BeginConversion(SPEC.about(DEFAULT), shape.build(), ROW_KEY));
        assertThat(online.after()).containsExactly(Transaction.of(new RunMaintenance(EVENTS, PARTMAN), LOCK_TIMEOUT));
    }

    @Test
    void locksTheParentBeforeItsPartitionAndAttachesWhatWasBuilt() {
        Given.ShapeBuilder shape = Given.shape().rows(rows("2026-02-03", 20));

        Plan.Online online = online(surveyed(SPEC, Given.set(), shape));

        assertThat(steps(online, Phase.SWAP))
                .containsExactly(
                        new LockTable(EVENTS, LockTable.Mode.AGAINST_SCHEMA_CHANGES),
                        new LockTable(DEFAULT, LockTable.Mode.AGAINST_SCHEMA_CHANGES),
                        new DropCovered(EVENTS, DEFAULT),
                        new LockTable(EVENTS, LockTable.Mode.AGAINST_EVERYBODY),
                        new LockTable(DEFAULT, LockTable.Mode.AGAINST_EVERYBODY),
                        new ApplyJournal(DEFAULT, shape.build().columns(), OID, ROW_KEY, null),
                        new DropJournal(DEFAULT, OID),
                        new SwapDefault(
                                EVENTS,
                                DEFAULT,
                                PARTMAN,
                                new Identifier("owner"),
                                definitions("release"),
                                definitions("carry over")),
                        new DropSuccessor(DEFAULT, PARTMAN),
                        new EndConversion(DEFAULT, OID));
    }

    // Which partitions

    @Test
    void beginsWithTheSetsFirstPartitionIfThatIsOlderThanTheRows() {
        Given.SetBuilder set = Given.set().children(months("2026-01", "2026-04", "2026-05"));

        CreateShadow shadow = shadow(surveyed(SPEC, set, Given.shape().rows(rows("2026-02-03", 20))));

        assertThat(shadow.start()).isEqualTo(day("2026-01-01"));
        assertThat(shadow.others()).isEmpty();
    }

    @Test
    void makesTheSetsOwnPartitionsBeyondTheHorizonToo() {
        Given.SetBuilder set = Given.set().children(months("2026-05", "2026-08", "2026-09", "2026-12"));

        CreateShadow shadow = shadow(surveyed(SPEC, set, Given.shape().rows(rows("2026-02-03", 20))));

        assertThat(shadow.start()).isEqualTo(day("2026-02-01"));
        assertThat(shadow.others()).isEqualTo(days("2026-09-01", "2026-12-01"));
    }

    @Test
    void leavesRowsThatAreOlderThanTheRetentionOrLieBeyondTheHorizon() {
        TableSpec spec = spec().retention("3 months").build();
        Given.SetBuilder set = set(spec).children(months("2024-07", "2026-05"));
        Given.ShapeBuilder shape = Given.shape()
                .rows(rows("2023-01-05", 4), rows("2026-03-20", 20), rows("2026-09-01", 5))
                .infinite(2);

        Plan.Online online = online(surveyed(spec, set, shape));

        assertThat(shadow(online).start()).isEqualTo(day("2026-03-01"));
        assertThat(shadow(online).others()).isEqualTo(days("2024-07-01"));
        assertThat(online.notes())
                .contains(
                        "20 rows move to 5 new partitions up to 2026-09-01T00:00",
                        "11 rows lie before 2026-02-01T00:00 or after 2026-09-01T00:00 (or at infinity): they stay in the default partition")
                .anyMatch(
                        note -> note.contains("old default partition stays as partman_retired_public.events_default"));
    }

    @Test
    void saysNothingOfRowsThatStayIfAllMove() {
        Plan.Online online = online(surveyed(
                spec().dropRetired().build(),
                Given.set(),
                Given.shape().rows(rows("2026-02-03", 20)).notes("a note")));

        assertThat(online.notes())
                .hasSize(4)
                .noneMatch(note -> note.contains("they stay"))
                .anyMatch(note -> note.contains("IS DROPPED afterwards"))
                .contains("a note");
    }

    @Test
    void knowsNoLowerLimitWithoutARetention() {
        Plan.Online online = online(surveyed(
                SPEC, Given.set(), Given.shape().rows(rows("2026-02-03", 20)).infinite(1)));

        assertThat(online.notes())
                .contains("1 rows lie after 2026-09-01T00:00 (or at infinity): they stay in the default partition");
    }

    @Test
    void plansForASetWithoutAnyPartition() {
        CreateShadow shadow = shadow(
                surveyed(SPEC, Given.set().children(List.of()), Given.shape().rows(rows("2026-02-03", 20))));

        assertThat(shadow.start()).isEqualTo(day("2026-02-01"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void movesNoneIfNoneBelongsInAPartition(boolean complete) {
        Given.SetBuilder set = complete ? Given.set() : Given.set().children(months("2026-04", "2026-05"));
        ObservedTable.Shape shape = Given.shape().rows(rows("2099-01-01", 20)).build();

        Plan plan = plan(
                SPEC,
                set.defaultPartition(defaultWith(true, rows("2099-01-01", 20)).with(Given.plain(true, shape))));

        if (complete) {
            assertThat(plan).isInstanceOf(Plan.Blocked.class);
            assertThat(plan.reason()).contains("none lies between");
        } else {
            assertThat(plan)
                    .isInstanceOfSatisfying(
                            Plan.Run.class,
                            run -> assertThat(run.transactions()
                                            .getFirst()
                                            .steps()
                                            .getFirst())
                                    .isInstanceOf(CreatePartitions.class));
        }
    }

    @Test
    void leavesRowsThatBelongNowhereUnderTheLockWithoutALook() {
        Plan plan = plan(SPEC, Given.set().defaultPartition(defaultWith(false, rows("2099-01-01", 20))));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.reason()).contains("20 row(s)", "none lies between");
    }

    // A set that nobody has registered

    @Test
    void movesTheRowsBeforeItRegistersTheSet() {
        Plan plan = surveyed(SPEC, Given.set().registration(null), Given.shape().rows(rows("2026-02-03", 20)));

        assertThat(online(plan).state()).isEqualTo(TableState.UNREGISTERED);
    }

    @Test
    void registersASetOfWhoseManyRowsNoneBelongsInAPartition() {
        ObservedTable.Shape shape = Given.shape().rows(rows("2099-01-01", 20)).build();
        Given.SetBuilder set = Given.set()
                .registration(null)
                .defaultPartition(defaultWith(true, rows("2099-01-01", 20)).with(Given.plain(true, shape)));

        Plan plan = plan(SPEC, set);

        assertThat(plan)
                .isInstanceOfSatisfying(
                        Plan.Run.class,
                        run -> assertThat(run.transactions().getFirst().steps().getFirst())
                                .isInstanceOf(CreateParent.class));
    }

    // What stands in the way

    private static void assertBlocked(Plan plan, String... words) {
        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason())
                .contains("holds 20 rows", "or raise the setting")
                .contains(words);
    }

    @Test
    void leavesThemIfOnlineConversionsAreNotWanted() {
        TableSpec offline = Given.spec().moveRows(10).build();

        assertBlocked(
                surveyed(offline, Given.set(), Given.shape().rows(rows("2026-02-03", 20))),
                "set partman.conversion.method to online");
    }

    @Test
    void namesObstacles() {
        assertBlocked(
                surveyed(
                        SPEC,
                        Given.set(),
                        Given.shape().obstacles("it has a rule").rows(rows("2026-02-03", 20))),
                "public.events_default can't be converted: it has a rule");
    }

    @Test
    void needsAKey() {
        Plan plan = surveyed(SPEC, Given.set(), Given.shape().rowKey(null).rows(rows("2026-02-03", 20)));

        assertBlocked(plan, "it has no unique index");
        assertThat(plan.reason()).doesNotContain("offline");
    }

    @Test
    void namesAPartitionThatDoesNotFit() {
        Child odd = child("odd", day("2020-01-01"), day("2021-01-01"));

        assertBlocked(
                surveyed(SPEC, Given.set().children(List.of(odd)), Given.shape().rows(rows("2026-02-03", 20))),
                "partition public.odd from 2020-01-01T00:00 to 2021-01-01T00:00 is not one interval of 1 month");
    }

    @Test
    @Timeout(5)
    void makesNoThousandsOfPartitions() {
        Plan plan = surveyed(SPEC, Given.set(), Given.shape().rows(rows("0001-01-01", 20)));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.reason()).contains("20 row(s)", "0001-01-01", "max-partitions (500)");
    }

    @Test
    @Timeout(5)
    void movesYoungerRowsThoughOneLiesTooFarBack() {
        Plan.Online online =
                online(surveyed(SPEC, Given.set(), Given.shape().rows(rows("0001-01-01", 1), rows("2026-02-03", 19))));

        assertThat(shadow(online).start()).isEqualTo(day("2026-02-01"));
        assertThat(online.notes())
                .anyMatch(note -> note.startsWith("19 rows move to "))
                .anyMatch(note -> note.startsWith("1 rows lie before 19"));
    }

    @Test
    @Timeout(5)
    void doesNotMoveHalfOfTheRowsOfASetThatIsNotRegistered() {
        Plan plan = surveyed(
                SPEC,
                Given.set().registration(null),
                Given.shape().rows(rows("0001-01-01", 1), rows("2026-02-03", 19)));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.reason()).contains("holds 20 rows", "max-partitions (500)", "0001-01-01");
    }

    @Test
    void mayNotChangeWhatIsNotItsOwn() {
        Plan plan = surveyed(SPEC, Given.set().owned(false), Given.shape().rows(rows("2026-02-03", 20)));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.reason()).contains("does not own it");
    }

    // Carrying on

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"SHADOW", "FOREIGN_KEYS"})
    void carriesOnWithThePhaseThatIsNext(Phase phase) {
        Plan.Online online = online(resumed(SPEC, Given.converting(phase)));

        assertThat(online.stages().getFirst().phase()).isEqualTo(phase);
        assertThat(online.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(online.reason()).contains("20 rows, which are being moved", "phase " + phase.label());
        assertThat(online.after()).containsExactly(Transaction.of(new RunMaintenance(EVENTS, PARTMAN), LOCK_TIMEOUT));
    }

    @Test
    void carriesOnWhenFewRowsAreLeft() {
        Plan plan = plan(
                SPEC,
                Given.set()
                        .defaultPartition(defaultWith(false)
                                .with(Given.converting(Phase.VERIFY).build())));

        assertThat(plan.reason()).contains("holds 0 rows, which are being moved");
    }

    @Test
    void looksCloselyBeforeItCarriesOn() {
        Plan plan = resumed(SPEC, Given.converting(Phase.BACKFILL).notSurveyed());

        assertThat(plan).isInstanceOf(Plan.Survey.class);
        assertThat(plan.reason()).contains("phase backfill");
    }

    @Test
    void waitsForTheSwapWindow() {
        Plan plan = resumed(spec().window("02:00", "04:00").build(), Given.converting(Phase.SWAP));

        assertThat(plan).isInstanceOf(Plan.Wait.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains("window");
    }

    @Test
    void staysStoppedOnceADifferenceWasFound() {
        Plan plan = resumed(SPEC, Given.converting(Phase.VERIFY).failure("the copy differs"));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.reason()).contains("the copy differs", "abort").doesNotContain("raise the setting");
    }

    private static void assertBeginsAnew(Plan plan, String why) {
        assertThat(plan).isInstanceOfSatisfying(Plan.Run.class, run -> {
            assertThat(run.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
            assertThat(run.reason()).contains(why);
            assertThat(run.transactions())
                    .containsExactly(new Transaction(
                            List.of(
                                    new DropJournal(DEFAULT, OID),
                                    new DropSuccessor(DEFAULT, PARTMAN),
                                    new EndConversion(DEFAULT, OID)),
                            LOCK_TIMEOUT));
        });
    }

    @Test
    void beginsAnewWhenTheDefaultPartitionWasAltered() {
        assertBeginsAnew(resumed(SPEC, Given.converting(Phase.VERIFY).changed("it was altered")), "it was altered");
    }

    @Test
    void beginsAnewWhenOnlineConversionsAreWantedNoMore() {
        assertBeginsAnew(
                resumed(Given.spec().moveRows(10).build(), Given.converting(Phase.VERIFY)),
                "method is another one now");
    }

    /** The successor's partitions begin in May; the set's in June, and the retention keeps those from August on. */
    @Test
    void beginsAnewWhenAPartitionIsGoneThatTheRetentionWouldNotMakeAgain() {
        TableSpec spec = spec().retention("1 month").build();
        LocalDateTime gone = day("2026-05-01");
        List<Child> children = months("2026-06", "2026-07", "2026-08");
        var rest = defaultWith(false, rows("2026-02-01", 20))
                .with(Given.converting(Phase.VERIFY)
                        .lowerBounds(gone.minusMonths(3))
                        .build());

        assertBeginsAnew(
                plan(spec, set(spec).children(children).defaultPartition(rest)),
                "partitions of public.events were detached");
    }

    @Test
    void carriesOnWithPartitionsThatTheRetentionKeeps() {
        TableSpec spec = spec().retention("14 months").build();

        Plan plan = resumed(spec, Given.converting(Phase.VERIFY));

        assertThat(plan).isInstanceOf(Plan.Online.class);
    }

    @Test
    void carriesOnWithOldPartitionsThatTheSetHas() {
        TableSpec spec = spec().retention("1 month").build();
        var rest = defaultWith(false, rows("2026-02-01", 20))
                .with(Given.converting(Phase.VERIFY)
                        .lowerBounds(day("2020-01-01"))
                        .build());

        Plan plan = plan(spec, set(spec).children(months("2020-01", "2026-05")).defaultPartition(rest));

        assertThat(plan).isInstanceOf(Plan.Online.class);
    }

    @Test
    void isGivenUpLikeAnyOther() {
        ObservedTable set = Given.set()
                .defaultPartition(
                        defaultWith(false).with(Given.converting(Phase.BACKFILL).build()))
                .build();

        Plan.Run run = Planner.abort(SPEC, Given.server(), set);

        assertThat(run.transactions().getFirst().steps())
                .containsExactly(
                        new DropJournal(DEFAULT, OID),
                        new DropSuccessor(DEFAULT, PARTMAN),
                        new EndConversion(DEFAULT, OID));
    }

    @Test
    void dropsTheOldDefaultPartitionWithThePlainTableIfTheSettingsSaySo() {
        TableSpec spec = spec().dropRetired().build();
        Observation observation = new Observation(
                Given.NOW,
                Given.LOCK_TIMEOUT,
                Given.server(),
                Map.of(EVENTS, Given.set().build()),
                List.of(),
                List.of(),
                Map.of(EVENTS, 1L, DEFAULT, 2L));

        Plan plan = Planner.plan(spec, observation);

        assertThat(plan)
                .isInstanceOfSatisfying(
                        Plan.Run.class,
                        run -> assertThat(run.transactions())
                                .containsExactly(
                                        Transaction.of(new DropRetired(EVENTS), LOCK_TIMEOUT),
                                        Transaction.of(new DropRetired(DEFAULT), LOCK_TIMEOUT)));
    }
}
