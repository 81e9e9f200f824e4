package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.LocalTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SwapWindowTest {

    private static final SwapWindow NIGHT = new SwapWindow(LocalTime.of(2, 0), LocalTime.of(4, 0));
    private static final SwapWindow OVER_MIDNIGHT = new SwapWindow(LocalTime.of(23, 30), LocalTime.of(1, 0));

    @ParameterizedTest
    @CsvSource({
        "2026-05-15T00:00:00Z, false",
        "2026-05-15T01:59:59.999999999Z, false",
        "2026-05-15T02:00:00Z, true",
        "2026-05-16T03:00:00Z, true",
        "2026-05-15T03:59:59.999999999Z, true",
        "2026-05-15T04:00:00Z, false",
        "2026-05-15T23:59:59Z, false",
    })
    void holdsItsBeginningAndNotItsEnd(Instant moment, boolean within) {
        assertThat(NIGHT.contains(moment)).isEqualTo(within);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-05-15T23:29:59.999999999Z, false",
        "2026-05-15T23:30:00Z, true",
        "2026-05-15T23:59:59.999999999Z, true",
        "2026-05-16T00:00:00Z, true",
        "2026-05-16T00:59:59.999999999Z, true",
        "2026-05-16T01:00:00Z, false",
        "2026-05-16T12:00:00Z, false",
    })
    void goesOverMidnightIfItEndsBeforeItBegins(Instant moment, boolean within) {
        assertThat(OVER_MIDNIGHT.contains(moment)).isEqualTo(within);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-05-15T21:59:59Z, false",
        "2026-05-15T22:00:00Z, true",
        "2026-05-15T23:59:59.999999999Z, true",
        "2026-05-16T00:00:00Z, false",
    })
    void mayEndAtMidnight(Instant moment, boolean within) {
        SwapWindow window = new SwapWindow(LocalTime.of(22, 0), LocalTime.MIDNIGHT);

        assertThat(window.contains(moment)).isEqualTo(within);
    }

    @ParameterizedTest
    @CsvSource({
        "2026-05-15T00:00:00Z, true",
        "2026-05-15T00:59:59Z, true",
        "2026-05-15T01:00:00Z, false",
        "2026-05-15T23:59:59Z, false",
    })
    void mayBeginAtMidnight(Instant moment, boolean within) {
        SwapWindow window = new SwapWindow(LocalTime.MIDNIGHT, LocalTime.of(1, 0));

        assertThat(window.contains(moment)).isEqualTo(within);
    }

    @Test
    void refusesEqualEnds() {
        assertThatThrownBy(() -> new SwapWindow(LocalTime.of(2, 0), LocalTime.of(2, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a window that begins and ends at 02:00 is empty");
    }

    @Test
    void showsItsEndsAsTheSettingIsWritten() {
        assertThat(NIGHT).hasToString("02:00-04:00");
        assertThat(OVER_MIDNIGHT).hasToString("23:30-01:00");
    }
}
