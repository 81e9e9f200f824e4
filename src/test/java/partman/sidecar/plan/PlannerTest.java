package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.EVENTS;
import static partman.sidecar.plan.Given.LOCK_TIMEOUT;
import static partman.sidecar.plan.Given.PARTMAN;
import static partman.sidecar.plan.Given.server;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.step.CreateExtension;
import partman.sidecar.step.CreateShadow;
import partman.sidecar.step.DropRetired;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Transaction;

class PlannerTest {

    private static final TableSpec SPEC = Given.spec().build();
    private static final ObservedServer NOT_CREATED = server(new Extension.Available("5.2.4"));
    private static final Transaction CREATE_EXTENSION = Transaction.of(new CreateExtension(PARTMAN), LOCK_TIMEOUT);

    // What needs no pg_partman

    @Test
    void waitsForATableThatTheApplicationHasNotMadeYet() {
        Plan plan = Planner.plan(SPEC, NOT_CREATED, new ObservedTable.Missing());

        assertThat(plan).isInstanceOf(Plan.Wait.class);
        assertThat(plan.state()).isEqualTo(TableState.MISSING);
        assertThat(plan.reason()).contains("public.events");
    }

    @Test
    void leavesAViewAlone() {
        Plan plan = Planner.plan(SPEC, NOT_CREATED, new ObservedTable.NotATable("a view"));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.FOREIGN);
        assertThat(plan.reason()).contains("public.events is a view");
    }

    @Test
    void leavesATableAloneThatIsPartitionedOtherwise() {
        Plan plan = Planner.plan(SPEC, NOT_CREATED, new ObservedTable.PartitionedOtherwise("HASH (id)"));

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.FOREIGN);
        assertThat(plan.reason()).contains("HASH (id)").contains("ranges of at");
    }

    // pg_partman itself

    @Test
    void namesThePackageToInstallWhereTheServerDoesNotOfferPartman() {
        Plan plan = Planner.plan(SPEC, server(new Extension.Unavailable()), surveyed());

        assertBlocked(plan, TableState.EXTENSION_UNAVAILABLE, "postgresql-17-partman");
    }

    @ParameterizedTest
    @ValueSource(strings = {"4.7.2", "4", "unknown"})
    void refusesAServerThatOffersAnOldPartmanAlone(String version) {
        Plan plan = Planner.plan(SPEC, server(new Extension.Available(version)), surveyed());

        assertBlocked(plan, TableState.EXTENSION_UNSUPPORTED, "pg_partman " + version);
        assertThat(plan.reason()).contains("install version 5.0 or newer");
    }

    @Test
    void asksForTheUpdateOfAnOldPartmanWhereTheServerOffersANewOne() {
        Plan plan = Planner.plan(SPEC, server(new Extension.Installed("4.7.2", PARTMAN, "5.2.4", true)), surveyed());

        assertBlocked(plan, TableState.EXTENSION_UNSUPPORTED, "ALTER EXTENSION pg_partman UPDATE");
        assertThat(plan.reason()).contains("4.7.2").contains("upgrade notes").doesNotContain("install it");
    }

    @Test
    void asksForTheInstallationAndTheUpdateOfAnOldPartman() {
        Plan plan = Planner.plan(SPEC, server(new Extension.Installed("4.7.2", PARTMAN, "4.7.2", true)), healthy());

        assertBlocked(plan, TableState.EXTENSION_UNSUPPORTED, "ALTER EXTENSION pg_partman UPDATE");
        assertThat(plan.reason()).contains("install it on the database server");
    }

    @Test
    void namesTheGrantWithoutWhichItCantCreatePartman() {
        Plan plan = Planner.plan(SPEC, server(new Extension.Available("5.2.4"), false), surveyed());

        assertBlocked(plan, TableState.EXTENSION_MISSING, "GRANT CREATE ON DATABASE \"my db\" TO \"The Role\"");
    }

    @Test
    void namesTheGrantsWithoutWhichItCantReadPartmansTables() {
        ObservedServer server = server(new Extension.Installed("5.2.4", new Identifier("Parts"), "5.2.4", false));

        Plan plan = Planner.plan(SPEC, server, healthy());

        assertBlocked(plan, TableState.BLOCKED, "GRANT USAGE ON SCHEMA \"Parts\" TO \"The Role\"");
        assertThat(plan.reason()).contains("GRANT SELECT ON ALL TABLES IN SCHEMA \"Parts\" TO \"The Role\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"5.0.0", "5.5.0", "10.1"})
    void worksWithEveryPartmanFrom5On(String version) {
        ObservedServer server = server(new Extension.Installed(version, PARTMAN, version, true));

        assertThat(Planner.plan(SPEC, server, healthy())).isEqualTo(new Plan.Nothing());
    }

    // Creating pg_partman, and what follows it

    @Test
    void createsPartmanBeforeItConverts() {
        Plan plan = Planner.plan(SPEC, NOT_CREATED, surveyed());

        assertThat(plan).isInstanceOfSatisfying(Plan.Convert.class, convert -> {
            assertThat(convert.state()).isEqualTo(TableState.EXTENSION_MISSING);
            assertThat(convert.reason()).contains("5.2.4 is available, not created");
            assertThat(convert.before()).containsExactly(CREATE_EXTENSION);
            assertThat(convert.conversion().steps()).hasAtLeastOneElementOfType(CreateShadow.class);
            assertThat(convert.after())
                    .containsExactly(Transaction.of(new RunMaintenance(EVENTS, PARTMAN), LOCK_TIMEOUT));
            assertThat(convert.notes()).isNotEmpty();
        });
    }

    @Test
    void createsPartmanBeforeItRegistersASet() {
        ObservedTable unregistered = Given.set().registration(null).build();

        Plan plan = Planner.plan(SPEC, NOT_CREATED, unregistered);

        assertThat(plan).isInstanceOfSatisfying(Plan.Run.class, run -> {
            assertThat(run.state()).isEqualTo(TableState.EXTENSION_MISSING);
            assertThat(run.transactions()).hasSizeGreaterThan(1).startsWith(CREATE_EXTENSION);
        });
    }

    @Test
    void createsPartmanWhileATableCantBeLookedAt() {
        ObservedTable locked = Given.set()
                .registration(null)
                .defaultPartition(Given.notCounted())
                .build();

        Plan plan = Planner.plan(SPEC, NOT_CREATED, locked);

        assertCreatesPartmanOnly(plan);
    }

    @Test
    void createsPartmanForATableThatNeedsNothingElse() {
        Plan plan = Planner.plan(SPEC, NOT_CREATED, healthy());

        assertCreatesPartmanOnly(plan);
    }

    @Test
    void doesNotCreatePartmanForATableThatIsBlocked() {
        Plan plan = Planner.plan(
                SPEC,
                NOT_CREATED,
                Given.plain(true, Given.shape().obstacles("it is unlogged").build()));

        assertBlocked(plan, TableState.BLOCKED, "it is unlogged");
    }

    @Test
    void surveysATableBeforeItCreatesPartman() {
        Plan plan = Planner.plan(SPEC, NOT_CREATED, Given.plain(true, null));

        assertThat(plan).isInstanceOf(Plan.Survey.class);
        assertThat(plan.state()).isEqualTo(TableState.EXTENSION_MISSING);
    }

    // Plain tables

    @Test
    void surveysAPlainTableFirst() {
        Plan plan = Planner.plan(SPEC, server(), Given.plain(true, null));

        assertThat(plan).isInstanceOf(Plan.Survey.class);
        assertThat(plan.state()).isEqualTo(TableState.PLAIN);
        assertThat(plan.reason()).contains("public.events is a plain table");
    }

    @Test
    void convertsASurveyedTable() {
        Plan plan = Planner.plan(SPEC, server(), surveyed());

        assertThat(plan).isInstanceOf(Plan.Convert.class);
        assertThat(plan.state()).isEqualTo(TableState.PLAIN);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void asksForTheOwnersRoleBeforeItChangesATable(boolean surveyed) {
        Plan plan = Planner.plan(
                SPEC, server(), Given.plain(false, surveyed ? Given.shape().build() : null));

        assertBlocked(plan, TableState.BLOCKED, "TO \"The Role\"");
        assertThat(plan.reason()).contains("is plain").contains("does not own it");
    }

    @Test
    void convertsOnlineOrOfflineAsAskedTo() {
        TableSpec online = Given.spec().online().build();

        assertThat(Planner.plan(online, server(), surveyed())).isInstanceOf(Plan.Online.class);
        assertThat(Planner.plan(SPEC, server(), surveyed())).isInstanceOf(Plan.Convert.class);
    }

    // Tables that are being converted

    @Test
    void needsPartmanToCarryOnAConversion() {
        ObservedServer server = server(new Extension.Installed("5.2.4", PARTMAN, "5.2.4", false));

        Plan plan = Planner.plan(SPEC, server, Given.converting(Phase.BACKFILL).build());

        assertBlocked(plan, TableState.BLOCKED, "GRANT USAGE ON SCHEMA \"partman\"");
    }

    // Retired tables

    @Test
    void dropsTheRetiredTableOnceAllElseIsDone() {
        TableSpec spec = Given.spec().dropRetired().build();

        Plan plan = Planner.plan(spec, Given.observation(healthy(), true));

        assertThat(plan).isInstanceOfSatisfying(Plan.Run.class, run -> {
            assertThat(run.state()).isEqualTo(TableState.DRIFTED);
            assertThat(run.reason()).contains("partman.conversion.retired is drop");
            assertThat(run.transactions()).containsExactly(Transaction.of(new DropRetired(EVENTS), LOCK_TIMEOUT));
            assertThat(run.notes()).isEmpty();
        });
    }

    @Test
    void dropsTheRetiredTableOfASetWhosePartitionsForeignKeysMayHold() {
        TableSpec spec = Given.spec().retention("1 month").dropRetired().build();
        ObservedTable set = Given.set()
                .registration(Given.registered().retention("1 month").build())
                .children(Given.months("2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08"))
                .referencedBy("public.refs (refs_of_events)")
                .build();

        Plan plan = Planner.plan(spec, Given.observation(set, true));

        assertThat(Planner.plan(spec, server(), set)).isInstanceOf(Plan.Wait.class);
        assertThat(plan.reason()).contains("partman.conversion.retired is drop");
    }

    @ParameterizedTest
    @CsvSource({"true, false", "false, true", "false, false"})
    void dropsNothingThatIsNotThereOrShallBeKept(boolean drop, boolean retired) {
        TableSpec spec = (drop ? Given.spec().dropRetired() : Given.spec()).build();

        Plan plan = Planner.plan(spec, Given.observation(healthy(), retired));

        assertThat(plan).isEqualTo(new Plan.Nothing());
    }

    @Test
    void keepsTheRetiredTableWhileAnythingElseIsToBeDone() {
        TableSpec spec = Given.spec().dropRetired().build();
        ObservedTable unregistered = Given.set().registration(null).build();

        Plan plan = Planner.plan(spec, Given.observation(unregistered, true));

        assertThat(plan).isEqualTo(Planner.plan(spec, server(), unregistered));
    }

    private static ObservedTable surveyed() {
        return Given.plain(true, Given.shape().build());
    }

    private static ObservedTable healthy() {
        return Given.set().build();
    }

    private static void assertBlocked(Plan plan, TableState state, String remedy) {
        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(state);
        assertThat(plan.reason()).contains(remedy);
    }

    private static void assertCreatesPartmanOnly(Plan plan) {
        assertThat(plan).isInstanceOfSatisfying(Plan.Run.class, run -> {
            assertThat(run.state()).isEqualTo(TableState.EXTENSION_MISSING);
            assertThat(run.transactions()).containsExactly(CREATE_EXTENSION);
        });
    }
}
