package partman.sidecar.model;

import java.time.Duration;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A PostgreSQL interval as partitioning uses it: months, days and a time of day kept apart, since a month has no fixed
 * length. Two intervals are equal if their parts are, however they were written ({@code 1 year 2 mons} = {@code 14 months}).
 */
public record PartitionInterval(int months, int days, Duration time) {

    /** A year as PostgreSQL counts it to compare intervals. */
    private static final Duration YEAR = Duration.ofDays(360);

    private static final Pattern PART = Pattern.compile("\\s*(\\d{1,9})\\s*([a-z]+)\\s*");
    private static final Pattern CLOCK = Pattern.compile("\\s*(\\d{1,6}):(\\d{2}):(\\d{2})\\s*");

    public PartitionInterval {
        if (months == 0 && days == 0 && time.isZero()) {
            throw new IllegalArgumentException("an interval must be longer than nothing");
        }
    }

    /**
     * Reads what people and PostgreSQL write: {@code 1 month}, {@code 14 mons}, {@code 1 year 2 mons}, {@code 7 days},
     * {@code 01:30:00}.
     *
     * @throws IllegalArgumentException if the text is no positive interval in these forms
     */
    public static PartitionInterval parse(String text) {
        String rest = text.toLowerCase(Locale.ROOT);
        long months = 0;
        long days = 0;
        Duration time = Duration.ZERO;
        while (!rest.isBlank()) {
            Matcher clock = CLOCK.matcher(rest);
            Matcher part = PART.matcher(rest);
            if (clock.lookingAt()) {
                time = time.plusHours(Long.parseLong(clock.group(1)))
                        .plusMinutes(Long.parseLong(clock.group(2)))
                        .plusSeconds(Long.parseLong(clock.group(3)));
                rest = rest.substring(clock.end());
                continue;
            }
            if (!part.lookingAt()) {
                throw notAnInterval(text);
            }
            long number = Long.parseLong(part.group(1));
            switch (part.group(2)) {
                case "year", "years", "y", "yr", "yrs" -> months += 12 * number;
                case "month", "months", "mon", "mons" -> months += number;
                case "week", "weeks", "w" -> days += 7 * number;
                case "day", "days", "d" -> days += number;
                case "hour", "hours", "h", "hr", "hrs" -> time = time.plusHours(number);
                case "minute", "minutes", "min", "mins", "m" -> time = time.plusMinutes(number);
                case "second", "seconds", "sec", "secs", "s" -> time = time.plusSeconds(number);
                default -> throw notAnInterval(text);
            }
            rest = rest.substring(part.end());
        }
        if (months > 120_000 || days > 3_650_000) {
            throw new IllegalArgumentException("'" + text + "' is longer than 10000 years");
        }
        if (months == 0 && days == 0 && time.isZero()) {
            throw notAnInterval(text);
        }
        return new PartitionInterval((int) months, (int) days, time);
    }

    private static IllegalArgumentException notAnInterval(String text) {
        return new IllegalArgumentException(
                "'" + text + "' is not an interval such as '1 month', '7 days' or '6 hours'");
    }

    /** {@code moment} moved forward; a day that the target month lacks becomes its last day, as in PostgreSQL. */
    public LocalDateTime after(LocalDateTime moment) {
        return moment.plusMonths(months).plusDays(days).plus(time);
    }

    /** {@code moment} moved back. */
    public LocalDateTime before(LocalDateTime moment) {
        return moment.minusMonths(months).minusDays(days).minus(time);
    }

    /**
     * Lower bound of the first partition that pg_partman would make for {@code moment} in an empty set: it truncates to
     * the calendar unit below the interval, whatever the number of units.
     *
     * @see <a href="https://github.com/pgpartman/pg_partman/blob/master/sql/functions/calculate_time_partition_info.sql">
     *     calculate_time_partition_info</a>
     */
    public LocalDateTime floor(LocalDateTime moment) {
        LocalDateTime day = moment.truncatedTo(ChronoUnit.DAYS);
        Duration length = roughLength();
        if (length.compareTo(YEAR) >= 0) {
            return day.withDayOfYear(1).withYear(firstYear(day.getYear(), length.dividedBy(YEAR)));
        }
        if (length.compareTo(Duration.ofDays(30)) >= 0) {
            return day.withDayOfMonth(1);
        }
        if (length.compareTo(Duration.ofDays(1)) >= 0) {
            return day;
        }
        return moment.truncatedTo(length.compareTo(Duration.ofMinutes(1)) >= 0 ? ChronoUnit.HOURS : ChronoUnit.MINUTES);
    }

    /** A calendar unit, as {@code date_trunc} takes it, that no partition bound of this interval cuts through. */
    public String bucketUnit() {
        Duration length = roughLength();
        if (length.compareTo(Duration.ofDays(28)) >= 0 && time.isZero()) {
            return "day";
        }
        if (length.compareTo(Duration.ofDays(1)) >= 0 && time.toSecondsPart() == 0 && time.toMinutesPart() == 0) {
            return "hour";
        }
        return time.toSecondsPart() == 0 ? "minute" : "second";
    }

    /** First year of the millennium, century or decade of a year, or the year itself, by the length of an interval. */
    private static int firstYear(int year, long intervalYears) {
        if (intervalYears >= 1000) {
            return Math.floorDiv(year - 1, 1000) * 1000 + 1;
        }
        if (intervalYears >= 100) {
            return Math.floorDiv(year - 1, 100) * 100 + 1;
        }
        return intervalYears >= 10 ? Math.floorDiv(year, 10) * 10 : year;
    }

    /** Lower bound of the partition that holds {@code moment}, in the grid that {@code anchor} is a bound of. */
    public LocalDateTime floor(LocalDateTime moment, LocalDateTime anchor) {
        long whole = Duration.between(anchor, moment).dividedBy(roughLength());
        LocalDateTime bound = plus(anchor, whole);
        while (bound.isAfter(moment)) {
            bound = plus(anchor, --whole);
        }
        while (!plus(anchor, whole + 1).isAfter(moment)) {
            bound = plus(anchor, ++whole);
        }
        return bound;
    }

    /** The bound {@code count} intervals from {@code anchor}; counted from the anchor, so that short months do not add up. */
    private LocalDateTime plus(LocalDateTime anchor, long count) {
        return anchor.plusMonths(months * count).plusDays(days * count).plus(time.multipliedBy(count));
    }

    /** The interval's length with a month taken as 30 days, as PostgreSQL does to compare intervals. */
    public Duration roughLength() {
        return time.plusDays(days + 30L * months);
    }

    /** The interval as PostgreSQL prints it, for example {@code 14 mons 1 day 06:00:00}; a valid input for it too. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        if (months > 0) {
            text.append(months).append(months == 1 ? " month" : " months");
        }
        if (days > 0) {
            text.append(text.isEmpty() ? "" : " ").append(days).append(days == 1 ? " day" : " days");
        }
        if (!time.isZero()) {
            text.append(text.isEmpty() ? "" : " ")
                    .append("%02d:%02d:%02d".formatted(time.toHours(), time.toMinutesPart(), time.toSecondsPart()));
        }
        return text.toString();
    }
}
