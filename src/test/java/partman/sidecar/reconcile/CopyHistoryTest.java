package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.reconcile.Snapshot.Copying;

class CopyHistoryTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final Instant START = Instant.parse("2026-03-10T12:00:00Z");

    private final CopyHistory history = new CopyHistory();

    /** 1,000 blocks of 10 rows each. */
    private static Conversion copied(Phase phase, long blocks) {
        return new Conversion(
                16_400,
                phase,
                START,
                List.of(new Identifier("id")),
                new Identifier("at"),
                "1 month",
                "",
                null,
                1_000,
                blocks == 0 ? List.of() : List.of(new Blocks(0, blocks)),
                10_000,
                blocks * 10,
                8_192_000,
                0);
    }

    private Copying look(long second, long blocks) {
        return history.add(EVENTS, copied(Phase.BACKFILL, blocks), START.plusSeconds(second));
    }

    @Test
    void tellsNoRateAtFirst() {
        Copying first = look(0, 10);

        assertThat(first.rowsPerSecond()).isZero();
        assertThat(first.left()).isNull();
    }

    @Test
    void tellsTheRateOverHalfAMinuteThoughTheCopySeemsToStandStillBetweenTwoLooks() {
        for (long second = 0; second <= 60; second++) {
            look(second, second / 10 * 10);
        }

        Copying now = look(61, 60);

        assertThat(now.rowsPerSecond()).isCloseTo(10, within(3.0));
        assertThat(now.left()).isBetween(Duration.ofSeconds(600), Duration.ofSeconds(1_600));
    }

    @Test
    void comparesWithTheLookBeforeWhereLooksAreFurtherApart() {
        look(0, 0);
        look(60, 60);

        Copying now = look(120, 180);

        assertThat(now.rowsPerSecond()).isEqualTo(20);
        assertThat(now.left()).isEqualTo(Duration.ofSeconds(410));
    }

    @Test
    void tellsThatACopyStandsStill() {
        look(0, 0);
        look(1, 100);
        for (long second = 2; second <= 32; second++) {
            look(second, 100);
        }

        Copying now = look(33, 100);

        assertThat(now.rowsPerSecond()).isZero();
        assertThat(now.left()).isNull();
    }

    @Test
    void beginsAnewWithEachPhaseAndEachCopy() {
        history.add(EVENTS, copied(Phase.JOURNAL, 0), START);
        assertThat(look(10, 50).rowsPerSecond()).isZero();
        assertThat(look(11, 60).rowsPerSecond()).isEqualTo(100);
        assertThat(look(12, 5).rowsPerSecond()).isZero();
    }
}
