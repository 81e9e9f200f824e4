package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.EVENTS;
import static partman.sidecar.plan.Given.LOCK_TIMEOUT;
import static partman.sidecar.plan.Given.PARTMAN;
import static partman.sidecar.plan.Given.child;
import static partman.sidecar.plan.Given.day;
import static partman.sidecar.plan.Given.days;
import static partman.sidecar.plan.Given.defaultWith;
import static partman.sidecar.plan.Given.months;
import static partman.sidecar.plan.Given.registered;
import static partman.sidecar.plan.Given.rows;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.step.CreateParent;
import partman.sidecar.step.CreatePartitions;
import partman.sidecar.step.MoveDefaultRows;
import partman.sidecar.step.RenameChild;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdatePartConfig;

class SetPlannerTest {

    private static final TableSpec SPEC = Given.spec().build();
    private static final QualifiedName DEFAULT = QualifiedName.of("public", "events_default");

    @Test
    void hasNothingToDoWhenAllIsAsConfigured() {
        Plan plan = plan(SPEC, Given.set());

        assertThat(plan).isEqualTo(new Plan.Nothing());
        assertThat(plan.state()).isEqualTo(TableState.HEALTHY);
        assertThat(plan.reason()).isEmpty();
    }

    // What does not fit

    static Stream<Arguments> misfits() {
        return Stream.of(
                Arguments.of(Given.set().control("created_at", "timestamp"), "partitioned by created_at, not by at"),
                Arguments.of(Given.set().control("at", "int8"), "partitioned by a int8"),
                Arguments.of(
                        Given.set().registration(registered().interval("7 days").build()),
                        "interval 7 days, configured is 1 month"),
                Arguments.of(
                        Given.set().registration(registered().interval(null).build()), "configured is 1 month"),
                Arguments.of(
                        Given.set().registration(registered().control("other").build()),
                        "control column other, configured is at"),
                Arguments.of(
                        Given.set()
                                .children(List.of(new Child(
                                        EVENTS.withName(new Identifier("events_p20260501")),
                                        day("2026-05-01"),
                                        day("2026-06-01"),
                                        true,
                                        true,
                                        0L))),
                        "sub-partitioned (public.events_p20260501)"));
    }

    @ParameterizedTest
    @MethodSource("misfits")
    void leavesASetAloneThatIsNotTheOneConfigured(Given.SetBuilder set, String why) {
        Plan plan = plan(SPEC, set);

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.FOREIGN);
        assertThat(plan.reason()).contains("public.events").contains(why);
    }

    static Stream<Child> childrenThatPartmanWouldNotMake() {
        return Stream.of(
                child("open_start", null, day("2026-05-01")),
                child("open_end", day("2026-05-01"), null),
                child("quarter", day("2026-04-01"), day("2026-07-01")),
                child("middle", day("2026-05-15"), day("2026-06-15")));
    }

    @ParameterizedTest
    @MethodSource("childrenThatPartmanWouldNotMake")
    void leavesAnUnregisteredSetAloneWithPartitionsThatPartmanWouldNotMake(Child child) {
        Plan plan = plan(SPEC, Given.set().registration(null).children(List.of(child)));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.FOREIGN);
        assertThat(plan.reason()).contains(child.name().toString()).contains("not one interval of 1 month");
    }

    @Test
    void leavesAnUnregisteredSetAloneWhoseFirstPartitionAloneHasAnOpenStart() {
        List<Child> children = List.of(
                child("events_old", null, day("2026-05-01")),
                child("events_p20260501", day("2026-05-01"), day("2026-06-01")));

        Plan plan = plan(SPEC, Given.set().registration(null).children(children));

        assertThat(plan.state()).isEqualTo(TableState.FOREIGN);
        assertThat(plan.reason()).contains("events_old");
    }

    @Test
    void leavesAnUnregisteredSetAloneWhosePartitionsLieOnTwoGrids() {
        TableSpec spec = Given.spec().interval("3 months").build();
        List<Child> children = List.of(
                child("one", day("2026-01-01"), day("2026-04-01")), child("two", day("2026-05-01"), day("2026-08-01")));

        Plan plan = plan(spec, Given.set().registration(null).children(children));

        assertThat(plan.state()).isEqualTo(TableState.FOREIGN);
        assertThat(plan.reason()).contains("public.two");
    }

    @Test
    void toleratesAnyPartitionInASetThatPartmanManages() {
        List<Child> children = Stream.concat(
                        Stream.of(child("before", null, day("2026-04-01"))),
                        months("2026-04", "2026-05", "2026-06", "2026-07", "2026-08").stream())
                .toList();

        assertThat(plan(SPEC, Given.set().children(children))).isEqualTo(new Plan.Nothing());
    }

    // Rights and locks

    @Test
    void findsNothingWrongWithAHealthySetThatItMayOnlyLookAt() {
        assertThat(plan(SPEC, Given.set().owned(false))).isEqualTo(new Plan.Nothing());
    }

    static Stream<Arguments> setsToChange() {
        return Stream.of(
                Arguments.of(Given.set().registration(null), "unregistered"),
                Arguments.of(Given.set().registration(registered().premake(9).build()), "drifted"),
                Arguments.of(
                        Given.set().defaultPartition(defaultWith(false, rows("2026-05-02", 1))), "default_not_empty"));
    }

    @ParameterizedTest
    @MethodSource("setsToChange")
    void asksForTheOwnersRoleBeforeItChangesASet(Given.SetBuilder set, String state) {
        Plan plan = plan(SPEC, set.owned(false));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason()).contains("is " + state, "does not own it", "TO \"The Role\"");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void waitsWhileTheRowsOfTheDefaultPartitionCantBeCounted(boolean isRegistered) {
        Registration registration = isRegistered ? registered().build() : null;

        Plan plan = plan(SPEC, Given.set().defaultPartition(Given.notCounted()).registration(registration));

        assertThat(plan).isInstanceOf(Plan.Wait.class);
        assertThat(plan.state()).isEqualTo(isRegistered ? TableState.DRIFTED : TableState.UNREGISTERED);
        assertThat(plan.reason()).contains("public.events_default", "GRANT SELECT ON");
    }

    // Registration

    @Test
    void registersASetFromPremakePartitionsBeforeNowOn() {
        Plan.Run run = run(SPEC, Given.set().registration(null));

        assertThat(run.state()).isEqualTo(TableState.UNREGISTERED);
        assertThat(run.transactions())
                .containsExactly(
                        Transaction.of(new CreateParent(SPEC, PARTMAN, day("2026-02-01"), false), LOCK_TIMEOUT),
                        Transaction.of(new RunMaintenance(EVENTS, PARTMAN), LOCK_TIMEOUT));
        assertThat(run.notes()).isEmpty();
    }

    @Test
    void registersASetWithoutAnyPartition() {
        Plan.Run run =
                run(SPEC, Given.set().registration(null).children(List.of()).defaultPartition(null));

        assertThat(steps(run))
                .containsExactly(
                        new CreateParent(SPEC, PARTMAN, day("2026-02-01"), true), new RunMaintenance(EVENTS, PARTMAN));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2025-03-10", "2026-05-01"})
    void registersFromTheConfiguredStartOnIfThatIsEarlier(String start) {
        TableSpec spec = Given.spec().start(start).build();

        CreateParent createParent =
                (CreateParent) steps(run(spec, Given.set().registration(null))).getFirst();

        assertThat(createParent.start()).isEqualTo(day(start.startsWith("2025") ? "2025-03-01" : "2026-02-01"));
    }

    @Test
    void givesPartitionsTheNamesThatPartmanLooksForEachInItsOwnTransaction() {
        List<Child> children = List.of(
                child("events_april", day("2026-04-01"), day("2026-05-01")),
                child("events_p20260501", day("2026-05-01"), day("2026-06-01")),
                child("events_june", day("2026-06-01"), day("2026-07-01")));

        Plan.Run run = run(SPEC, Given.set().registration(null).children(children));

        assertThat(run.transactions())
                .startsWith(
                        Transaction.of(
                                new RenameChild(
                                        QualifiedName.of("public", "events_april"), new Identifier("events_p20260401")),
                                LOCK_TIMEOUT),
                        Transaction.of(
                                new RenameChild(
                                        QualifiedName.of("public", "events_june"), new Identifier("events_p20260601")),
                                LOCK_TIMEOUT));
        assertThat(steps(run).get(2)).isInstanceOf(CreateParent.class);
    }

    @Test
    void namesPartitionsOfHoursWithTheirTime() {
        TableSpec spec = Given.spec().interval("6 hours").build();
        List<Child> children = List.of(
                child("events_today", day("2026-05-17"), day("2026-05-17").plusHours(6)));

        Plan.Run run = run(spec, Given.set().registration(null).children(children));

        assertThat(steps(run).getFirst())
                .isEqualTo(new RenameChild(
                        QualifiedName.of("public", "events_today"), new Identifier("events_p20260517_000000")));
    }

    @Test
    void namesTheStatementForAPartitionThatLiesInAnotherSchema() {
        Child elsewhere = new Child(
                QualifiedName.of("Archive", "events_p20260501"),
                day("2026-05-01"),
                day("2026-06-01"),
                false,
                false,
                null);

        Plan plan = plan(SPEC, Given.set().registration(null).children(List.of(elsewhere)));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason()).contains("ALTER TABLE \"Archive\".\"events_p20260501\" SET SCHEMA \"public\"");
    }

    @Test
    void registersWhileItMovesTheRowsOutOfTheDefaultPartition() {
        DefaultPartition rest = defaultWith(false, rows("2026-03-30", 7), rows("2026-05-02", 1));

        Plan.Run run =
                run(SPEC, Given.set().registration(null).children(List.of()).defaultPartition(rest));

        assertThat(run.state()).isEqualTo(TableState.UNREGISTERED);
        assertThat(steps(run)).hasSize(2);
        MoveDefaultRows move = (MoveDefaultRows) steps(run).getFirst();
        assertThat(move.register()).isEqualTo(new CreateParent(SPEC, PARTMAN, day("2026-02-01"), false));
        assertThat(move.from()).isEqualTo(day("2026-03-01"));
        assertThat(move.to()).isEqualTo(day("2026-09-01"));
        assertThat(move.rows()).isEqualTo(8);
        assertThat(move.partitions())
                .isEqualTo(days("2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01"));
    }

    @Test
    void movesNoRowsThatTheRetentionWouldTakeAwayWhenItRegisters() {
        TableSpec spec = Given.spec().retention("6 months").build();
        DefaultPartition rest = defaultWith(false, rows("2025-10-31", 1), rows("2025-11-01", 2), rows("2026-05-02", 3));

        MoveDefaultRows move = firstMove(run(spec, unregistered(rest)));

        assertThat(move.from()).isEqualTo(day("2025-11-01"));
        assertThat(move.rows()).isEqualTo(5);
    }

    @Test
    void movesRowsOlderThanTheRetentionToPartitionsThatTheRegistrationMakes() {
        // create_parent makes February, whose rows would be in its way
        TableSpec spec = Given.spec().retention("1 month").build();
        DefaultPartition rest = defaultWith(false, rows("2026-01-31", 1), rows("2026-02-01", 2));

        MoveDefaultRows move = firstMove(run(spec, unregistered(rest)));

        assertThat(move.from()).isEqualTo(day("2026-02-01"));
        assertThat(move.rows()).isEqualTo(2);
    }

    @Test
    void leavesRowsWhereTheyAreThatNoPartitionIsMadeForWhenItRegisters() {
        Plan.Run run = run(SPEC, unregistered(defaultWith(false, rows("2099-01-01", 1))));

        assertThat(steps(run)).hasOnlyElementsOfTypes(CreateParent.class, RunMaintenance.class);
    }

    @Test
    void doesNotRegisterASetWithTooManyRowsToMove() {
        TableSpec spec = Given.spec().moveRows(9).build();

        Plan plan = plan(spec, unregistered(defaultWith(false, rows("2026-05-01", 10))));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.UNREGISTERED);
        assertThat(plan.reason()).contains("holds 10 rows", "move-rows (9)");
    }

    @Test
    @Timeout(5)
    void doesNotRegisterASetWithARowOfLongAgo() {
        TableSpec spec = Given.spec().interval("1 minute").build();

        Plan plan = plan(spec, unregistered(defaultWith(false, rows("0001-01-01", 1))));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.UNREGISTERED);
        assertThat(plan.reason()).contains("0001-01-01", "max-partitions (500)");
    }

    @Test
    void tellsWhatTheRetentionDetachesOnceTheSetIsRegistered() {
        TableSpec spec = Given.spec().retention("1 month").build();

        Plan.Run run = run(spec, Given.set().registration(null).children(months("2026-02", "2026-03", "2026-04")));

        assertThat(run.notes()).hasSize(1);
        assertThat(run.notes().getFirst())
                .contains("1 month", "2 partition(s)", "events_p20260201", "events_p20260301")
                .doesNotContain("events_p20260401");
    }

    @Test
    void tellsOfForeignKeysBeforeTheyKeepARetentionFromItsWork() {
        TableSpec spec = Given.spec().retention("1 month").build();

        Plan.Run run = run(spec, Given.set().referencedBy("public.refs (refs_of_events)"));

        assertThat(run.reason()).contains("retention null → 1 month");
        assertThat(run.notes())
                .singleElement()
                .asString()
                .startsWith("foreign keys refer to the set")
                .endsWith("public.refs (refs_of_events)");
    }

    @Test
    void tellsOfForeignKeysWhereAPartitionHasExpired() {
        Given.SetBuilder set = Given.set()
                .registration(registered().retention("2 months").build())
                .children(months("2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08"));

        Plan before = plan(KEEPING, set);
        Plan plan = plan(KEEPING, set.referencedBy("public.refs (refs_of_events)"));

        assertThat(before).isEqualTo(new Plan.Nothing());
        assertThat(plan).isInstanceOf(Plan.Wait.class);
        assertThat(plan.state()).isEqualTo(TableState.HEALTHY);
        assertThat(plan.reason())
                .contains("detaches 1 partition(s) at the next maintenance", "public.refs (refs_of_events)");
    }

    @Test
    void hasNothingToTellOfForeignKeysWhileNoPartitionHasExpired() {
        Given.SetBuilder set = Given.set()
                .registration(registered().retention("2 months").build())
                .referencedBy("public.refs (refs_of_events)");

        assertThat(plan(KEEPING, set)).isEqualTo(new Plan.Nothing());
    }

    @Test
    void leavesASetAloneThatIsMadeAPlainTable() {
        Given.SetBuilder set = Given.set()
                .registration(registered().premake(9).undoInProgress().build());

        Plan plan = plan(SPEC, set);

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason())
                .contains(
                        "finish it",
                        "UPDATE \"partman\".part_config SET undo_in_progress = false WHERE parent_table = 'public.events'");
    }

    // Configuration

    static Stream<Arguments> drifts() {
        return Stream.of(
                Arguments.of(registered().premake(4), "premake 4 → 3"),
                Arguments.of(registered().keepTable(false), "retention_keep_table false → true"),
                Arguments.of(registered().infinite(false), "infinite_time_partitions false → true"),
                Arguments.of(registered().maintenance("off"), "automatic_maintenance off → on"),
                Arguments.of(registered().ignoreDefault(false), "ignore_default_data false → true"),
                Arguments.of(registered().retention("1 year"), "retention 1 year → null"),
                Arguments.of(registered().retention("1 decade"), "retention 1 decade → null"));
    }

    @ParameterizedTest
    @MethodSource("drifts")
    void updatesThePartConfigWhereItDiffers(Given.RegistrationBuilder registration, String change) {
        Plan.Run run = run(SPEC, Given.set().registration(registration.build()));

        assertThat(run.state()).isEqualTo(TableState.DRIFTED);
        assertThat(run.reason()).contains(change);
        assertThat(run.transactions())
                .containsExactly(
                        Transaction.of(new UpdatePartConfig(SPEC, PARTMAN, true, List.of(change)), LOCK_TIMEOUT));
    }

    @Test
    void namesEveryColumnThatDiffers() {
        Plan.Run run = run(
                SPEC,
                Given.set()
                        .registration(registered().premake(1).keepTable(false).build()));

        assertThat(run.reason()).contains("premake 1 → 3", "retention_keep_table false → true");
    }

    @Test
    void onlyReportsWhatDiffersIfAskedTo() {
        TableSpec spec = Given.spec().retention("14 months").reportDrift().build();

        Plan plan = plan(
                spec,
                Given.set()
                        .registration(
                                registered().retention("1 month").premake(1).build()));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DRIFTED);
        assertThat(plan.reason())
                .contains("premake 1 → 3, retention 1 month → 14 months", "partman.drift is report")
                .contains("run UPDATE \"partman\".part_config SET premake = 3, retention = '14 months', ")
                .endsWith(" WHERE parent_table = 'public.events'");
    }

    @Test
    void hasNothingToReportWhenAllIsAsConfigured() {
        assertThat(plan(Given.spec().reportDrift().build(), Given.set())).isEqualTo(new Plan.Nothing());
    }

    @Test
    void createsMissingPartitionsThoughItOnlyReportsWhatDiffers() {
        Plan.Run run = run(
                Given.spec().reportDrift().build(),
                Given.set()
                        .registration(registered().premake(1).build())
                        .children(months("2026-04", "2026-05", "2026-06")));

        assertThat(run.state()).isEqualTo(TableState.DRIFTED);
        assertThat(steps(run))
                .containsExactly(new CreatePartitions(EVENTS, PARTMAN, DEFAULT, days("2026-07-01", "2026-08-01")));
    }

    @Test
    void movesRowsThoughItOnlyReportsWhatDiffers() {
        Plan.Run run = run(
                Given.spec().reportDrift().build(),
                Given.set()
                        .registration(registered().premake(1).build())
                        .defaultPartition(defaultWith(false, rows("2026-05-02", 4))));

        assertThat(firstMove(run).rows()).isEqualTo(4);
    }

    @Test
    void reportsWhatDiffersBesideRowsThatStayInTheDefaultPartition() {
        Plan plan = plan(
                Given.spec().reportDrift().build(),
                Given.set()
                        .registration(registered().premake(1).build())
                        .defaultPartition(defaultWith(false, rows("2099-01-01", 2))));

        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains("2 row(s)", "premake 1 → 3", "partman.drift is report");
    }

    @Test
    void setsARetentionThatIsMissingAndTellsWhatItDetaches() {
        TableSpec spec = Given.spec().retention("1 month").build();
        List<Child> children = Stream.concat(
                        Stream.of(child("open", day("2030-01-01"), null)), months("2026-03", "2026-04").stream())
                .toList();

        Plan.Run run = run(spec, Given.set().children(children));

        assertThat(run.reason()).contains("retention null → 1 month");
        assertThat(run.notes()).hasSize(1);
        assertThat(run.notes().getFirst()).contains("1 partition(s)", "events_p20260301");
    }

    @Test
    void takesARetentionWrittenInAnotherWayForTheSame() {
        TableSpec spec = Given.spec().retention("14 months").build();

        Plan plan = plan(
                spec,
                Given.set().registration(registered().retention("1 year 2 mons").build()));

        assertThat(plan).isEqualTo(new Plan.Nothing());
    }

    // Partitions that pg_partman would take too early

    private static final TableSpec KEEPING = Given.spec().retention("2 months").build();
    private static final Child OLD = child("events_old", day("2024-01-01"), day("2026-04-01"));

    /** A set with an old table as one partition, and those of these months. */
    private static Given.SetBuilder withOldTable(Given.RegistrationBuilder registration, String... months) {
        return Given.set()
                .registration(registration.retention("2 months").build())
                .children(Stream.concat(Stream.of(OLD), months(months).stream()).toList());
    }

    private static final String[] PREMADE = {"2026-04", "2026-05", "2026-06", "2026-07", "2026-08"};

    @Test
    void keepsOtherSchedulersFromASetThatPartmanWouldTakeAnOldTableFrom() {
        Plan.Run run = run(KEEPING, withOldTable(registered(), PREMADE));

        assertThat(run.state()).isEqualTo(TableState.DRIFTED);
        assertThat(run.reason()).isEqualTo("part_config differs: automatic_maintenance on → off");
        assertThat(steps(run))
                .containsExactly(
                        new UpdatePartConfig(KEEPING, PARTMAN, false, List.of("automatic_maintenance on → off")));
        assertThat(run.notes()).singleElement().asString().startsWith("maintenance is held back: ");
    }

    @Test
    void reportsASetThatIsKeptFromMaintenance() {
        Plan plan = plan(KEEPING, withOldTable(registered().maintenance("off"), PREMADE));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason()).startsWith("maintenance is held back: ").contains("public.events_old");
    }

    @Test
    void neverSetsARetentionThatTakesAnOldTableWithoutKeepingOtherSchedulersOff() {
        Given.SetBuilder set =
                withOldTable(registered(), PREMADE).registration(registered().build());

        UpdatePartConfig update = (UpdatePartConfig) steps(run(KEEPING, set)).getFirst();

        assertThat(update.changes()).containsExactly("retention null → 2 months", "automatic_maintenance on → off");
        assertThat(update.automaticMaintenance()).isFalse();
    }

    @Test
    void allowsMaintenanceAgainOnceTheOldTableIsGone() {
        Plan.Run run = run(
                KEEPING,
                Given.set()
                        .registration(registered()
                                .retention("2 months")
                                .maintenance("off")
                                .build()));

        assertThat(steps(run))
                .containsExactly(
                        new UpdatePartConfig(KEEPING, PARTMAN, true, List.of("automatic_maintenance off → on")));
    }

    @Test
    void makesPartitionsForASetThatIsKeptFromMaintenance() {
        Plan.Run run = run(KEEPING, withOldTable(registered().maintenance("off"), "2026-04", "2026-05", "2026-06"));

        assertThat(steps(run))
                .containsExactly(new CreatePartitions(EVENTS, PARTMAN, DEFAULT, days("2026-07-01", "2026-08-01")));
    }

    @Test
    void movesRowsOfASetThatIsKeptFromMaintenanceToPartitionsBesideTheOldTable() {
        TableSpec spec = Given.spec().retention("36 months").build();
        Child old = child("events_old", day("2024-01-01"), day("2026-03-01"));
        Given.SetBuilder set = Given.set()
                .registration(registered().retention("36 months").build())
                .children(
                        Stream.concat(Stream.of(old), months(PREMADE).stream()).toList())
                .defaultPartition(defaultWith(false, rows("2023-11-10", 3), rows("2026-03-02", 4)));

        MoveDefaultRows move = firstMove(run(spec, set));

        assertThat(move.partitions()).isEqualTo(days("2023-11-01", "2023-12-01", "2026-03-01"));
        assertThat(move.rows()).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"from", "to"})
    void makesNoPartitionWhereAnOpenOneIs(String openEnd) {
        Child open = openEnd.equals("from")
                ? child("open", null, day("2026-05-01"))
                : child("open", day("2026-06-01"), null);
        Given.SetBuilder set = Given.set()
                .children(List.of(open))
                .defaultPartition(defaultWith(false, rows(openEnd.equals("from") ? "2026-05-02" : "2026-04-02", 1)));

        assertThat(firstMove(run(SPEC, set)).partitions())
                .isEqualTo(
                        openEnd.equals("from")
                                ? days("2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01")
                                : days("2026-04-01", "2026-05-01"));
    }

    @Test
    void tellsOfRowsThatStayInTheDefaultPartitionOfASetThatIsKeptFromMaintenance() {
        Plan plan = plan(
                KEEPING,
                withOldTable(registered().maintenance("off"), PREMADE)
                        .defaultPartition(defaultWith(false, rows("2099-01-01", 2))));

        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason()).contains("maintenance is held back: ", "2 row(s) in the default partition");
    }

    @Test
    void asksAPersonToKeepOtherSchedulersOffIfItOnlyReportsWhatDiffers() {
        TableSpec spec = Given.spec().retention("2 months").reportDrift().build();

        Plan plan = plan(spec, withOldTable(registered(), PREMADE));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason())
                .startsWith("maintenance is held back: ")
                .contains(
                        "automatic_maintenance on → off",
                        "automatic_maintenance = 'off', ignore_default_data = true WHERE");
    }

    @Test
    void reportsASetWhosePartitionsWouldBeDroppedIfItOnlyReportsWhatDiffers() {
        TableSpec spec = Given.spec().retention("2 months").reportDrift().build();
        Given.SetBuilder set = Given.set()
                .registration(
                        registered().retention("2 months").keepTable(false).build())
                .children(months("2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08"));

        Plan plan = plan(spec, set);

        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason())
                .contains("would drop partition public.events_p20260201", "retention_keep_table false → true")
                .contains("automatic_maintenance = 'on'");
    }

    // Partitions

    @Test
    void createsThePartitionsThatAreMissing() {
        Plan.Run run = run(SPEC, Given.set().children(months("2026-03", "2026-05", "2026-06")));

        assertThat(run.state()).isEqualTo(TableState.DRIFTED);
        assertThat(run.reason()).contains("3 partition(s)");
        assertThat(steps(run))
                .containsExactly(
                        new CreatePartitions(EVENTS, PARTMAN, DEFAULT, days("2026-04-01", "2026-07-01", "2026-08-01")));
    }

    @Test
    void createsWhatIsMissingThoughRowsStayInTheDefaultPartition() {
        Plan.Run run = run(
                SPEC,
                Given.set()
                        .children(months("2026-03", "2026-04", "2026-05", "2026-06"))
                        .defaultPartition(defaultWith(false, rows("2099-01-01", 2))));

        assertThat(run.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(run.reason()).contains("2 row(s)");
        assertThat(steps(run))
                .containsExactly(new CreatePartitions(EVENTS, PARTMAN, DEFAULT, days("2026-07-01", "2026-08-01")));
    }

    @Test
    void createsEveryPartitionOfARegisteredSetWithoutAny() {
        Plan.Run run = run(SPEC, Given.set().children(List.of()));

        assertThat(steps(run))
                .containsExactly(new CreatePartitions(
                        EVENTS, PARTMAN, DEFAULT, days("2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01")));
    }

    @Test
    void createsNoPartitionThatTheRetentionWouldTakeAway() {
        TableSpec spec = Given.spec().retention("2 months").build();
        Given.SetBuilder set = Given.set()
                .registration(registered().retention("2 mons").build())
                .children(months("2025-12", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08"));

        assertThat(steps(run(spec, set)))
                .containsExactly(new CreatePartitions(EVENTS, PARTMAN, DEFAULT, days("2026-03-01")));
    }

    @Test
    void asksForADefaultPartition() {
        Plan plan = plan(SPEC, Given.set().defaultPartition(null));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.BLOCKED);
        assertThat(plan.reason()).contains("PARTITION OF \"public\".\"events\" DEFAULT");
    }

    // Rows in the default partition

    @Test
    void movesTheRowsToPartitionsThatLeaveNoHole() {
        DefaultPartition rest = defaultWith(false, rows("2026-02-10", 3), rows("2026-05-02", 4));

        Plan.Run run = run(SPEC, Given.set().defaultPartition(rest));

        assertThat(run.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(run.reason()).contains("7 row(s)", "oldest of 2026-02-10", "newest of 2026-05-02");
        assertThat(steps(run)).hasSize(1);
        MoveDefaultRows move = firstMove(run);
        assertThat(move.register()).isNull();
        assertThat(move.defaultPartition()).isEqualTo(QualifiedName.of("public", "events_default"));
        assertThat(move.partitions()).isEqualTo(days("2026-02-01", "2026-03-01"));
        assertThat(move.from()).isEqualTo(day("2026-02-01"));
        assertThat(move.to()).isEqualTo(day("2026-09-01"));
        assertThat(move.rows()).isEqualTo(7);
    }

    @Test
    void movesOnlyRowsBetweenTheRetentionLimitAndTheHorizon() {
        TableSpec spec = Given.spec().retention("2 months").build();
        DefaultPartition rest = defaultWith(
                false, rows("2026-02-28", 1), rows("2026-03-01", 2), rows("2026-08-31", 4), rows("2026-09-01", 8));
        Given.SetBuilder set = Given.set()
                .registration(registered().retention("2 mons").build())
                .defaultPartition(rest);

        MoveDefaultRows move = firstMove(run(spec, set));

        assertThat(move.from()).isEqualTo(day("2026-03-01"));
        assertThat(move.rows()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-02-28", "2099-01-01"})
    void leavesRowsAloneThatNoPartitionIsMeantFor(String day) {
        TableSpec spec = Given.spec().retention("2 months").build();
        Given.SetBuilder set = Given.set()
                .registration(registered().retention("2 mons").build())
                .defaultPartition(defaultWith(false, rows(day, 2)));

        Plan plan = plan(spec, set);

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains("2 row(s)", day, "2026-03-01", "2026-09-01", "correct or delete");
    }

    @Test
    void reportsRowsBeyondTheHorizonWhereEveryAgeIsKept() {
        Plan plan = plan(SPEC, Given.set().defaultPartition(defaultWith(false, rows("2099-01-01", 2))));

        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains("retention limit (none)");
    }

    @Test
    void reportsRowsAtInfinityAlone() {
        DefaultPartition infinite = new DefaultPartition(
                EVENTS.withName(new Identifier("events_default")),
                8192L,
                true,
                2,
                false,
                null,
                null,
                2,
                List.of(),
                new ObservedTable.Plain(-1, true, null, null));

        Plan plan = plan(SPEC, Given.set().defaultPartition(infinite));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason())
                .contains("2 row(s) in the default partition, 2 of them infinite: none lies between")
                .doesNotContain("null");
    }

    @Test
    void movesAsManyRowsAsAreAllowed() {
        TableSpec spec = Given.spec().moveRows(10).build();

        Plan plan = plan(spec, Given.set().defaultPartition(defaultWith(false, rows("2026-05-01", 10))));

        assertThat(plan).isInstanceOf(Plan.Run.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void doesNotMoveMoreRowsThanAreAllowed(boolean capped) {
        TableSpec spec = Given.spec().moveRows(10).build();

        Plan plan = plan(spec, Given.set().defaultPartition(defaultWith(capped, rows("2026-05-01", capped ? 10 : 11))));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason()).contains(capped ? "at least 10 rows" : "holds 11 rows", "move-rows (10)");
    }

    @Test
    @Timeout(5)
    void makesNoThousandsOfPartitionsForOneBogusRow() {
        Plan plan = plan(SPEC, Given.set().defaultPartition(defaultWith(false, rows("0001-01-01", 1))));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.DEFAULT_NOT_EMPTY);
        assertThat(plan.reason())
                .contains("1 row(s)", "0001-01-01", "between 1984-08-01", "max-partitions (500)", "delete them");
    }

    /** Five of the partitions since August 1984 are there; the other ones are 500. */
    @ParameterizedTest
    @ValueSource(strings = {"0001-01-01", "1984-07-31"})
    void movesYoungerRowsThoughOneLiesTooFarBack(String bogus) {
        DefaultPartition rest = defaultWith(false, rows(bogus, 1), rows("1984-08-01", 2), rows("2026-02-10", 3));

        Plan.Run run = run(SPEC, Given.set().defaultPartition(rest));

        assertThat(run.reason()).contains("6 row(s)", bogus);
        MoveDefaultRows move = firstMove(run);
        assertThat(move.from()).isEqualTo(day("1984-08-01"));
        assertThat(move.rows()).isEqualTo(5);
        assertThat(move.partitions()).hasSize(500).doesNotContain(day("2026-05-01"));
    }

    @Test
    void movesYoungerRowsThoughOneLiesTooFarBackWithinTheRetention() {
        TableSpec spec = Given.spec().retention("2 years").maxPartitions(5).build();
        Given.SetBuilder set = Given.set()
                .registration(registered().retention("2 years").build())
                .defaultPartition(defaultWith(false, rows("2025-01-01", 1), rows("2026-02-10", 3)));

        MoveDefaultRows move = firstMove(run(spec, set));

        assertThat(move.from()).isEqualTo(day("2026-02-01"));
        assertThat(move.rows()).isEqualTo(3);
    }

    @Test
    void createsWhatIsMissingThoughARowLiesTooFarBack() {
        DefaultPartition rest = defaultWith(false, rows("0001-01-01", 1));
        Given.SetBuilder set =
                Given.set().children(months("2026-03", "2026-05", "2026-06")).defaultPartition(rest);

        assertThat(steps(run(SPEC, set)))
                .containsExactly(
                        new CreatePartitions(EVENTS, PARTMAN, DEFAULT, days("2026-04-01", "2026-07-01", "2026-08-01")));
    }

    /** Partitions since the year 1 can't be made where rows lie that no partition may be made for. */
    @Test
    @Timeout(5)
    void makesNoPartitionWhereRowsStay() {
        TableSpec spec = Given.spec().maxPartitions(5).build();
        Given.SetBuilder set = Given.set()
                .children(months("2025-01", "2026-05", "2026-06", "2026-07", "2026-08"))
                .defaultPartition(defaultWith(false, rows("2025-03-03", 1)));

        assertThat(steps(run(spec, set)))
                .containsExactly(new CreatePartitions(
                        EVENTS,
                        PARTMAN,
                        DEFAULT,
                        days("2025-12-01", "2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01")));
    }

    @Test
    void countsOnlyPartitionsThatAreToBeMade() {
        TableSpec spec = Given.spec().maxPartitions(2).build();
        Given.SetBuilder set = Given.set()
                .registration(null)
                .children(months("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"))
                .defaultPartition(defaultWith(false, rows("2026-01-01", 1)));

        assertThat(firstMove(run(spec, set)).partitions()).isEqualTo(days("2026-07-01", "2026-08-01"));
    }

    private static Given.SetBuilder unregistered(@Nullable DefaultPartition rest) {
        return Given.set().registration(null).children(List.of()).defaultPartition(rest);
    }

    private static Plan plan(TableSpec spec, Given.SetBuilder set) {
        ObservedTable observed = set.build();
        return Planner.plan(spec, Given.server(), observed);
    }

    private static Plan.Run run(TableSpec spec, Given.SetBuilder set) {
        Plan plan = plan(spec, set);
        assertThat(plan).isInstanceOf(Plan.Run.class);
        return (Plan.Run) plan;
    }

    private static List<Step> steps(Plan.Run run) {
        return run.transactions().stream()
                .flatMap(transaction -> transaction.steps().stream())
                .toList();
    }

    private static MoveDefaultRows firstMove(Plan.Run run) {
        return (MoveDefaultRows) steps(run).getFirst();
    }
}
