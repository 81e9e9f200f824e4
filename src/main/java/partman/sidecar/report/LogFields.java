package partman.sidecar.report;

import io.quarkus.logging.LoggingFilter;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jboss.logmanager.ExtLogRecord;

/**
 * Gives each record of the log, as fields of its own, the values that its message names by a key ({@code table=…, took=…}): a log in
 * JSON shows them beside the message. Every record is logged.
 */
@LoggingFilter(name = "fields")
public final class LogFields implements Filter {

    /** A conversion of {@link java.util.Formatter}, with the key before it, or a key and a word that the message itself holds. */
    private static final Pattern VALUE = Pattern.compile(
            "(?:\\b(?<key>[a-z][a-z_]*)=)?%[-#+ 0,(]*\\d*(?:\\.\\d+)?(?<conversion>[a-zA-Z%])(?<unit>[a-z]*)"
                    + "|\\b(?<other>[a-z][a-z_]*)=(?<word>[a-zA-Z_]+)");

    @Override
    public boolean isLoggable(LogRecord record) {
        Object[] values = record.getParameters();
        if (record instanceof ExtLogRecord entry
                && entry.getFormatStyle() == ExtLogRecord.FormatStyle.PRINTF
                && values != null) {
            addFields(entry, values);
        }
        return true;
    }

    private static void addFields(ExtLogRecord entry, Object[] values) {
        Matcher value = VALUE.matcher(entry.getMessage());
        int index = 0;
        while (value.find()) {
            String conversion = value.group("conversion");
            if (conversion == null) {
                entry.putMdc(value.group("other"), value.group("word"));
            } else if (!conversion.equals("%") && !conversion.equals("n")) {
                if (value.group("key") != null && index < values.length) {
                    entry.putMdc(value.group("key"), values[index] + value.group("unit"));
                }
                index++;
            }
        }
    }
}
