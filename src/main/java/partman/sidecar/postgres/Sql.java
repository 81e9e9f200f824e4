package partman.sidecar.postgres;

import com.google.errorprone.annotations.CompileTimeConstant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

    private final List<Piece> pieces;
    private final Map<String, Splice> splices;
    private final Map<String, @Nullable Object> binds;

    private Sql(List<Piece> pieces, Map<String, Splice> splices, Map<String, @Nullable Object> binds) {
        this.pieces = pieces;
        this.splices = splices;
        this.binds = binds;
    }

    private sealed interface Piece {
        record Text(String text) implements Piece {}

        record Gap(String name) implements Piece {}

        record Bind(String name) implements Piece {}
    }

    /** The statement with this text; its gaps are still open. */
    public static Sql sql(@CompileTimeConstant final String template) {
        return new Sql(parse(template.strip()), Map.of(), Map.of());
    }

    /** A statement that the server itself wrote, whole. */
    public static Sql of(Definition definition) {
        return new Sql(List.of(new Piece.Text(definition.sql())), Map.of(), Map.of());
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
            pieces.add(new Piece.Text(template.substring(end, token.start())));
            pieces.add(splice != null ? new Piece.Gap(splice) : new Piece.Bind(Objects.requireNonNull(bind)));
            end = token.end();
        }
        pieces.add(new Piece.Text(template.substring(end)));
        return List.copyOf(pieces);
    }

    /** This statement with the gap {@code {name}} filled. */
    public Sql with(String name, Splice splice) {
        require(pieces.contains(new Piece.Gap(name)), "no gap {%s} in: %s", name);
        Map<String, Splice> more = new HashMap<>(splices);
        more.put(name, splice);
        return new Sql(pieces, more, binds);
    }

    /** This statement with a value for {@code :name}: text, a number, a truth value, a list of text, or null. */
    public Sql bind(String name, @Nullable Object value) {
        require(pieces.contains(new Piece.Bind(name)), "no parameter :%s in: %s", name);
        Map<String, @Nullable Object> more = new HashMap<>(binds);
        more.put(name, value);
        return new Sql(pieces, splices, more);
    }

    private void require(boolean condition, String message, String name) {
        if (!condition) {
            throw new IllegalArgumentException(message.formatted(name, pieces));
        }
    }

    /** Whether the statement has bind parameters; without any it is sent as it is. */
    boolean hasBinds() {
        return pieces.stream().anyMatch(Piece.Bind.class::isInstance);
    }

    /** The text as JDBC takes it: a question mark for each parameter, and doubled where it stands for itself. */
    String jdbcText() {
        boolean prepared = hasBinds();
        StringBuilder text = new StringBuilder();
        for (Piece piece : pieces) {
            switch (piece) {
                case Piece.Text(String constant) -> text.append(prepared ? escaped(constant) : constant);
                case Piece.Gap(String name) -> text.append(prepared ? escaped(splice(name)) : splice(name));
                case Piece.Bind _ -> text.append('?');
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
        for (Piece piece : pieces) {
            if (piece instanceof Piece.Bind(String name)) {
                arguments.add(value(name));
            }
        }
        return arguments;
    }

    /** The whole statement as a person could run it in psql, values written in as literals. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Piece piece : pieces) {
            switch (piece) {
                case Piece.Text(String constant) -> text.append(constant);
                case Piece.Gap(String name) -> text.append(splice(name));
                case Piece.Bind(String name) -> text.append(literal(value(name)));
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
