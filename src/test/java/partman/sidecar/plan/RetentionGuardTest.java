package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.NOW;
import static partman.sidecar.plan.Given.child;
import static partman.sidecar.plan.Given.day;
import static partman.sidecar.plan.Given.months;
import static partman.sidecar.plan.Given.registered;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.TableSpec;

/** At noon of 2026-05-17 a retention of two months ends at noon of 2026-03-17. */
class RetentionGuardTest {

    private static final TableSpec SPEC = Given.spec().retention("2 months").build();

    private static Given.SetBuilder set(Child... first) {
        List<Child> children = new ArrayList<>(List.of(first));
        children.addAll(months("2026-04", "2026-05", "2026-06"));
        return Given.set()
                .registration(registered().retention("2 months").build())
                .children(children);
    }

    private static @Nullable String danger(Given.SetBuilder set, @Nullable TableSpec spec) {
        PartitionSet built = set.build().set();
        return RetentionGuard.danger(built, spec, NOW);
    }

    // Partitions that are longer than one interval

    @Test
    void holdsBackASetThatWouldLoseAnOldTable() {
        Given.SetBuilder set = set(child("events_old", day("2024-01-01"), day("2026-04-01")));

        String danger = danger(set, SPEC);

        assertThat(danger)
                .isEqualTo(
                        "maintenance is held back: pg_partman would detach partition public.events_old, from 2024-01-01T00:00 to 2026-04-01T00:00, since it takes 1 month for its length; the retention (2 months) keeps rows of it: in one transaction run ALTER TABLE \"public\".\"events\" DETACH PARTITION \"public\".\"events_old\" and insert its rows into public.events, or set a longer retention");
        assertThat(danger(set, null)).isEqualTo(danger);
        assertThat(RetentionGuard.dangerAsConfigured(set.build().set(), SPEC, NOW))
                .isEqualTo(danger);
    }

    @Test
    void saysThatPartmanWouldDropIt() {
        Given.SetBuilder set = set(child("events_old", day("2024-01-01"), day("2026-04-01")))
                .registration(registered().retention("2 mons").keepTable(false).build());

        assertThat(danger(set, null)).contains("would drop partition public.events_old");
    }

    @Test
    void countsWhatElseWouldBeLost() {
        Given.SetBuilder set = set(
                child("one", day("2025-01-01"), day("2025-09-01")),
                child("two", day("2025-09-01"), day("2026-03-31")),
                child("three", day("2025-10-01"), day("2026-04-01")));

        assertThat(danger(set, SPEC)).contains("partition public.two", "(and 1 more)");
    }

    static Stream<Arguments> longPartitions() {
        return Stream.of(
                // rows of it are kept, but pg_partman takes it only in two days and a half
                Arguments.of(child("events_old", day("2026-02-19"), day("2026-04-01")), false),
                // it takes it in half a day: nobody may look until then
                Arguments.of(child("events_old", day("2026-02-17").plusHours(18), day("2026-04-01")), true),
                Arguments.of(child("events_old", day("2026-02-17"), day("2026-04-01")), true),
                // the last row has expired
                Arguments.of(child("events_old", day("2024-01-01"), day("2026-03-17")), false),
                Arguments.of(
                        child("events_old", day("2024-01-01"), day("2026-03-17").plusHours(13)), true),
                Arguments.of(child("events_old", null, day("2026-04-01")), true),
                Arguments.of(child("events_old", null, day("2026-03-17")), false),
                Arguments.of(child("events_old", day("2024-01-01"), null), true),
                // infinity to MAXVALUE
                Arguments.of(child("events_old", null, null), false));
    }

    @ParameterizedTest
    @MethodSource("longPartitions")
    void looksAtBothEndsOfALongPartition(Child child, boolean isInDanger) {
        assertThat(danger(set(child), SPEC) != null).isEqualTo(isInDanger);
        assertThat(danger(set(child), null) != null).isEqualTo(isInDanger);
    }

    @Test
    void namesAnOpenEnd() {
        assertThat(danger(set(child("events_old", null, day("2026-04-01"))), SPEC))
                .contains("from an open end to 2026-04-01T00:00");
    }

    // Partitions of one interval

    @Test
    void letsPartmanTakeWhatHasExpired() {
        Given.SetBuilder set =
                set(months("2025-12", "2026-01", "2026-02", "2026-03").toArray(Child[]::new));

        assertThat(danger(set, SPEC)).isNull();
        assertThat(danger(set, null)).isNull();
        assertThat(RetentionGuard.dangerAsConfigured(set.build().set(), SPEC, NOW))
                .isNull();
    }

    @Test
    void letsPartmanDropWhatHasExpiredIfThatIsConfigured() {
        TableSpec spec = Given.spec().retention("2 months").keepTable(false).build();
        Given.SetBuilder set = set(months("2026-02").toArray(Child[]::new))
                .registration(registered().retention("2 mons").keepTable(false).build());

        assertThat(danger(set, spec)).isNull();
    }

    @Test
    void letsPartmanKeepAShortPartitionForLonger() {
        assertThat(danger(set(child("short", day("2026-02-01"), day("2026-02-15"))), SPEC))
                .isNull();
    }

    // What part_config says otherwise

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 month | part_config's retention is 1 month; configured is 2 months",
                "1 millennium | part_config's retention is 1 millennium (which can't be read here); configured is 2 months"
            })
    void holdsBackASetWhoseRetentionMayBeTooShort(String retention, String why) {
        Given.SetBuilder set = set(months("2026-03").toArray(Child[]::new))
                .registration(registered().retention(retention).build());

        assertThat(danger(set, SPEC))
                .contains("would detach partition public.events_p20260301, from 2026-03-01T00:00 to 2026-04-01T00:00")
                .contains(why);
    }

    @Test
    void holdsBackASetThatHasARetentionThoughAllShallBeKept() {
        Given.SetBuilder set = set(months("2026-02").toArray(Child[]::new));

        assertThat(danger(set, Given.spec().build()))
                .contains("part_config's retention is 2 months; configured is none");
    }

    @Test
    void letsALongerRetentionDoLess() {
        Given.SetBuilder set = set(months("2026-02").toArray(Child[]::new))
                .registration(registered().retention("1 year").build());

        assertThat(danger(set, SPEC)).isNull();
    }

    @Test
    void holdsBackASetWhosePartitionsWouldBeDroppedThoughTheyShallBeKept() {
        Given.SetBuilder set = set(months("2026-01", "2026-02").toArray(Child[]::new))
                .registration(registered().retention("2 mons").keepTable(false).build());

        assertThat(danger(set, SPEC))
                .isEqualTo(
                        "maintenance is held back: pg_partman would drop partition public.events_p20260101 (and 1 more), since part_config's retention_keep_table is false; configured is true");
        assertThat(danger(set, null)).isNull();
    }

    @Test
    void letsPartmanMovePartitionsToAnotherSchema() {
        Given.SetBuilder set = set(months("2026-01").toArray(Child[]::new))
                .registration(registered()
                        .retention("2 mons")
                        .keepTable(false)
                        .retentionSchema("archive")
                        .build());

        assertThat(danger(set, SPEC)).isNull();
    }

    @Test
    void mindsNoSettingThatTakesNothingNow() {
        Given.SetBuilder set = set().registration(
                        registered().retention("2 mons").keepTable(false).build());

        assertThat(danger(set, SPEC)).isNull();
    }

    @Test
    void findsLongPartitionsInASetWhoseRetentionCantBeRead() {
        Given.SetBuilder set = set(
                        child("events_old", day("2024-01-01"), day("2024-03-01")),
                        months("2025-01").getFirst())
                .registration(registered().retention("1 millennium").build());

        assertThat(danger(set, null)).contains("public.events_old", "the retention (1 millennium (which can't be read");
    }

    // Foreign keys

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void namesTheForeignKeysThatStandInTheWay(boolean keep) {
        PartitionSet set = set().registration(
                        registered().retention("2 months").keepTable(keep).build())
                .referencedBy("public.a (key)", "public.b (key)")
                .build()
                .set();
        TableSpec spec = Given.spec().retention("2 months").keepTable(keep).build();

        String obstacle = RetentionGuard.obstacle(set);

        assertThat(obstacle)
                .contains(
                        keep
                                ? "can't detach a partition while a row refers to one of its rows"
                                : "can't drop a partition as long as they exist")
                .endsWith(": public.a (key), public.b (key)")
                .isEqualTo(RetentionGuard.obstacle(set, spec));
    }

    @Test
    void mindsNoForeignKeyWhereNothingIsTakenAway() {
        Given.SetBuilder set = set().referencedBy("public.a (key)");

        assertThat(RetentionGuard.obstacle(set.registration(null).build().set()))
                .isNull();
        assertThat(RetentionGuard.obstacle(
                        set.registration(registered().build()).build().set()))
                .isNull();
        assertThat(RetentionGuard.obstacle(set.build().set(), Given.spec().build()))
                .isNull();
        assertThat(RetentionGuard.obstacle(set().build().set())).isNull();
        assertThat(RetentionGuard.obstacle(set().build().set(), SPEC)).isNull();
    }

    // Sets that lose nothing

    @Test
    void hasNothingToGuardWithoutARetention() {
        Given.SetBuilder set = set(child("events_old", day("2024-01-01"), day("2026-04-01")));

        assertThat(danger(set.registration(registered().build()), SPEC)).isNull();
        assertThat(danger(set.registration(null), SPEC)).isNull();
        assertThat(RetentionGuard.dangerAsConfigured(
                        set.build().set(), Given.spec().build(), NOW))
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void leavesASetAloneThatIsNotPartitionedByTime(boolean configured) {
        Given.SetBuilder set = set(child("events_old", day("2024-01-01"), day("2026-04-01")))
                .registration(registered().interval(null).retention("1000").build());

        assertThat(danger(set, configured ? SPEC : null)).isNull();
    }
}
