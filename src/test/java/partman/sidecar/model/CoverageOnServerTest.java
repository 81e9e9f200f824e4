package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDateTime;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** That what counts as missing is what pg_partman makes, neither more nor less. */
@Postgres
class CoverageOnServerTest {

    private final TestDatabase database;

    CoverageOnServerTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        database.execute(
                "SET TimeZone = 'UTC'", "CREATE TABLE public.events (at timestamptz NOT NULL) PARTITION BY RANGE (at)");
    }

    @ParameterizedTest
    @CsvSource({
        "1 hour, 3",
        "6 hours, 2",
        "1 day, 5",
        "1 week, 4",
        "10 days, 2",
        "1 month, 3",
        "1 month, 12",
        "3 months, 2",
        "1 year, 2"
    })
    void missesNothingRightAfterCreateParent(String interval, int premake) {
        createParent(interval, premake, true);

        assertThat(coverage(interval, premake, true).missing()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "1 hour, 3",
        "6 hours, 2",
        "1 day, 5",
        "1 week, 4",
        "10 days, 2",
        "1 month, 3",
        "1 month, 12",
        "3 months, 2",
        "1 year, 2"
    })
    void missesWhatMaintenanceThenMakes(String interval, int premake) {
        createParent(interval, premake, true);
        dropPartitionsAfter("now()");
        Coverage before = coverage(interval, premake, true);

        maintain();

        assertThat(before.notPremade()).hasSize(premake);
        assertThat(coverage(interval, premake, true).missing()).isZero();
        assertThat(children()).extracting(Child::from).containsAll(before.notPremade());
    }

    @Test
    void missesNothingInAFiniteSetWhoseRowsAreOld() {
        createParent("1 month", 2, false);
        database.execute("INSERT INTO public.events VALUES (date_trunc('month', now()) - interval '2 months')");
        dropPartitionsAfter("now()");

        maintain();

        assertThat(coverage("1 month", 2, false).missing()).isZero();
    }

    @Test
    void missesNothingInAFiniteSetWithoutRows() {
        createParent("1 month", 2, false);
        dropPartitionsAfter("now()");

        maintain();

        assertThat(coverage("1 month", 2, false).missing()).isZero();
    }

    @Test
    void missesWhatMaintenanceMakesAfterRowsInTheFuture() {
        createParent("1 month", 2, false);
        database.execute("INSERT INTO public.events VALUES (date_trunc('month', now()) + interval '2 months')");
        Coverage before = coverage("1 month", 2, false);

        maintain();

        assertThat(before.notPremade()).hasSize(2);
        assertThat(coverage("1 month", 2, false).missing()).isZero();
    }

    private void createParent(String interval, int premake, boolean infinite) {
        database.execute("""
                SELECT partman.create_parent(
                    p_parent_table => 'public.events', p_control => 'at', p_interval => '%s', p_premake => %d);
                UPDATE partman.part_config SET infinite_time_partitions = %s
                """.formatted(interval, premake, infinite));
    }

    private void dropPartitionsAfter(String moment) {
        for (Child child : children()) {
            if (Objects.equals(
                    database.single("SELECT '%s'::timestamptz > %s".formatted(child.from(), moment)), true)) {
                database.execute("DROP TABLE " + child.name().sql());
            }
        }
    }

    private void maintain() {
        database.execute("SELECT partman.run_maintenance('public.events')");
    }

    private Coverage coverage(String interval, int premake, boolean infinite) {
        LocalDateTime now = moment(database.single("SELECT now()::timestamp::text"));
        return Coverage.of(children(), PartitionInterval.parse(interval), premake, infinite, now, null);
    }

    private List<Child> children() {
        return database.query("""
                        SELECT p.partition_tablename, i.child_start_time::timestamp::text, i.child_end_time::timestamp::text,
                               pg_relation_size(format('public.%I', p.partition_tablename)) = 0
                        FROM partman.show_partitions('public.events', 'ASC') AS p,
                             LATERAL partman.show_partition_info(
                                 p.partition_schemaname || '.' || p.partition_tablename, NULL, 'public.events') AS i
                        """).stream()
                .map(row -> new Child(
                        QualifiedName.of("public", String.valueOf(row.get(0))),
                        moment(row.get(1)),
                        moment(row.get(2)),
                        false,
                        Objects.equals(row.get(3), true),
                        null))
                .toList();
    }

    private static LocalDateTime moment(@Nullable Object text) {
        return LocalDateTime.parse(String.valueOf(text).replace(' ', 'T'));
    }
}
