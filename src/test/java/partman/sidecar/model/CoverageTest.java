package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import partman.sidecar.model.PartitionSet.Child;

class CoverageTest {

    private static final PartitionInterval MONTH = PartitionInterval.parse("1 month");
    private static final LocalDateTime NOW = LocalDateTime.parse("2026-05-17T12:00");

    @Test
    void missesNothingWhenEveryPartitionUpToThePremakeLimitIsThere() {
        Coverage coverage = infinite(months("2026-04", "2026-05", "2026-06", "2026-07", "2026-08"), 3);

        assertThat(coverage).isEqualTo(new Coverage(List.of(), List.of(), day("2026-09-01")));
        assertThat(coverage.missing()).isZero();
    }

    @Test
    void missesNothingWhenThereAreMorePartitionsThanNeeded() {
        Coverage coverage = infinite(months("2026-05", "2026-06", "2026-07"), 1);

        assertThat(coverage).isEqualTo(new Coverage(List.of(), List.of(), day("2026-08-01")));
    }

    @Test
    void countsWhatIsNotPremadeFromNow() {
        Coverage coverage = infinite(months("2026-04", "2026-05", "2026-06"), 3);

        assertThat(coverage.notPremade()).containsExactly(day("2026-07-01"), day("2026-08-01"));
        assertThat(coverage.missing()).isEqualTo(2);
        assertThat(coverage.horizon()).isEqualTo(day("2026-07-01"));
    }

    @Test
    void missesThePresentToo() {
        Coverage coverage = infinite(months("2026-02", "2026-03"), 1);

        assertThat(coverage.notPremade()).containsExactly(day("2026-04-01"), day("2026-05-01"), day("2026-06-01"));
        assertThat(coverage.horizon()).isEqualTo(NOW);
    }

    @Test
    void missesEverythingFromNowInASetWithoutPartitions() {
        Coverage coverage = infinite(List.of(), 2);

        assertThat(coverage.notPremade()).containsExactly(day("2026-05-01"), day("2026-06-01"), day("2026-07-01"));
        assertThat(coverage.horizon()).isEqualTo(NOW);
    }

    @Test
    void needsNoFurtherPartitionThanThePresentOneWithoutPremake() {
        assertThat(infinite(months("2026-05"), 0).missing()).isZero();
        assertThat(infinite(months("2026-04"), 0).notPremade()).containsExactly(day("2026-05-01"));
    }

    @Test
    void findsHoles() {
        Coverage coverage = infinite(months("2026-01", "2026-04", "2026-05", "2026-07"), 2);

        assertThat(coverage.holes()).containsExactly(day("2026-02-01"), day("2026-03-01"), day("2026-06-01"));
        assertThat(coverage.notPremade()).isEmpty();
        assertThat(coverage.missing()).isEqualTo(3);
    }

    @Test
    void endsTheHorizonAtTheFirstHoleAfterNow() {
        assertThat(infinite(months("2026-05", "2026-06", "2026-08"), 0).horizon())
                .isEqualTo(day("2026-07-01"));
    }

    @Test
    void endsTheHorizonNowIfNowLiesInAHole() {
        assertThat(infinite(months("2026-04", "2026-06"), 0).horizon()).isEqualTo(NOW);
    }

    @Test
    void findsAHoleThatIsShorterThanTheInterval() {
        Coverage coverage = infinite(
                List.of(child("2026-04-01", "2026-05-01", false), child("2026-05-10", "2026-06-01", false)), 0);

        assertThat(coverage.holes()).containsExactly(day("2026-05-01"));
        assertThat(coverage.horizon()).isEqualTo(day("2026-06-01"));
    }

    @Test
    void countsNoHoleThatTheRetentionWillReach() {
        Coverage coverage = Coverage.of(
                months("2026-01", "2026-04", "2026-06"), MONTH, 0, true, NOW, LocalDateTime.parse("2026-02-15T10:00"));

        assertThat(coverage.holes()).containsExactly(day("2026-03-01"), day("2026-05-01"));
    }

    @Test
    void stopsCountingHolesInASetThatDoesNotFitItsInterval() {
        Coverage coverage = Coverage.of(
                List.of(child("1970-01-01", "1971-01-01", true), child("2026-05-17", "2026-05-18", true)),
                PartitionInterval.parse("1 minute"),
                0,
                true,
                NOW,
                null);

        assertThat(coverage.holes()).hasSize(10_000);
    }

    @Test
    void stopsCountingMissingPartitionsInASetThatEndedLongAgo() {
        Coverage coverage = Coverage.of(
                List.of(child("1970-01-01", "1970-01-02", true)),
                PartitionInterval.parse("1 minute"),
                3,
                true,
                NOW,
                null);

        assertThat(coverage.notPremade()).hasSizeBetween(10_000, 10_010);
    }

    @Test
    void knowsNoHoleAtTheOpenBeginningOfASet() {
        Coverage coverage =
                infinite(List.of(child(null, "2026-05-01", false), child("2026-05-01", "2026-06-01", false)), 0);

        assertThat(coverage).isEqualTo(new Coverage(List.of(), List.of(), day("2026-06-01")));
    }

    @Test
    @Timeout(5)
    void missesNothingAfterAnOpenEnd() {
        Coverage coverage =
                infinite(List.of(child("2026-04-01", "2026-05-01", false), child("2026-05-01", null, false)), 3);

        assertThat(coverage).isEqualTo(new Coverage(List.of(), List.of(), LocalDateTime.MAX));
    }

    @Test
    @Timeout(5)
    void missesNothingInOnePartitionWithoutBounds() {
        assertThat(infinite(List.of(child(null, null, false)), 3).missing()).isZero();
    }

    @Test
    void countsPremakeFromTheNewestPartitionWithRowsUnlessInfinite() {
        List<Child> children = Stream.of("2026-02", "2026-03", "2026-04")
                .map(month -> child(month + "-01", null, !month.equals("2026-02")))
                .map(child -> withEnd(child, MONTH))
                .toList();

        assertThat(finite(children, 2).notPremade()).isEmpty();
        assertThat(finite(children, 3).notPremade()).containsExactly(day("2026-05-01"));
        assertThat(infinite(children, 2).notPremade())
                .containsExactly(day("2026-05-01"), day("2026-06-01"), day("2026-07-01"));
    }

    @Test
    void countsPremakeFromRowsInTheFutureUnlessInfinite() {
        List<Child> children =
                List.of(child("2026-05-01", "2026-06-01", false), child("2026-06-01", "2026-07-01", false));

        assertThat(finite(children, 1).notPremade()).containsExactly(day("2026-07-01"));
        assertThat(infinite(children, 1).notPremade()).isEmpty();
    }

    @Test
    void needsNothingInAnEmptySetThatIsNotInfinite() {
        assertThat(finite(List.of(), 3).missing()).isZero();
    }

    @Test
    void keepsTheGridOfTheSetsOwnBounds() {
        Coverage coverage = Coverage.of(
                List.of(child("2026-05-06", "2026-05-13", false)),
                PartitionInterval.parse("1 week"),
                1,
                true,
                NOW,
                null);

        assertThat(coverage.notPremade()).containsExactly(day("2026-05-13"), day("2026-05-20"));
    }

    @Test
    void takesShortMonthsAsTheyCome() {
        Coverage coverage = Coverage.of(
                List.of(child("2026-01-01", "2026-02-01", false)),
                MONTH,
                1,
                true,
                LocalDateTime.parse("2026-02-28T23:59"),
                null);

        assertThat(coverage.notPremade()).containsExactly(day("2026-02-01"), day("2026-03-01"));
    }

    @Test
    void belongsToTheNextPartitionAtItsLowerBound() {
        Coverage coverage = Coverage.of(months("2026-04", "2026-05"), MONTH, 1, true, day("2026-05-01"), null);

        assertThat(coverage.notPremade()).containsExactly(day("2026-06-01"));
        assertThat(coverage.horizon()).isEqualTo(day("2026-06-01"));
    }

    @Test
    void coversHoursAcrossMidnight() {
        List<Child> children = Stream.iterate(day("2026-05-17"), from -> from.plusHours(6))
                .limit(4)
                .map(from -> new Child(
                        QualifiedName.of("public", "p"), from, from.plus(Duration.ofHours(6)), false, false, null))
                .toList();

        Coverage coverage = Coverage.of(children, PartitionInterval.parse("6 hours"), 2, true, NOW, null);

        assertThat(coverage.notPremade()).containsExactly(day("2026-05-18"));
    }

    private static Coverage infinite(List<Child> children, int premake) {
        return Coverage.of(children, MONTH, premake, true, NOW, null);
    }

    private static Coverage finite(List<Child> children, int premake) {
        return Coverage.of(children, MONTH, premake, false, NOW, null);
    }

    /** Partitions of one month each, all with rows. */
    private static List<Child> months(String... months) {
        return Stream.of(months)
                .map(month -> withEnd(child(month + "-01", null, false), MONTH))
                .toList();
    }

    private static Child withEnd(Child child, PartitionInterval interval) {
        LocalDateTime from = child.from();
        return new Child(
                child.name(),
                from,
                from == null ? null : interval.after(from),
                false,
                child.empty(),
                child.sizeBytes());
    }

    private static Child child(@Nullable String from, @Nullable String to, boolean empty) {
        return new Child(
                QualifiedName.of("public", "events_p" + from),
                from == null ? null : day(from),
                to == null ? null : day(to),
                false,
                empty,
                8192L);
    }

    private static LocalDateTime day(String date) {
        return LocalDate.parse(date).atStartOfDay();
    }
}
