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

    private static Child child(String name, @Nullable LocalDateTime from, @Nullable Long sizeBytes) {
        return new Child(EVENTS.withName(new Identifier(name)), from, null, false, false, sizeBytes);
    }

    private static DefaultPartition defaultPartition(@Nullable Long sizeBytes) {
        return new DefaultPartition(
                EVENTS.withName(new Identifier("events_default")),
                sizeBytes,
                true,
                0,
                false,
                null,
                null,
                List.of(),
                new ObservedTable.Plain(-1, true, null, null));
    }

    private static PartitionSet set(@Nullable DefaultPartition defaultPartition, Child... children) {
        return new PartitionSet(
                EVENTS,
                new Identifier("owner"),
                true,
                new Identifier("at"),
                "timestamp",
                List.of(children),
                defaultPartition,
                null,
                PartitionSet.Detached.NONE,
                List.of(),
                List.of());
    }
}
