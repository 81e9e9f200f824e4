package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionIntervalTest {

    @ParameterizedTest
    @CsvSource({
        "1 month, 1, 0, PT0S",
        "14 mons, 14, 0, PT0S",
        "1 mon, 1, 0, PT0S",
        "1 year 2 mons, 14, 0, PT0S",
        "1 YEAR, 12, 0, PT0S",
        "2y, 24, 0, PT0S",
        "1 week, 0, 7, PT0S",
        "2w 1d, 0, 15, PT0S",
        "7 days, 0, 7, PT0S",
        "7days, 0, 7, PT0S",
        "1 day 06:00:00, 0, 1, PT6H",
        "01:30:00, 0, 0, PT1H30M",
        "100:00:00, 0, 0, PT100H",
        "6 hours, 0, 0, PT6H",
        "1 hr 30 mins, 0, 0, PT1H30M",
        "15 m, 0, 0, PT15M",
        "30 secs, 0, 0, PT30S",
        "'  3   months  ', 3, 0, PT0S",
        "1 year 1 mon 1 day 00:00:01, 13, 1, PT1S",
    })
    void readsWhatPeopleAndPostgresWrite(String text, int months, int days, Duration time) {
        assertThat(PartitionInterval.parse(text)).isEqualTo(new PartitionInterval(months, days, time));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "0 days",
                "00:00:00",
                "-1 month",
                "1",
                "month",
                "monthly",
                "1 fortnight",
                "1 month ago",
                "1.5 days",
                "1 day, 2 hours",
                "00:00:00.5",
                "P1M",
                "1 month;",
                "10001 years",
                "3650001 days",
                "9999999999 days"
            })
    void refusesWhatIsNoPositiveInterval(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PartitionInterval.parse(text))
                .withMessageContaining("'" + text + "'");
    }

    @Test
    void refusesToBeNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> new PartitionInterval(0, 0, Duration.ZERO));
    }

    @Test
    void equalsTheSameLengthWrittenInAnotherWay() {
        assertThat(PartitionInterval.parse("1 year 2 mons")).isEqualTo(PartitionInterval.parse("14 months"));
        assertThat(PartitionInterval.parse("90 minutes")).isEqualTo(PartitionInterval.parse("01:30:00"));
        assertThat(PartitionInterval.parse("1 week")).isEqualTo(PartitionInterval.parse("7 days"));
    }

    @Test
    void doesNotEqualAnotherUnitOfRoughlyTheSameLength() {
        assertThat(PartitionInterval.parse("30 days")).isNotEqualTo(PartitionInterval.parse("1 month"));
        assertThat(PartitionInterval.parse("24 hours")).isNotEqualTo(PartitionInterval.parse("1 day"));
    }

    @ParameterizedTest
    @CsvSource({
        "1 month, 1 month",
        "1 year 2 mons, 14 months",
        "1 week, 7 days",
        "1 day, 1 day",
        "90 minutes, 01:30:00",
        "100 hours, 100:00:00",
        "1 mon 2 days 3 hours, 1 month 2 days 03:00:00",
    })
    void printsAFormThatItReads(String text, String printed) {
        PartitionInterval interval = PartitionInterval.parse(text);

        assertThat(interval).hasToString(printed);
        assertThat(PartitionInterval.parse(printed)).isEqualTo(interval);
    }

    @ParameterizedTest
    @CsvSource({
        "1 month, 2026-01-15T00:00, 2026-02-15T00:00",
        "1 month, 2026-01-31T00:00, 2026-02-28T00:00",
        "1 month, 2028-01-31T00:00, 2028-02-29T00:00",
        "1 year, 2028-02-29T12:00, 2029-02-28T12:00",
        "1 month 1 day, 2026-01-31T00:00, 2026-03-01T00:00",
        "1 week, 2025-12-29T00:00, 2026-01-05T00:00",
        "6 hours, 2026-03-29T00:00, 2026-03-29T06:00",
    })
    void movesForward(String interval, LocalDateTime from, LocalDateTime to) {
        assertThat(PartitionInterval.parse(interval).after(from)).isEqualTo(to);
    }

    @ParameterizedTest
    @CsvSource({
        "1 month, 2026-03-31T00:00, 2026-02-28T00:00",
        "14 months, 2026-01-15T10:00, 2024-11-15T10:00",
        "1 month 1 day, 2026-03-31T00:00, 2026-02-27T00:00",
        "7 days, 2026-01-03T00:00, 2025-12-27T00:00",
        "01:30:00, 2026-01-01T00:00, 2025-12-31T22:30",
    })
    void movesBack(String interval, LocalDateTime from, LocalDateTime to) {
        assertThat(PartitionInterval.parse(interval).before(from)).isEqualTo(to);
    }

    @ParameterizedTest
    @CsvSource({
        "1 year, 2026-05-17T13:45:59.5, 2026-01-01T00:00",
        "14 months, 2026-05-17T13:45:59.5, 2026-01-01T00:00",
        "360 days, 2026-05-17T13:45:59.5, 2026-01-01T00:00",
        "1 month, 2026-05-17T13:45:59.5, 2026-05-01T00:00",
        "3 months, 2026-05-17T13:45:59.5, 2026-05-01T00:00",
        "30 days, 2026-05-17T13:45:59.5, 2026-05-01T00:00",
        "1 week, 2026-05-17T13:45:59.5, 2026-05-17T00:00",
        "1 day, 2026-05-17T13:45:59.5, 2026-05-17T00:00",
        "24 hours, 2026-05-17T13:45:59.5, 2026-05-17T00:00",
        "6 hours, 2026-05-17T13:45:59.5, 2026-05-17T13:00",
        "1 minute, 2026-05-17T13:45:59.5, 2026-05-17T13:00",
        "30 seconds, 2026-05-17T13:45:59.5, 2026-05-17T13:45",
        "1 month, 2026-05-01T00:00, 2026-05-01T00:00",
        "10 years, 2026-05-17T13:45, 2020-01-01T00:00",
        "100 years, 2026-05-17T13:45, 2001-01-01T00:00",
        "100 years, 2000-05-17T13:45, 1901-01-01T00:00",
        "1000 years, 2026-05-17T13:45, 2001-01-01T00:00",
        "1000 years, 2000-05-17T13:45, 1001-01-01T00:00",
    })
    void truncatesToTheCalendarUnitBelowIt(String interval, LocalDateTime moment, LocalDateTime floor) {
        assertThat(PartitionInterval.parse(interval).floor(moment)).isEqualTo(floor);
    }

    @ParameterizedTest
    @CsvSource({
        "1 month, 2026-05-17T13:45, 2024-12-01T00:00, 2026-05-01T00:00",
        "1 month, 2024-05-17T13:45, 2026-12-01T00:00, 2024-05-01T00:00",
        "3 months, 2026-05-17T13:45, 2026-02-01T00:00, 2026-05-01T00:00",
        "3 months, 2026-04-30T23:59, 2026-02-01T00:00, 2026-02-01T00:00",
        "1 week, 2026-05-17T13:45, 2026-05-13T00:00, 2026-05-13T00:00",
        "1 week, 2026-05-12T23:59, 2026-05-13T00:00, 2026-05-06T00:00",
        "1 day, 2026-05-17T00:00, 2020-01-01T00:00, 2026-05-17T00:00",
        "6 hours, 2026-05-17T13:45, 2026-05-17T01:00, 2026-05-17T13:00",
        "1 month, 2026-02-28T12:00, 2026-01-31T00:00, 2026-02-28T00:00",
        "1 month, 2026-03-30T12:00, 2026-01-31T00:00, 2026-02-28T00:00",
        "1 month, 2026-03-31T12:00, 2026-01-31T00:00, 2026-03-31T00:00",
        "1 year, 2026-01-01T00:00, 1926-01-01T00:00, 2026-01-01T00:00",
        "1 month, 2026-01-01T00:00, 2026-01-01T00:00, 2026-01-01T00:00",
    })
    void findsTheBoundBelowAMomentInAGrid(
            String interval, LocalDateTime moment, LocalDateTime anchor, LocalDateTime floor) {
        assertThat(PartitionInterval.parse(interval).floor(moment, anchor)).isEqualTo(floor);
    }

    @ParameterizedTest
    @CsvSource({
        "1 month, day",
        "1 year, day",
        "28 days, day",
        "1 week, hour",
        "1 day, hour",
        "1 month 6 hours, hour",
        "6 hours, minute",
        "01:30:00, minute",
        "30 seconds, second",
        "1 day 00:30:00, minute",
        "1 day 00:00:30, second",
    })
    void namesAUnitThatNoBoundCutsThrough(String interval, String unit) {
        assertThat(PartitionInterval.parse(interval).bucketUnit()).isEqualTo(unit);
    }
}
