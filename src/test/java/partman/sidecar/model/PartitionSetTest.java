package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDateTime;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;

class PartitionSetTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    @Test
    void addsUpTheSizesOfAllPartitions() {
        PartitionSet set = set(defaultPartition(400L), child("a", null, 10L), child("b", null, 200L));

        assertThat(set.sizeBytes()).isEqualTo(610);
    }

    @Test
    void leavesOutSizesThatAreNotKnown() {
        assertThat(set(defaultPartition(null), child("a", null, null), child("b", null, 200L))
                        .sizeBytes())
                .isEqualTo(200);
        assertThat(set(null, child("a", null, 10L)).sizeBytes()).isEqualTo(10);
    }

    @Test
    void sortsPartitionsByTimeWithAnOpenBeginningFirst() {
        Child open = child("a", null, null);
        Child old = child("c", LocalDateTime.parse("2026-01-01T00:00"), null);
        Child young = child("b", LocalDateTime.parse("2026-02-01T00:00"), null);

        assertThat(Stream.of(young, old, open).sorted(Child.OLDEST_FIRST)).containsExactly(open, old, young);
    }

    @Test
    void tellsWhatTheDefaultPartitionHolds() {
        LocalDateTime oldest = LocalDateTime.parse("1970-01-01T00:00");
        LocalDateTime newest = LocalDateTime.parse("2099-01-01T12:00");

        assertThat(holding(0, false, null, null, 0).contents()).isEqualTo("0 row(s) in the default partition");
        assertThat(holding(3, false, null, null, 3).contents())
                .isEqualTo("3 row(s) in the default partition, 3 of them infinite");
        assertThat(holding(9, true, oldest, newest, 2).contents())
                .isEqualTo(
                        "at least 9 row(s) in the default partition, the oldest of 1970-01-01T00:00, the newest of 2099-01-01T12:00, 2 of them infinite");
    }

    @Test
    void tellsALockFromAMissingRight() {
        DefaultPartition counted = defaultPartition(400L);

        assertThat(counted.isLocked()).isFalse();
        assertThat(notCounted(null).isLocked()).isTrue();
        assertThat(notCounted(400L).isLocked()).isFalse();
    }

    @Test
    void leavesAnOpenBeginningOutOfItsLowerBounds() {
        LocalDateTime bound = LocalDateTime.parse("2026-01-01T00:00");

        assertThat(set(null, child("a", null, null), child("b", bound, null)).lowerBounds())
                .containsExactly(bound);
    }

    @Test
    void takesForExpiredWhatEndsBeforeTheRetention() {
        LocalDateTime now = LocalDateTime.parse("2026-03-10T00:00");
        Child open = new Child(EVENTS, null, null, false, false, null);
        Child[] children = {
            month("2025-12-01T00:00"),
            month("2026-01-01T00:00"),
            month("2026-02-01T00:00"),
            month("2026-03-01T00:00"),
            open
        };

        assertThat(registered(PartitionInterval.parse("2 months"), children).expired(now))
                .isEqualTo(1);
        assertThat(registered(PartitionInterval.parse("9 days"), children).expired(now))
                .as("one that ends at the limit has not expired")
                .isEqualTo(2);
        assertThat(registered(PartitionInterval.parse("8 days"), children).expired(now))
                .isEqualTo(3);
    }

    @Test
    void knowsOfNothingExpiredWithoutARetention() {
        LocalDateTime now = LocalDateTime.parse("2026-03-10T00:00");
        Child child = month("2020-01-01T00:00");

        assertThat(registered(null, child).expired(now)).isNull();
        assertThat(set(null, child).expired(now)).isNull();
    }

    private static Child month(String from) {
        LocalDateTime begin = LocalDateTime.parse(from);
        return new Child(EVENTS, begin, begin.plusMonths(1), false, false, null);
    }

    private static Child child(String name, @Nullable LocalDateTime from, @Nullable Long sizeBytes) {
        return new Child(EVENTS.withName(new Identifier(name)), from, null, false, false, sizeBytes);
    }

    private static DefaultPartition defaultPartition(@Nullable Long sizeBytes) {
        return defaultPartition(sizeBytes, 0, false, null, null, 0);
    }

    private static DefaultPartition notCounted(@Nullable Long sizeBytes) {
        return new DefaultPartition(
                EVENTS.withName(new Identifier("events_default")),
                sizeBytes,
                false,
                0,
                false,
                null,
                null,
                0,
                List.of(),
                new ObservedTable.Plain(-1, true, null, null));
    }

    private static DefaultPartition holding(
            long rows, boolean capped, @Nullable LocalDateTime oldest, @Nullable LocalDateTime newest, long infinite) {
        return defaultPartition(8192L, rows, capped, oldest, newest, infinite);
    }

    private static DefaultPartition defaultPartition(
            @Nullable Long sizeBytes,
            long rows,
            boolean capped,
            @Nullable LocalDateTime oldest,
            @Nullable LocalDateTime newest,
            long infinite) {
        return new DefaultPartition(
                EVENTS.withName(new Identifier("events_default")),
                sizeBytes,
                true,
                rows,
                capped,
                oldest,
                newest,
                infinite,
                List.of(),
                new ObservedTable.Plain(-1, true, null, null));
    }

    private static PartitionSet registered(@Nullable PartitionInterval retention, Child... children) {
        return set(
                null,
                new Registration(
                        "at",
                        PartitionInterval.parse("1 month"),
                        4,
                        retention,
                        retention == null ? null : retention.toString(),
                        true,
                        null,
                        true,
                        "on",
                        true,
                        false,
                        null,
                        null),
                children);
    }

    private static PartitionSet set(@Nullable DefaultPartition defaultPartition, Child... children) {
        return set(defaultPartition, null, children);
    }

    private static PartitionSet set(
            @Nullable DefaultPartition defaultPartition, @Nullable Registration registration, Child... children) {
        return new PartitionSet(
                EVENTS,
                new Identifier("owner"),
                true,
                new Identifier("at"),
                "timestamp",
                List.of(children),
                defaultPartition,
                registration,
                PartitionSet.Detached.NONE,
                List.of(),
                List.of(),
                List.of());
    }
}
