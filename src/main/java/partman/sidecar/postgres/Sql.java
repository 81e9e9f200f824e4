package partman.sidecar.postgres;

import static java.util.stream.Collectors.toUnmodifiableSet;

import com.google.errorprone.annotations.CompileTimeConstant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Literal;
import partman.sidecar.model.Splice;

/**
 * One SQL statement. Its text is a compile-time constant; data enters as {@code {name}}, a {@link Splice} that quotes
 * itself, or as {@code :name}, a bind parameter. Neither is looked for inside single quotes, nor in comments.
 */
public final class Sql {

    private static final Pattern TOKEN = Pattern.compile(
            "'(?:[^']|'')*'|--[^\\n]*|/\\*.*?\\*/|::|\\{(?<splice>[a-z_]+)}|:(?<bind>[a-z_]+)", Pattern.DOTALL);

    /** What may hold a question mark that JDBC takes for no parameter, and the question mark that it does. */
    private static final Pattern QUESTION_MARK = Pattern.compile(
            "'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(\\$[a-zA-Z_]*\\$).*?\\1|--[^\\n]*|/\\*.*?\\*/|(?<bare>\\?)",
            Pattern.DOTALL);

    private final Template template;
    private final Map<String, Splice> splices;
    private final Map<String, @Nullable Object> binds;

    private Sql(Template template, Map<String, Splice> splices, Map<String, @Nullable Object> binds) {
        this.template = template;
        this.splices = splices;
        this.binds = binds;
    }

    /**
     * The constant text, taken apart once. Names are looked up as text: a record's own {@code equals} is slow in a native
     * executable, and statements are filled in by the thousand.
     *
     * @param gaps the names of its pieces of that kind
     * @param parameters the names of its pieces of that kind; without any the statement is sent as it is
     */
    private record Template(List<Piece> pieces, Set<String> gaps, Set<String> parameters) {

        static Template of(List<Piece> pieces) {
            return new Template(List.copyOf(pieces), names(pieces, Kind.GAP), names(pieces, Kind.PARAMETER));
        }

        private static Set<String> names(List<Piece> pieces, Kind kind) {
            return pieces.stream()
                    .filter(piece -> piece.kind() == kind)
                    .map(Piece::text)
                    .collect(toUnmodifiableSet());
        }
    }

    private enum Kind {
        TEXT,
        GAP,
        PARAMETER
    }

    /**
     * @param text the text, or the name of the gap or parameter
     * @param jdbcText the text as JDBC takes it in a statement with parameters
     */
    private record Piece(Kind kind, String text, String jdbcText) {

        static Piece text(String text) {
            return new Piece(Kind.TEXT, text, escaped(text));
        }

        static Piece named(Kind kind, String name) {
            return new Piece(kind, name, "?");
        }
    }

    /** The statement with this text; its gaps are still open. */
    public static Sql sql(@CompileTimeConstant final String template) {
        return new Sql(Template.of(parse(template.strip())), Map.of(), Map.of());
    }

    /** A statement that the server itself wrote, whole. */
    public static Sql of(Definition definition) {
        return new Sql(Template.of(List.of(Piece.text(definition.sql()))), Map.of(), Map.of());
    }

    private static List<Piece> parse(String template) {
        List<Piece> pieces = new ArrayList<>();
        Matcher token = TOKEN.matcher(template);
        int end = 0;
        while (token.find()) {
            String splice = token.group("splice");
            String bind = token.group("bind");
            if (splice == null && bind == null) {
                continue;
            }
            pieces.add(Piece.text(template.substring(end, token.start())));
            pieces.add(
                    splice != null
                            ? Piece.named(Kind.GAP, splice)
                            : Piece.named(Kind.PARAMETER, Objects.requireNonNull(bind)));
            end = token.end();
        }
        pieces.add(Piece.text(template.substring(end)));
        return pieces;
    }

    /** This statement with the gap {@code {name}} filled. */
    public Sql with(String name, Splice splice) {
        require(template.gaps().contains(name), "no gap {%s} in: %s", name);
        Map<String, Splice> more = new HashMap<>(splices);
        more.put(name, splice);
        return new Sql(template, more, binds);
    }

    /** This statement with a value for {@code :name}: text, a number, a truth value, a list of text, or null. */
    public Sql bind(String name, @Nullable Object value) {
        require(template.parameters().contains(name), "no parameter :%s in: %s", name);
        Map<String, @Nullable Object> more = new HashMap<>(binds);
        more.put(name, value);
        return new Sql(template, splices, more);
    }

    private void require(boolean condition, String message, String name) {
        if (!condition) {
            throw new IllegalArgumentException(message.formatted(name, template.pieces()));
        }
    }

    /** Whether the statement has bind parameters; without any it is sent as it is. */
    boolean hasBinds() {
        return !template.parameters().isEmpty();
    }

    /** The text as JDBC takes it: a question mark for each parameter, and doubled where it stands for itself. */
    String jdbcText() {
        boolean prepared = hasBinds();
        StringBuilder text = new StringBuilder();
        for (Piece piece : template.pieces()) {
            switch (piece.kind()) {
                case TEXT -> text.append(prepared ? piece.jdbcText() : piece.text());
                case GAP -> text.append(prepared ? escaped(splice(piece.text())) : splice(piece.text()));
                case PARAMETER -> text.append('?');
            }
        }
        return text.toString();
    }

    /** The text with each question mark that JDBC would take for a parameter doubled, which stands for one. */
    private static String escaped(String text) {
        return QUESTION_MARK
                .matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(match.group("bare") == null ? match.group() : "??"));
    }

    /** Values of the parameters in the order of their question marks. */
    List<@Nullable Object> jdbcArguments() {
        List<@Nullable Object> arguments = new ArrayList<>();
        for (Piece piece : template.pieces()) {
            if (piece.kind() == Kind.PARAMETER) {
                arguments.add(value(piece.text()));
            }
        }
        return arguments;
    }

    /** The whole statement as a person could run it in psql, values written in as literals. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Piece piece : template.pieces()) {
            switch (piece.kind()) {
                case TEXT -> text.append(piece.text());
                case GAP -> text.append(splice(piece.text()));
                case PARAMETER -> text.append(literal(value(piece.text())));
            }
        }
        return text.toString();
    }

    private String splice(String name) {
        Splice splice = splices.get(name);
        if (splice == null) {
            throw new IllegalStateException("the gap {" + name + "} is not filled");
        }
        return splice.sql();
    }

    private @Nullable Object value(String name) {
        if (!binds.containsKey(name)) {
            throw new IllegalStateException("the parameter :" + name + " has no value");
        }
        return binds.get(name);
    }

    private static String literal(@Nullable Object value) {
        return switch (value) {
            case null -> "NULL";
            case List<?> list -> {
                List<String> texts = new ArrayList<>();
                for (Object element : list) {
                    texts.add(literal(element));
                }
                yield texts.isEmpty() ? "'{}'" : "ARRAY[" + String.join(", ", texts) + "]";
            }
            case Number number -> number.toString();
            case Boolean flag -> flag.toString();
            default -> Literal.of(value.toString()).sql();
        };
    }
}
