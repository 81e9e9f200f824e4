package partman.sidecar.catalog;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A partition's bound as {@code pg_get_expr(relpartbound)} prints it, read as a time in UTC.
 *
 * @param from null if the lower end is open
 * @param to null if the upper end is open
 */
record Bound(@Nullable LocalDateTime from, @Nullable LocalDateTime to) {

    private static final Pattern RANGE = Pattern.compile("FOR VALUES FROM \\((.*)\\) TO \\((.*)\\)");
    private static final Pattern TIME =
            Pattern.compile("'(\\d{4,6})-(\\d\\d)-(\\d\\d)(?: (\\d\\d):(\\d\\d):(\\d\\d)(\\.\\d{1,6})?)?(?:\\+00)?'");

    /**
     * Reads the bound of one column of a date or time type, printed with {@code DateStyle ISO} in UTC. An end that is no
     * plain date (MINVALUE, infinity, before Christ) counts as open.
     */
    static Bound parse(String expression) {
        Matcher range = RANGE.matcher(expression);
        if (!range.matches()) {
            return new Bound(null, null);
        }
        return new Bound(time(range.group(1)), time(range.group(2)));
    }

    private static @Nullable LocalDateTime time(String literal) {
        Matcher time = TIME.matcher(literal);
        if (!time.matches()) {
            return null;
        }
        LocalDateTime day = LocalDateTime.of(
                number(time, 1), number(time, 2), number(time, 3), number(time, 4), number(time, 5), number(time, 6));
        String fraction = time.group(7);
        return fraction == null ? day : day.plusNanos((long) (Double.parseDouble(fraction) * 1e9));
    }

    private static int number(Matcher time, int group) {
        String digits = time.group(group);
        return digits == null ? 0 : Integer.parseInt(digits);
    }

    /** A moment given as seconds since 1970. */
    static @Nullable LocalDateTime ofEpochSecond(@Nullable Long seconds) {
        return seconds == null ? null : LocalDateTime.ofEpochSecond(seconds, 0, ZoneOffset.UTC);
    }
}
