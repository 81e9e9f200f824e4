package partman.sidecar.report;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers and times as people read them; all times are in UTC. */
final class Human {

    private static final DateTimeFormatter MOMENT =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'", Locale.ROOT);
    private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT);
    private static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("uuuu-MM-dd", Locale.ROOT);
    private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

    private Human() {}

    /** Bytes in units of a thousand, with three digits at least where there are as many. */
    static String size(long bytes) {
        if (bytes < 1000) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 999.5 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, value < 9.95 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
    }

    static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** A number of things: {@code 1 row}, {@code 2 rows}. */
    static String count(long number, String one, String many) {
        return number(number) + " " + (number == 1 ? one : many);
    }

    /** A number in so few letters that it fits under a bar. */
    static String brief(long number) {
        if (number < 1000) {
            return Long.toString(number);
        }
        return number < 999_500 ? Math.round(number / 1e3) + "k" : Math.round(number / 1e6) + "M";
    }

    /** A span in its largest unit, or its two largest while they matter. */
    static String span(Duration span) {
        long seconds = span.toSeconds();
        if (seconds < 1) {
            return span.toMillis() + " ms";
        }
        if (seconds < 10 && span.toMillisPart() >= 50) {
            return String.format(Locale.ROOT, "%.1f s", span.toMillis() / 1000.0);
        }
        if (seconds < 60) {
            return seconds + " s";
        }
        long minutes = span.toMinutes();
        if (minutes < 60) {
            return minutes + " min";
        }
        if (minutes < 24 * 60) {
            return minutes / 60 + " h" + (minutes % 60 == 0 ? "" : " " + minutes % 60 + " min");
        }
        long days = span.toDays();
        return days < 700 ? count(days, "day", "days") : "%d years".formatted(Math.round(days / 365.25));
    }

    /** How long ago it was, or in how long it will be. */
    static String distance(Instant moment, Instant now) {
        Duration past = Duration.between(moment, now);
        if (past.isNegative()) {
            return "in " + span(past.negated());
        }
        return past.toSeconds() < 1 ? "just now" : span(Duration.ofSeconds(past.toSeconds())) + " ago";
    }

    /** A moment to the second. */
    static Html moment(Instant moment) {
        return Html.of("<time>{}</time>", moment(moment.atOffset(ZoneOffset.UTC).toLocalDateTime()));
    }

    static String moment(LocalDateTime moment) {
        return MOMENT.format(moment);
    }

    /** A moment by its distance, and to the second. */
    static Html when(Instant moment, Instant now) {
        return Html.of("{} <span class=\"at\">({})</span>", distance(moment, now), moment(moment));
    }

    /** A partition's bound, as short as it can be written; null and the end of time are open. */
    static String bound(@Nullable LocalDateTime bound) {
        if (bound == null || bound.equals(LocalDateTime.MAX)) {
            return "open";
        }
        if (bound.toLocalTime().equals(LocalTime.MIDNIGHT)) {
            return DAY.format(bound);
        }
        return (bound.getSecond() == 0 ? MINUTE : SECOND).format(bound);
    }

    /** Long text from outside, cut where nobody reads on. */
    static String cut(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest) + "…";
    }
}
