package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDateTime;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BoundTest {

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            nullValues = "open",
            value = {
                "'2026-05-01 00:00:00', 2026-05-01T00:00",
                "'2026-05-01 00:00:00+00', 2026-05-01T00:00",
                "'2026-05-01', 2026-05-01T00:00",
                "'2026-05-01 23:59:59.25', 2026-05-01T23:59:59.25",
                "'2026-05-01 06:30:00.000001+00', 2026-05-01T06:30:00.000001",
                "'0001-01-01 00:00:00', 0001-01-01T00:00",
                "'12026-05-01', +12026-05-01T00:00",
                "'294276-12-31 00:00:00+00', +294276-12-31T00:00",
                "MINVALUE, open",
                "MAXVALUE, open",
                "'infinity', open",
                "'-infinity', open",
                "'0044-03-15 BC', open",
                "'2026-01-01 02:00:00+02', open",
                "'5', open",
            })
    void readsEachEnd(String literal, @Nullable LocalDateTime time) {
        assertThat(Bound.parse("FOR VALUES FROM (" + literal + ") TO (MAXVALUE)"))
                .isEqualTo(new Bound(time, null));
        assertThat(Bound.parse("FOR VALUES FROM (MINVALUE) TO (" + literal + ")"))
                .isEqualTo(new Bound(null, time));
    }

    @ParameterizedTest
    @ValueSource(strings = {"DEFAULT", "FOR VALUES IN ('a')", "FOR VALUES WITH (modulus 2, remainder 0)", "null"})
    void takesAnotherKindOfBoundForOpen(String expression) {
        assertThat(Bound.parse(expression)).isEqualTo(new Bound(null, null));
    }

    @Test
    void readsSecondsSince1970() {
        assertThat(Bound.ofEpochSecond(86_400L)).isEqualTo(LocalDateTime.parse("1970-01-02T00:00"));
        assertThat(Bound.ofEpochSecond(-1L)).isEqualTo(LocalDateTime.parse("1969-12-31T23:59:59"));
        assertThat(Bound.ofEpochSecond(null)).isNull();
    }
}
