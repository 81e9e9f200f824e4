package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HumanTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0 | 0 B
            999 | 999 B
            1000 | 1.0 kB
            9949 | 9.9 kB
            9950 | 10 kB
            999499 | 999 kB
            999500 | 1.0 MB
            1234567890 | 1.2 GB
            9223372036854775807 | 9.2 EB
            """)
    void writesSizes(long bytes, String text) {
        assertThat(Human.size(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "PT0.012S, 12 ms",
        "PT1.5S, 1.5 s",
        "PT12.7S, 12 s",
        "PT3M20S, 3 min",
        "PT2H, 2 h",
        "PT2H10M, 2 h 10 min",
        "PT24H, 1 day",
        "PT2400H, 100 days",
        "P800D, 2 years"
    })
    void writesSpans(Duration span, String text) {
        assertThat(Human.span(span)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-03-10T12:00:00Z, just now",
        "2026-03-10T11:59:30Z, 30 s ago",
        "2026-03-10T13:00:00Z, in 1 h",
    })
    void writesDistances(Instant moment, String text) {
        assertThat(Human.distance(moment, Snapshots.NOW)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"7, 7", "1500, 2k", "999499, 999k", "999500, 1M", "12345678, 12M"})
    void writesNumbersInFewLetters(long number, String text) {
        assertThat(Human.brief(number)).isEqualTo(text);
    }

    @Test
    void writesBounds() {
        assertThat(Human.bound(null)).isEqualTo("open");
        assertThat(Human.bound(LocalDateTime.MAX)).isEqualTo("open");
        assertThat(Human.bound(LocalDateTime.parse("2026-03-01T00:00:00"))).isEqualTo("2026-03-01");
        assertThat(Human.bound(LocalDateTime.parse("2026-03-01T06:00:00"))).isEqualTo("2026-03-01 06:00");
        assertThat(Human.bound(LocalDateTime.parse("2026-03-01T06:00:05"))).isEqualTo("2026-03-01 06:00:05");
    }

    @Test
    void countsThings() {
        assertThat(Human.count(1, "row", "rows")).isEqualTo("1 row");
        assertThat(Human.count(12_345, "row", "rows")).isEqualTo("12,345 rows");
        assertThat(Human.cut("abcdef", 3)).isEqualTo("abc…");
    }
}
