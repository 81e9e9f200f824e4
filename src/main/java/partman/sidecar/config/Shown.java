package partman.sidecar.config;

import java.util.regex.Pattern;

/** How a value from the settings appears in a message: on one line, and without a password that slipped into it. */
final class Shown {

    private static final int MAX_CHARACTERS = 100;

    private static final Pattern USER_INFO = Pattern.compile("//.*@", Pattern.DOTALL);
    private static final Pattern PASSWORD = Pattern.compile("(?i)(passw(?:or)?d|pwd)(\\s*[=:]\\s*).*", Pattern.DOTALL);
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private Shown() {}

    /** The value in single quotes, its end left out if it is long. */
    static String quoted(String value) {
        int characters = value.codePointCount(0, value.length());
        if (characters <= MAX_CHARACTERS) {
            return "'" + text(value) + "'";
        }
        return "'" + text(value.substring(0, value.offsetByCodePoints(0, MAX_CHARACTERS))) + "…'";
    }

    /** A text that holds the value, for example the message of the parser that refused it. */
    static String text(String text) {
        String clean = USER_INFO.matcher(text).replaceAll("//***@");
        clean = PASSWORD.matcher(clean).replaceAll("$1$2***");
        return CONTROL.matcher(clean).replaceAll("?");
    }
}
