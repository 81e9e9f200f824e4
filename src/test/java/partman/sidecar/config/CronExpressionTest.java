package partman.sidecar.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CronExpressionTest {

    @ParameterizedTest
    @CsvSource({
        "0 * * * *, 2026-05-17T12:00:00Z, 2026-05-17T13:00:00Z",
        "*/15 2 * * 1-5, 2026-05-15T02:45:00Z, 2026-05-18T02:00:00Z",
        "30 4 1 * *, 2026-05-01T04:30:00Z, 2026-06-01T04:30:00Z",
    })
    void knowsTheMomentsBeforeAndAfterAnother(String expression, Instant before, Instant after) {
        CronExpression cron = CronExpression.parse(expression);
        Instant moment = Instant.parse("2026-05-17T12:34:56Z");

        assertThat(cron.lastBefore(moment, ZoneOffset.UTC)).contains(before);
        assertThat(cron.nextAfter(moment, ZoneOffset.UTC)).contains(after);
    }

    @Test
    void namesOtherMomentsInAnotherTimeZone() {
        CronExpression cron = CronExpression.parse("30 4 * * *");
        ZoneId berlin = ZoneId.of("Europe/Berlin");

        // the clock is put forward between the two
        assertThat(cron.lastBefore(Instant.parse("2026-03-29T00:00:00Z"), berlin))
                .contains(Instant.parse("2026-03-28T03:30:00Z"));
        assertThat(cron.nextAfter(Instant.parse("2026-03-29T00:00:00Z"), berlin))
                .contains(Instant.parse("2026-03-29T02:30:00Z"));
    }
}
