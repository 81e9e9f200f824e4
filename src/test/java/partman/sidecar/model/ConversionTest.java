package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Conversion.Phase;

class ConversionTest {

    static Stream<Arguments> copies() {
        return Stream.of(
                Arguments.of(List.of(), List.of(blocks(0, 100)), 0),
                Arguments.of(List.of(blocks(0, 100)), List.of(), 100),
                Arguments.of(List.of(blocks(0, 30)), List.of(blocks(30, 100)), 30),
                Arguments.of(List.of(blocks(70, 100)), List.of(blocks(0, 70)), 30),
                Arguments.of(List.of(blocks(40, 60)), List.of(blocks(0, 40), blocks(60, 100)), 20),
                Arguments.of(
                        List.of(blocks(0, 10), blocks(20, 30), blocks(99, 100)),
                        List.of(blocks(10, 20), blocks(30, 99)),
                        21),
                Arguments.of(List.of(blocks(0, 10), blocks(10, 100)), List.of(), 100));
    }

    @ParameterizedTest
    @MethodSource("copies")
    void knowsWhichBlocksAreLeft(List<Blocks> copied, List<Blocks> uncopied, long blocksCopied) {
        Conversion conversion = conversion(100, copied);

        assertThat(conversion.uncopied()).isEqualTo(uncopied);
        assertThat(conversion.blocksCopied()).isEqualTo(blocksCopied);
    }

    @Test
    void hasNothingToCopyOfAnEmptyTable() {
        Conversion conversion = conversion(0, List.of());

        assertThat(conversion.uncopied()).isEmpty();
        assertThat(conversion.blocksCopied()).isZero();
    }

    @Test
    void leavesOutNoBlockWhereRangesOverlap() {
        Conversion conversion = conversion(100, List.of(blocks(0, 50), blocks(10, 20), blocks(60, 70)));

        assertThat(conversion.uncopied()).containsExactly(blocks(50, 60), blocks(70, 100));
    }

    @Test
    void staysAsItWas() {
        List<Blocks> copied = new ArrayList<>(List.of(blocks(0, 10)));
        Conversion conversion = conversion(100, copied);

        copied.clear();

        assertThat(conversion.copied()).containsExactly(blocks(0, 10));
    }

    @ParameterizedTest
    @EnumSource
    void spellsPhasesInLowerCase(Phase phase) {
        assertThat(phase.label()).matches("[a-z_]+").isEqualToIgnoringCase(phase.name());
    }

    private static Blocks blocks(long from, long to) {
        return new Blocks(from, to);
    }

    private static Conversion conversion(long blocks, List<Blocks> copied) {
        return new Conversion(
                16_400,
                Phase.BACKFILL,
                Instant.EPOCH,
                List.of(new Identifier("id")),
                new Identifier("at"),
                "1 month",
                "",
                null,
                blocks,
                copied,
                0,
                0,
                blocks * 8192,
                0);
    }
}
