package partman.sidecar.report;

import com.google.errorprone.annotations.CompileTimeConstant;
import com.google.errorprone.annotations.Immutable;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A piece of HTML. Markup can only be written in the source: a template is a compile-time constant, and whatever takes the place of a
 * {@code {}} in it is escaped, unless it is such a piece itself. Attribute values stand between double quotes.
 */
@Immutable
final class Html {

    static final Html NOTHING = new Html("");

    private static final String HOLE = "{}";

    private final String markup;

    private Html(String markup) {
        this.markup = markup;
    }

    /** A template, with a value for each {@code {}} in it. */
    static Html of(@CompileTimeConstant final String template, Object... values) {
        StringBuilder markup = new StringBuilder(template.length() + 24 * values.length);
        int from = 0;
        for (Object value : values) {
            int hole = template.indexOf(HOLE, from);
            if (hole < 0) {
                throw new IllegalArgumentException("more values than places for them: " + template);
            }
            markup.append(template, from, hole);
            if (value instanceof Html piece) {
                markup.append(piece.markup);
            } else {
                escape(markup, value.toString());
            }
            from = hole + HOLE.length();
        }
        return new Html(markup.append(template, from, template.length()).toString());
    }

    /** Pieces one behind the other. */
    static Html of(List<Html> pieces) {
        StringBuilder markup = new StringBuilder();
        pieces.forEach(piece -> markup.append(piece.markup));
        return new Html(markup.toString());
    }

    /** Text as text, whatever is in it. */
    static Html text(String text) {
        return of("{}", text);
    }

    /** Its size on the wire. */
    int bytes() {
        return markup.getBytes(StandardCharsets.UTF_8).length;
    }

    @Override
    public String toString() {
        return markup;
    }

    private static void escape(StringBuilder markup, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> markup.append("&amp;");
                case '<' -> markup.append("&lt;");
                case '>' -> markup.append("&gt;");
                case '"' -> markup.append("&quot;");
                case '\'' -> markup.append("&#39;");
                default -> markup.append(isHarmful(c) ? '\uFFFD' : c);
            }
        }
    }

    /** Control characters, which HTML forbids, and those that turn the direction of the text around them. */
    private static boolean isHarmful(char c) {
        return (Character.isISOControl(c) && c != '\n' && c != '\t')
                || (c >= '\u202A' && c <= '\u202E')
                || (c >= '\u2066' && c <= '\u2069');
    }
}
