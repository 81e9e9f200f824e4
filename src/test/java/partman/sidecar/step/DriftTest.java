package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.reconcile.SetView;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** A registered set that somebody has changed by hand. */
@Postgres
class DriftTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;
    private final TableSpec spec =
            Parts.spec(EVENTS, "at").retention("14 months").build();
    private final SetView set;

    DriftTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        set = new SetView(database, spec);
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)",
                "UPDATE partman.part_config SET retention = '14 months', retention_keep_table = true, infinite_time_partitions = true",
                "INSERT INTO public.events SELECT i, now() - i * interval '1 day' FROM generate_series(1, 60) AS i");
    }

    private List<String> partConfig() {
        return database.strings("SELECT to_jsonb(c) - 'maintenance_last_run' FROM partman.part_config AS c");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "premake = 7 | premake 7 → 3",
                "retention = NULL | retention null → 14 months",
                "retention = '1 year' | retention 1 year → 14 months",
                "retention = 'nonsense' | retention nonsense → 14 months",
                "retention_keep_table = false | retention_keep_table false → true",
                "infinite_time_partitions = false | infinite_time_partitions false → true",
                "automatic_maintenance = 'off' | automatic_maintenance off → on",
                "ignore_default_data = false | ignore_default_data false → true",
            })
    void putsBackWhatWasChangedByHandAndNamesIt(String assignment, String change) {
        List<String> before = partConfig();
        database.execute("UPDATE partman.part_config SET " + assignment);
        Parts parts = Parts.in(database).tables(spec).build();

        Plan plan = parts.plan(spec);
        Plan left = parts.reconcile(spec).plan();

        assertThat(plan.state()).isEqualTo(TableState.DRIFTED);
        assertThat(plan).isInstanceOfSatisfying(Plan.Run.class, run -> {
            assertThat(run.reason()).contains(change);
            assertThat(run.transactions())
                    .hasSize(1)
                    .first()
                    .satisfies(transaction ->
                            assertThat(transaction.steps().getFirst().summary()).contains(change));
        });
        assertThat(left).isEqualTo(new Plan.Nothing());
        assertThat(partConfig()).isEqualTo(before);
    }

    @Test
    void reportsWhatWasChangedByHandAndLeavesIt() {
        database.execute("UPDATE partman.part_config SET premake = 7, retention = '20 months'");
        List<String> before = partConfig();
        TableSpec reporting = Parts.spec(EVENTS, "at")
                .retention("14 months")
                .drift(TableSpec.Drift.REPORT)
                .build();
        Parts parts = Parts.in(database).tables(reporting).build();

        Plan left = parts.reconcile(reporting).plan();
        Map<QualifiedName, Snapshot.MaintenanceRun> runs = parts.maintenance().run(EVENTS::equals);

        assertThat(left).isInstanceOf(Plan.Blocked.class);
        assertThat(left.state()).isEqualTo(TableState.DRIFTED);
        assertThat(left.reason()).contains("premake 7 → 3, retention 20 months → 14 months");
        assertThat(runs.values())
                .extracting(Snapshot.MaintenanceRun::outcome, Snapshot.MaintenanceRun::message)
                .containsExactly(tuple(Snapshot.Outcome.SUCCESS, ""));
        assertThat(partConfig()).isEqualTo(before);
    }

    @Test
    void namesAStatementThatPutsBackWhatItReports() {
        database.execute("UPDATE partman.part_config SET premake = 7, retention = NULL, automatic_maintenance = 'off'");
        TableSpec reporting = Parts.spec(EVENTS, "at")
                .retention("14 months")
                .drift(TableSpec.Drift.REPORT)
                .build();
        Parts parts = Parts.in(database).tables(reporting).build();
        String reason = parts.plan(reporting).reason();

        database.execute(reason.substring(reason.indexOf("UPDATE")));

        assertThat(parts.plan(reporting)).isEqualTo(new Plan.Nothing());
    }

    @Test
    void movesRowsAndMakesPartitionsThoughItOnlyReportsWhatDiffers() {
        database.execute(
                "UPDATE partman.part_config SET premake = 1",
                "DROP TABLE public.%s".formatted(set.partitionNames().getLast()),
                "INSERT INTO public.events VALUES (0, now() - interval '6 months')");
        TableSpec reporting = Parts.spec(EVENTS, "at")
                .retention("14 months")
                .drift(TableSpec.Drift.REPORT)
                .build();
        Parts parts = Parts.in(database).tables(reporting).build();

        Plan left = parts.reconcile(reporting).plan();

        assertThat(left.state()).isEqualTo(TableState.DRIFTED);
        assertThat(set.defaultRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(database.single("SELECT premake FROM partman.part_config")).isEqualTo(1);
    }

    @Test
    void takesARetentionWrittenOtherwiseForTheSame() {
        database.execute("UPDATE partman.part_config SET retention = '1 year 2 mons'");

        assertThat(Parts.in(database).tables(spec).build().plan(spec)).isEqualTo(new Plan.Nothing());
    }

    @Test
    void namesEveryColumnThatDiffers() {
        database.execute("UPDATE partman.part_config SET premake = 9, retention = NULL");

        Plan plan = Parts.in(database).tables(spec).build().plan(spec);

        assertThat(plan.reason()).contains("premake 9 → 3", "retention null → 14 months");
    }

    @Test
    void makesAPartitionThatIsGoneAnew() {
        database.execute("DROP TABLE public.%s".formatted(set.partitionNames().get(3)));
        List<String> holes = set.holes();
        Parts parts = Parts.in(database).tables(spec).build();

        Plan plan = parts.plan(spec);
        Plan left = parts.reconcile(spec).plan();

        assertThat(holes).hasSize(1);
        assertThat(plan.state()).isEqualTo(TableState.DRIFTED);
        assertThat(plan.reason()).contains("1 partition(s) are missing");
        assertThat(left).isEqualTo(new Plan.Nothing());
        assertThat(set.holes()).isEmpty();
    }

    @Test
    void makesAPartitionThatIsGoneAnewThoughItsRowsLieInTheDefault() {
        String current = database.strings("SELECT 'events_p' || to_char(now(), 'YYYYMM') || '01'")
                .getFirst();
        database.execute("DROP TABLE public." + current, "INSERT INTO public.events VALUES (0, now())");

        Plan left = Parts.in(database).tables(spec).build().reconcile(spec).plan();

        assertThat(left).isEqualTo(new Plan.Nothing());
        assertThat(set.holes()).isEmpty();
        assertThat(database.strings("SELECT id FROM public." + current)).containsExactly("0");
    }

    @Test
    void makesWhatARaisedPremakeAsksFor() {
        TableSpec more =
                Parts.spec(EVENTS, "at").retention("14 months").premake(8).build();
        int before = set.partitions().size();

        Plan left = Parts.in(database).tables(more).build().reconcile(more).plan();

        assertThat(left).isEqualTo(new Plan.Nothing());
        assertThat(set.partitions()).hasSizeBetween(before + 5, before + 6);
        assertThat(new SetView(database, more).isPremade()).isTrue();
    }

    @Test
    void asksForADefaultPartitionThatIsGone() {
        database.execute("DROP TABLE public.events_default");
        List<String> schema = SetView.schema(database);

        Plan left = Parts.in(database).tables(spec).build().reconcile(spec).plan();

        assertThat(left).isInstanceOf(Plan.Blocked.class);
        assertThat(left.reason()).contains("has no default partition", "DEFAULT");
        assertThat(SetView.schema(database)).isEqualTo(schema);
    }
}
