package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.ExtLogRecord.FormatStyle;
import org.jboss.logmanager.Level;
import org.junit.jupiter.api.Test;

class LogFieldsTest {

    private static Map<String, String> fields(FormatStyle style, String format, Object... values) {
        ExtLogRecord entry = new ExtLogRecord(Level.INFO, format, style, LogFieldsTest.class.getName());
        entry.setParameters(values);
        assertThat(new LogFields().isLoggable(entry)).isTrue();
        return entry.getMdcCopy();
    }

    @Test
    void takesTheValuesBehindKeys() {
        assertThat(fields(FormatStyle.PRINTF, "table=%s state=%s: %s", "public.my table", "healthy", "a=b"))
                .containsExactlyInAnyOrderEntriesOf(Map.of("table", "public.my table", "state", "healthy"));
    }

    @Test
    void countsValuesWithoutAKey() {
        assertThat(fields(FormatStyle.PRINTF, "%d%% of %,d, rate=%.1f rows/s%n, left=%5s", 7, 1000, 2.5, "1 s"))
                .containsExactlyInAnyOrderEntriesOf(Map.of("rate", "2.5", "left", "1 s"));
    }

    @Test
    void takesUnitsAndWordsOfTheMessage() {
        assertThat(fields(FormatStyle.PRINTF, "table=%s phase=catch_up took=%dms: %s", "public.events", 12, "done"))
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("table", "public.events", "phase", "catch_up", "took", "12ms"));
    }

    @Test
    void takesWordsWithCapitals() {
        assertThat(fields(FormatStyle.PRINTF, "table=%s step=ApplyJournal", "public.events"))
                .containsEntry("step", "ApplyJournal");
    }

    @Test
    void takesNothingFromAMessageWithoutAFormat() {
        assertThat(fields(FormatStyle.NO_FORMAT, "table=%s", "public.events")).isEmpty();
        assertThat(fields(FormatStyle.MESSAGE_FORMAT, "table={0}", "public.events"))
                .isEmpty();
    }

    @Test
    void isNotMisledByTooFewValues() {
        assertThat(fields(FormatStyle.PRINTF, "table=%s step=%s", "public.events"))
                .containsExactlyInAnyOrderEntriesOf(Map.of("table", "public.events"));
    }
}
