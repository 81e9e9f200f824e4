package partman.sidecar.config;

import static java.util.stream.Collectors.toUnmodifiableSet;

import io.smallrye.config.ConfigMappings.ConfigClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The keys that {@link SidecarConfig} defines. A key of a table has three parts: {@code partman.tables.}, the key that the
 * user chose, and one of the table's settings.
 */
final class KnownKeys {

    static final String PREFIX = "partman.";
    static final String TABLES = "partman.tables.";

    private static final String ANY_TABLE = TABLES + "*.";
    private static final ConfigClass CLASS = ConfigClass.configClass(SidecarConfig.class);

    /** Such a key can be written in an environment variable and read back from it. */
    private static final Pattern TABLE_KEY = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

    /** Keys without a table's: {@code partman.mode}. */
    private static final Set<String> PLAIN = CLASS.getProperties().keySet().stream()
            .filter(key -> !key.startsWith(TABLES))
            .collect(toUnmodifiableSet());

    /** Last parts of a table's keys, the longest first, since one may end with another: {@code retention-keep-table}. */
    private static final List<String> TABLE_SETTINGS = CLASS.getProperties().keySet().stream()
            .filter(key -> key.startsWith(ANY_TABLE))
            .map(key -> key.substring(ANY_TABLE.length()))
            .sorted(Comparator.comparingInt(String::length).reversed().thenComparing(Comparator.naturalOrder()))
            .toList();

    private KnownKeys() {}

    /** What is wrong with a key: no setting has it, or the table's key in it has another form than wanted. */
    static Optional<String> findFault(String key) {
        if (PLAIN.contains(key)) {
            return Optional.empty();
        }
        for (String setting : TABLE_SETTINGS) {
            int end = key.length() - setting.length() - 1;
            if (key.startsWith(TABLES) && key.endsWith("." + setting) && end > TABLES.length()) {
                String tableKey = key.substring(TABLES.length(), end);
                return TABLE_KEY.matcher(tableKey).matches()
                        ? Optional.empty()
                        : Optional.of("a table's key has lower-case letters, digits and single hyphens only, so that an"
                                + " environment variable can name it; rename " + Shown.quoted(tableKey));
            }
        }
        return Optional.of("no such setting; did you mean " + nearest(key) + "?");
    }

    private static String nearest(String key) {
        List<String> candidates = new ArrayList<>(PLAIN);
        int lastDot = key.lastIndexOf('.');
        String table =
                key.startsWith(TABLES) && lastDot > TABLES.length() ? key.substring(0, lastDot) : TABLES + "<key>";
        TABLE_SETTINGS.forEach(setting -> candidates.add(table + "." + setting));
        return nearest(key, candidates).orElse("partman.mode");
    }

    /**
     * The key that an environment variable stands for, or empty if none. Where a table's key ends can be told by what follows:
     * {@code PARTMAN_TABLES_BIG_ORDERS_NAME} is {@code partman.tables.big-orders.name}.
     */
    static Optional<String> ofVariable(String variable) {
        for (String key : PLAIN) {
            if (variable(key).equals(variable)) {
                return Optional.of(key);
            }
        }
        String tables = variable(TABLES);
        for (String setting : TABLE_SETTINGS) {
            String end = "_" + variable(setting);
            if (variable.startsWith(tables)
                    && variable.endsWith(end)
                    && variable.length() > tables.length() + end.length()) {
                String tableKey = variable.substring(tables.length(), variable.length() - end.length());
                return Optional.of(TABLES + tableKey.toLowerCase(Locale.ROOT).replace('_', '-') + "." + setting);
            }
        }
        return Optional.empty();
    }

    /** The known environment variable that looks most like an unknown one. */
    static String nearestVariable(String variable) {
        List<String> candidates = new ArrayList<>();
        PLAIN.forEach(key -> candidates.add(variable(key)));
        String tables = variable(TABLES);
        TABLE_SETTINGS.forEach(setting -> candidates.add(tables + "<KEY>_" + variable(setting)));
        for (int end = tables.length() + 1; end < variable.length() && variable.startsWith(tables); end++) {
            if (variable.charAt(end) == '_') {
                String table = variable.substring(0, end + 1);
                TABLE_SETTINGS.forEach(setting -> candidates.add(table + variable(setting)));
            }
        }
        return nearest(variable, candidates).orElse("PARTMAN_MODE");
    }

    private static String variable(String key) {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** The candidate with the fewest letters to change; separators and case do not count. */
    static Optional<String> nearest(String text, List<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt((String candidate) -> distance(letters(text), letters(candidate)))
                        .thenComparing(Comparator.naturalOrder()));
    }

    private static String letters(String text) {
        return text.toLowerCase(Locale.ROOT).replaceAll("[._-]", "");
    }

    /** Number of letters to insert, to leave out or to change, until {@code a} is {@code b} (Levenshtein's distance). */
    static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int changed = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(changed, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
