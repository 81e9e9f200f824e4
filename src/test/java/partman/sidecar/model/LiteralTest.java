package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class LiteralTest {

    @Test
    void quotesText() {
        assertThat(Literal.of("it's").sql()).isEqualTo("'it''s'");
        assertThat(Literal.of("").sql()).isEqualTo("''");
    }

    @Test
    void leavesABackslashAlone() {
        assertThat(Literal.of("a\\'b").sql()).isEqualTo("'a\\''b'");
    }

    @Test
    void refusesNul() {
        assertThatIllegalArgumentException().isThrownBy(() -> Literal.of("a\0b"));
    }

    @Test
    void writesNumbersAndTruthValuesWithoutQuotes() {
        assertThat(Literal.of(-42).sql()).isEqualTo("-42");
        assertThat(Literal.of(true).sql()).isEqualTo("true");
    }
}
