package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentifierTest {

    @ParameterizedTest
    @ValueSource(strings = {"events", "Events", "select", "two words", "it's", "ünï", "a.b", "$1", "{name}", ":name"})
    void quotesEveryName(String name) {
        assertThat(new Identifier(name).sql()).isEqualTo('"' + name + '"');
    }

    @Test
    void doublesQuotes() {
        assertThat(new Identifier("a\"; DROP TABLE b; --").sql()).isEqualTo("\"a\"\"; DROP TABLE b; --\"");
    }

    @Test
    void refusesAnEmptyName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier(""))
                .withMessageContaining("empty");
    }

    @Test
    void refusesNul() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier("a\0b"))
                .withMessageContaining("NUL");
    }

    @Test
    void measuresItsLengthInBytes() {
        assertThat(new Identifier("n".repeat(63)).name()).hasSize(63);
        assertThat(new Identifier("n" + "ö".repeat(31)).name()).hasSize(32);

        assertThatIllegalArgumentException().isThrownBy(() -> new Identifier("n".repeat(64)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Identifier("ö".repeat(32)))
                .withMessageContaining("63 bytes");
    }

    @Test
    void keepsAShortNameWhole() {
        assertThat(Identifier.ofCut("template_", "public_events")).isEqualTo(new Identifier("template_public_events"));
    }

    @Test
    void givesTheEndOfALongNameToAChecksum() {
        Identifier name = Identifier.ofCut("work_", "n".repeat(63));
        Identifier other = Identifier.ofCut("work_", "n".repeat(62) + "m");

        assertThat(name.name()).hasSize(63).matches("work_n{49}_[0-9a-f]{8}");
        assertThat(other.name())
                .hasSize(63)
                .startsWith("work_" + "n".repeat(49))
                .isNotEqualTo(name.name());
    }

    @Test
    void cutsNoCharacterInTwo() {
        assertThat(Identifier.ofCut("n", "ö".repeat(63)).name()).matches("nö{26}_[0-9a-f]{8}");
        assertThat(Identifier.ofCut("nn", "ö".repeat(63)).name()).matches("nnö{26}_[0-9a-f]{8}");
        assertThat(Identifier.ofCut("", "\uD83D\uDC18".repeat(20)).name()).matches("(\uD83D\uDC18){13}_[0-9a-f]{8}");
    }

    @Test
    void keepsASuffixWholeAndCutsWhatIsBeforeIt() {
        assertThat(Identifier.withSuffix("events", "_p2026")).isEqualTo(new Identifier("events_p2026"));
        assertThat(Identifier.withSuffix("n".repeat(63), "_default"))
                .isEqualTo(new Identifier("n".repeat(55) + "_default"));
        assertThat(Identifier.withSuffix("ö".repeat(31), "_default"))
                .isEqualTo(new Identifier("ö".repeat(27) + "_default"));
    }

    @Test
    void listsNamesWithCommas() {
        Identifiers names = new Identifiers(List.of(new Identifier("a"), new Identifier("B\"c")));

        assertThat(names.sql()).isEqualTo("\"a\", \"B\"\"c\"");
    }
}
