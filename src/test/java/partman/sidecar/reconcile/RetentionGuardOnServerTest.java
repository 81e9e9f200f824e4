package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** Sets of months from which pg_partman would take more than the retention of 14 months asks for. */
@Postgres
class RetentionGuardOnServerTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final long ROWS = 100;

    private final TestDatabase database;
    private final TableSpec spec =
            Parts.spec(EVENTS, "at").retention("14 months").build();

    RetentionGuardOnServerTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, UNIQUE (id, at)) PARTITION BY RANGE (at)");
    }

    /** The table of old is one partition, from 20 months ago to the beginning of a month, with a row for each of its last days. */
    private void attachOldTable(int monthsAgo) {
        database.execute(
                "CREATE TABLE public.events_old (LIKE public.events INCLUDING ALL)",
                """
                DO $$
                DECLARE
                    ended CONSTANT timestamp := date_trunc('month', now()) - %d * interval '1 month';
                BEGIN
                    EXECUTE format('ALTER TABLE public.events ATTACH PARTITION public.events_old FOR VALUES FROM (%%L) TO (%%L)',
                        date_trunc('month', now()) - interval '20 months', ended);
                    PERFORM partman.create_parent('public.events', 'at', '1 month', p_premake => 2, p_start_partition => ended::text);
                    INSERT INTO public.events SELECT i, ended - i * interval '1 day' FROM generate_series(1, 100) AS i;
                END $$
                """.formatted(monthsAgo),
                "UPDATE partman.part_config SET retention = '14 months', infinite_time_partitions = true");
    }

    /** Two of these partitions are older than the retention; each has a row. */
    private void createOldPartitions() {
        database.execute(
                """
                DO $$
                BEGIN
                    PERFORM partman.create_parent('public.events', 'at', '1 month', p_premake => 3,
                        p_start_partition => (date_trunc('month', now()) - interval '16 months')::text);
                    INSERT INTO public.events
                    SELECT i, date_trunc('month', now()) - i * interval '1 month' FROM generate_series(0, 16) AS i;
                END $$
                """, "UPDATE partman.part_config SET retention = '14 months', infinite_time_partitions = true");
    }

    private long rows() {
        return (Long) Objects.requireNonNull(database.single("SELECT count(*) FROM public.events"));
    }

    private Object automaticMaintenance() {
        return Objects.requireNonNull(database.single("SELECT automatic_maintenance FROM partman.part_config"));
    }

    private static MaintenanceRun maintain(Parts parts) {
        return Objects.requireNonNull(parts.maintenance().run(EVENTS::equals).get(EVENTS));
    }

    /** The trap: what pg_partman does where nobody holds it back. */
    @Test
    void partmanTakesAnOldTableAwayWithRowsThatTheRetentionKeeps() {
        attachOldTable(0);

        database.execute("SELECT partman.run_maintenance('public.events')");

        assertThat(rows()).isZero();
        assertThat(database.single("SELECT maintenance_last_run IS NOT NULL FROM partman.part_config"))
                .isEqualTo(true);
    }

    @Test
    void holdsASetBackThatPartmanWouldTakeAnOldTableFrom() {
        attachOldTable(0);
        Parts parts = Parts.in(database).tables(spec).build();

        MaintenanceRun first = maintain(parts);
        Plan left = parts.reconcile(spec).plan();
        MaintenanceRun second = maintain(parts);
        // as pg_cron's job and pg_partman's background worker do
        database.execute("CALL partman.run_maintenance_proc()");

        assertThat(first.outcome()).isEqualTo(Outcome.SKIPPED);
        assertThat(first.message()).contains("pg_partman would detach partition public.events_old");
        assertThat(second)
                .extracting(MaintenanceRun::outcome, MaintenanceRun::message)
                .containsExactly(Outcome.SKIPPED, first.message());
        assertThat(left).isEqualTo(new Plan.Blocked(TableState.BLOCKED, first.message()));
        assertThat(automaticMaintenance()).isEqualTo("off");
        assertThat(rows()).isEqualTo(ROWS);
        assertThat(new SetView(database, spec).isPremade()).isTrue();
        assertThat(parts.status().progressOf(EVENTS).maintenanceSkips()).isEqualTo(3);
    }

    @Test
    void movesRowsOfASetThatIsHeldBack() {
        attachOldTable(0);
        SetView set = new SetView(database, spec);
        database.execute(
                "INSERT INTO public.events VALUES (0, now() + interval '2 months')",
                "DROP TABLE public." + set.partitionNames().getLast(),
                "INSERT INTO public.events VALUES (0, now() + interval '2 months')");

        Plan left = Parts.in(database).tables(spec).build().reconcile(spec).plan();

        assertThat(left.state()).isEqualTo(TableState.BLOCKED);
        assertThat(set.defaultRows()).isZero();
        assertThat(set.isPremade()).isTrue();
        assertThat(rows()).isEqualTo(ROWS + 1);
    }

    @Test
    void movesRowsThatAreOlderThanTheOldTable() {
        attachOldTable(0);
        database.execute("INSERT INTO public.events VALUES (0, date_trunc('month', now()) - interval '22 months')");
        TableSpec longer = Parts.spec(EVENTS, "at").retention("24 months").build();

        Plan left = Parts.in(database).tables(longer).build().reconcile(longer).plan();

        SetView set = new SetView(database, longer);
        assertThat(left).isEqualTo(new Plan.Nothing());
        assertThat(set.defaultRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(rows()).isEqualTo(ROWS + 1);
    }

    @Test
    void maintainsTheSetAgainOnceItsRowsAreInPartitionsOfOneInterval() {
        attachOldTable(0);
        Parts parts = Parts.in(database).tables(spec).build();
        String reason = parts.reconcile(spec).plan().reason();
        String detach = reason.substring(reason.indexOf("ALTER TABLE"), reason.indexOf(" and insert"));

        database.execute("BEGIN", detach, "INSERT INTO public.events SELECT * FROM public.events_old", "COMMIT");
        Plan left = parts.reconcile(spec).plan();
        MaintenanceRun run = maintain(parts);

        assertThat(left).isEqualTo(new Plan.Nothing());
        assertThat(run.outcome()).as(run.message()).isEqualTo(Outcome.SUCCESS);
        assertThat(automaticMaintenance()).isEqualTo("on");
        assertThat(rows()).isEqualTo(ROWS);
        assertThat(new SetView(database, spec).defaultRows()).isZero();
    }

    @Test
    void letsPartmanTakeTheOldTableOnceItsLastRowHasExpired() {
        attachOldTable(15);
        Parts parts = Parts.in(database).tables(spec).build();

        Plan left = parts.reconcile(spec).plan();
        MaintenanceRun run = maintain(parts);

        assertThat(left).isEqualTo(new Plan.Nothing());
        assertThat(run.outcome()).as(run.message()).isEqualTo(Outcome.SUCCESS);
        assertThat(rows()).isZero();
        assertThat(database.single("SELECT count(*) FROM public.events_old")).isEqualTo(ROWS);
    }

    @Test
    void holdsASetBackThatIsNotConfiguredAndChangesNothingOfIt() {
        attachOldTable(0);
        Parts parts = Parts.in(database).build();

        MaintenanceRun run = maintain(parts);

        assertThat(run.outcome()).isEqualTo(Outcome.SKIPPED);
        assertThat(run.message()).contains("public.events_old");
        assertThat(parts.status().latest().find(EVENTS)).hasValueSatisfying(table -> {
            assertThat(table.state()).isEqualTo(TableState.BLOCKED);
            assertThat(table.reason()).isEqualTo(run.message());
        });
        assertThat(rows()).isEqualTo(ROWS);
        assertThat(automaticMaintenance()).isEqualTo("on");
    }

    @Test
    void leavesASetToItselfThatNobodyMaintains() {
        attachOldTable(0);
        database.execute("UPDATE partman.part_config SET automatic_maintenance = 'off'");
        Parts parts = Parts.in(database).build();

        assertThat(parts.maintenance().run(EVENTS::equals)).isEmpty();
        assertThat(parts.status().latest().find(EVENTS))
                .hasValueSatisfying(table -> assertThat(table.state()).isEqualTo(TableState.HEALTHY));
    }

    // Foreign keys

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void namesTheForeignKeyThatKeepsPartmanFromTakingAPartitionAway(boolean keep) {
        createOldPartitions();
        database.execute(
                "CREATE TABLE public.refs (id bigint, at timestamp, CONSTRAINT refs_of_events FOREIGN KEY (id, at) REFERENCES public.events (id, at))",
                "INSERT INTO public.refs SELECT id, at FROM public.events",
                "UPDATE partman.part_config SET retention_keep_table = " + keep);
        TableSpec referenced = Parts.spec(EVENTS, "at")
                .retention("14 months")
                .retentionKeepTable(keep)
                .build();
        Parts parts = Parts.in(database).tables(referenced).build();

        Plan before = parts.reconcile(referenced).plan();
        MaintenanceRun failed = maintain(parts);
        database.execute(keep ? "DELETE FROM public.refs" : "DROP TABLE public.refs");
        MaintenanceRun run = maintain(parts);

        assertThat(before.state()).isEqualTo(TableState.HEALTHY);
        assertThat(before.reason()).contains("detaches 2 partition(s)", "public.refs (refs_of_events)");
        assertThat(failed.outcome()).isEqualTo(Outcome.FAILURE);
        assertThat(failed.message())
                .contains("public.refs (refs_of_events)", keep ? "violates foreign key" : "cannot drop");
        assertThat(run.outcome()).as(run.message()).isEqualTo(Outcome.SUCCESS);
        assertThat(rows()).isEqualTo(15);
        assertThat(parts.plan(referenced)).isEqualTo(new Plan.Nothing());
    }

    // Partitions that are taken away

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countsThePartitionsThatTheRetentionHasKept(boolean keep) {
        createOldPartitions();
        TableSpec retaining = Parts.spec(EVENTS, "at")
                .retention("14 months")
                .retentionKeepTable(keep)
                .build();
        Parts parts = Parts.in(database).tables(retaining).build();
        List<String> old = new SetView(database, retaining).partitionNames().subList(0, 2);

        parts.reconcile(retaining);
        MaintenanceRun run = maintain(parts);

        assertThat(run.outcome()).as(run.message()).isEqualTo(Outcome.SUCCESS);
        assertThat(rows()).isEqualTo(15);
        assertThat(parts.observeSet(retaining).detached().tables()).isEqualTo(keep ? 2 : 0);
        assertThat(old)
                .allSatisfy(name -> assertThat(
                                database.single("SELECT to_regclass('public.%s') IS NOT NULL".formatted(name)))
                        .isEqualTo(keep));
    }

    @ParameterizedTest
    @EnumSource(TableSpec.Drift.class)
    void neverDropsWhatTheConfigurationKeeps(TableSpec.Drift drift) {
        createOldPartitions();
        database.execute("UPDATE partman.part_config SET retention_keep_table = false");
        TableSpec keeping =
                Parts.spec(EVENTS, "at").retention("14 months").drift(drift).build();
        Parts parts = Parts.in(database).tables(keeping).build();

        MaintenanceRun heldBack = maintain(parts);
        Plan left = parts.reconcile(keeping).plan();
        MaintenanceRun after = maintain(parts);

        assertThat(heldBack.outcome()).isEqualTo(Outcome.SKIPPED);
        assertThat(heldBack.message()).contains("pg_partman would drop partition");
        boolean isPutBack = drift == TableSpec.Drift.FIX;
        assertThat(left.state()).isEqualTo(isPutBack ? TableState.HEALTHY : TableState.BLOCKED);
        assertThat(after.outcome()).as(after.message()).isEqualTo(isPutBack ? Outcome.SUCCESS : Outcome.SKIPPED);
        assertThat(database.single("SELECT retention_keep_table FROM partman.part_config"))
                .isEqualTo(isPutBack);
        assertThat(parts.observeSet(keeping).detached().tables()).isEqualTo(isPutBack ? 2 : 0);
        assertThat(rows()).isEqualTo(isPutBack ? 15 : 17);
    }
}
