package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BoundTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "'2026-01-01 00:00:00' | 2026-01-01T00:00:00",
                "'2026-01-01 00:00:00+00' | 2026-01-01T00:00:00",
                "'2026-01-31' | 2026-01-31T00:00:00",
                "'2026-02-28 23:59:59.5' | 2026-02-28T23:59:59.500",
                "'2026-02-28 23:59:59.000001+00' | 2026-02-28T23:59:59.000001",
                "'10000-01-01 00:00:00' | +10000-01-01T00:00:00",
            })
    void readsAMoment(String literal, LocalDateTime moment) {
        assertThat(Bound.parse("FOR VALUES FROM (%s) TO (MAXVALUE)".formatted(literal)))
                .isEqualTo(new Bound(moment, null));
        assertThat(Bound.parse("FOR VALUES FROM (MINVALUE) TO (%s)".formatted(literal)))
                .isEqualTo(new Bound(null, moment));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "FOR VALUES FROM ('-infinity') TO ('infinity')",
                "FOR VALUES FROM ('0044-03-15 00:00:00 BC') TO ('0044-03-16 00:00:00 BC')",
                "FOR VALUES FROM ('2026-01-01 02:00:00+02') TO ('10')",
                "FOR VALUES IN ('2026-01-01')",
                "FOR VALUES WITH (modulus 2, remainder 0)",
                "DEFAULT"
            })
    void takesAnythingElseForOpen(String expression) {
        assertThat(Bound.parse(expression)).isEqualTo(new Bound(null, null));
    }

    @Test
    void readsSecondsSince1970() {
        assertThat(Bound.ofEpochSecond(86_400L)).isEqualTo(LocalDateTime.of(1970, 1, 2, 0, 0));
        assertThat(Bound.ofEpochSecond(-1L)).isEqualTo(LocalDateTime.of(1969, 12, 31, 23, 59, 59));
        assertThat(Bound.ofEpochSecond(null)).isNull();
    }
}
