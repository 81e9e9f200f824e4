package partman.sidecar.config;

import static java.util.stream.Collectors.joining;

import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.SwapWindow;

/**
 * Reads one kind of value each from a setting's text. A text that is no such value is noted as a fault; what is returned for
 * it means nothing.
 */
final class Values {

    private static final Duration MAX_INTERVAL = Duration.ofDays(3_650_000);

    /** No table holds older rows on purpose, and partitions from the year 1 to now would be a slip of the pen. */
    private static final int FIRST_YEAR = 1900;

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h|d)");
    private static final Pattern WHOLE_NUMBER = Pattern.compile("[+-]?\\d+");
    private static final String TIME = "((?:[01]\\d|2[0-3]):[0-5]\\d)";
    private static final Pattern WINDOW = Pattern.compile(TIME + "\\s*-\\s*" + TIME);

    /** Ends the advice of a fault where {@link #isNone} is allowed. */
    private static final String OR_NONE = ", or none";

    private final Faults faults;

    Values(Faults faults) {
        this.faults = faults;
    }

    /** One of an enum's constants, by its name in lower case with hyphens. */
    <E extends Enum<E>> E word(String key, String text, E[] constants) {
        for (E constant : constants) {
            if (word(constant).equals(text.toLowerCase(Locale.ROOT))) {
                return constant;
            }
        }
        String known = Stream.of(constants).map(Values::word).collect(joining(", "));
        faults.add(key, "%s is no known word; use %s".formatted(Shown.quoted(text), known));
        return constants[0];
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean flag(String key, String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> {
                faults.add(key, Shown.quoted(text) + " is neither true nor false; use one of them");
                yield false;
            }
        };
    }

    /** Whether the text says that there shall be no value. */
    static boolean isNone(String text) {
        return text.equalsIgnoreCase("none");
    }

    /** A whole number within limits, both of which are allowed. */
    long number(String key, String text, long min, long max) {
        return number(key, text, min, max, "");
    }

    /** As {@link #number}, but null for {@code none}. */
    @Nullable
    Long numberOrNone(String key, String text, long min, long max) {
        return isNone(text) ? null : number(key, text, min, max, OR_NONE);
    }

    private long number(String key, String text, long min, long max, String orElse) {
        String bounds = "from %d to %d%s".formatted(min, max, orElse);
        if (!WHOLE_NUMBER.matcher(text).matches()) {
            faults.add(key, "%s is not a whole number; use one %s".formatted(Shown.quoted(text), bounds));
            return min;
        }
        // a number with so many digits is out of bounds whatever they are
        long number = text.length() > 18 ? Long.MAX_VALUE : Long.parseLong(text);
        if (number < min || number > max) {
            faults.add(key, "%s is out of bounds; use a number %s".formatted(Shown.quoted(text), bounds));
            return min;
        }
        return number;
    }

    /**
     * A time span of whole milliseconds within limits, both of which are allowed: {@code 500ms}, {@code 30s}, {@code 2m},
     * {@code PT30S}. A number without a unit is refused, since Quarkus reads it as seconds and PostgreSQL as milliseconds.
     */
    Duration duration(String key, String text, Duration min, Duration max) {
        return duration(key, text, min, max, "");
    }

    /** As {@link #duration}, but null for {@code none}. */
    @Nullable
    Duration durationOrNone(String key, String text, Duration min, Duration max) {
        return isNone(text) ? null : duration(key, text, min, max, OR_NONE);
    }

    private Duration duration(String key, String text, Duration min, Duration max, String orElse) {
        Duration duration = parsed(text);
        String bounds = "from %s to %s%s".formatted(written(min), written(max), orElse);
        if (duration == null) {
            faults.add(
                    key,
                    "%s is not a time span; use a number with the unit ms, s, m or h, %s"
                            .formatted(Shown.quoted(text), bounds));
            return min;
        }
        if (duration.compareTo(min) < 0 || duration.compareTo(max) > 0) {
            faults.add(key, "%s is out of bounds; use a time span %s".formatted(Shown.quoted(text), bounds));
            return min;
        }
        if (!duration.equals(Duration.ofMillis(duration.toMillis()))) {
            faults.add(key, "%s has a part of a millisecond; use whole ones".formatted(Shown.quoted(text)));
        }
        return duration;
    }

    private static @Nullable Duration parsed(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        Matcher number = DURATION.matcher(lower);
        if (number.matches()) {
            long amount = Long.parseLong(number.group(1));
            return switch (number.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
            };
        }
        try {
            return lower.startsWith("p") ? Duration.parse(lower) : null;
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    private static String written(Duration duration) {
        if (duration.toHours() > 0) {
            return duration.toHours() + "h";
        }
        return duration.toSeconds() > 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }

    /** A span of every day, {@code 02:00-04:00}; null for {@code none}, or if the text is no such span. */
    @Nullable
    SwapWindow windowOrNone(String key, String text) {
        if (isNone(text)) {
            return null;
        }
        Matcher window = WINDOW.matcher(text);
        if (!window.matches()) {
            faults.add(
                    key,
                    Shown.quoted(text)
                            + " is not a window such as '02:00-04:00'; use two times from 00:00 to 23:59, in UTC"
                            + OR_NONE);
            return null;
        }
        return parsed(
                key,
                text,
                "use two different times, or none for any time",
                _ -> new SwapWindow(LocalTime.parse(window.group(1)), LocalTime.parse(window.group(2))));
    }

    /** A five-field cron expression that comes round at all, as it is written. */
    String cron(String key, String text) {
        String example =
                "; use five fields (minute, hour, day of month, month, day of week), for example '0 * * * *' for each"
                        + " full hour";
        try {
            if (!CronExpression.parse(text).comesRound()) {
                faults.add(key, Shown.quoted(text) + " names a day that never comes" + example);
            }
        } catch (IllegalArgumentException e) {
            faults.add(key, Shown.quoted(text) + " is no cron expression" + example);
        }
        return text;
    }

    /** A table's name, or null. */
    @Nullable
    QualifiedName table(String key, String text) {
        QualifiedName table = parsed(key, text, "write it as schema.table", QualifiedName::parse);
        if (table != null
                && (table.schema().name().contains(".") || table.name().name().contains("."))) {
            faults.add(
                    key,
                    Shown.quoted(text) + " has a dot within a name, which pg_partman can't handle; rename the table");
            return null;
        }
        if (table != null && table.unquoted().contains("'")) {
            faults.add(
                    key,
                    Shown.quoted(text)
                            + " has an apostrophe in a name, which pg_partman's maintenance can't handle; rename the table");
            return null;
        }
        return table;
    }

    /** A column's name as it stands, or in double quotes; or null. */
    @Nullable
    Identifier column(String key, String text) {
        return parsed(key, text, "give the column's name", name -> {
            boolean quoted = name.length() > 1 && name.startsWith("\"") && name.endsWith("\"");
            return new Identifier(quoted ? name.substring(1, name.length() - 1).replace("\"\"", "\"") : name);
        });
    }

    /** An interval of at least a second, or null. */
    @Nullable
    PartitionInterval interval(String key, String text) {
        PartitionInterval interval = parsed(key, text, "", PartitionInterval::parse);
        if (interval != null && interval.roughLength().compareTo(MAX_INTERVAL) > 0) {
            faults.add(key, Shown.quoted(text) + " is longer than 10000 years; use a shorter interval");
            return null;
        }
        return interval;
    }

    /** A moment in UTC that is not later than {@code now} and not absurdly early, or null. */
    @Nullable
    LocalDateTime pastMoment(String key, String text, LocalDateTime now) {
        LocalDateTime moment;
        try {
            String iso = text.replace(' ', 'T').replaceFirst("Z$", "");
            moment = iso.contains("T")
                    ? LocalDateTime.parse(iso)
                    : LocalDate.parse(iso).atStartOfDay();
        } catch (DateTimeParseException e) {
            faults.add(
                    key,
                    Shown.quoted(text)
                            + " is not a date; use a form such as '2024-12-01' or '2024-12-01T06:00:00', in UTC");
            return null;
        }
        if (moment.isAfter(now)) {
            faults.add(key, Shown.quoted(text) + " is in the future; use the present or an earlier time");
            return null;
        }
        if (moment.getYear() < FIRST_YEAR) {
            faults.add(key, "%s is before the year %d; use a later time".formatted(Shown.quoted(text), FIRST_YEAR));
            return null;
        }
        return moment;
    }

    /** What the model's parser makes of the text, or null; {@code advice} is left out where its message ends with the same. */
    private <T> @Nullable T parsed(String key, String text, String advice, Function<String, T> parser) {
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            String reason = Shown.text(String.valueOf(e.getMessage()));
            faults.add(key, reason.endsWith(advice) ? reason : reason + "; " + advice);
            return null;
        }
    }
}
