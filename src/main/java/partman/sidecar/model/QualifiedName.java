package partman.sidecar.model;

import org.jspecify.annotations.Nullable;

/** A table's name with its schema. */
public record QualifiedName(Identifier schema, Identifier name) implements Splice, Comparable<QualifiedName> {

    public static QualifiedName of(String schema, String name) {
        return new QualifiedName(new Identifier(schema), new Identifier(name));
    }

    /**
     * Reads {@code schema.table} as people write it in settings: a part without quotes is taken as it stands (case included),
     * a part in double quotes may hold dots. A name without a schema is in {@code public}.
     *
     * @throws IllegalArgumentException if the text is no such name; the message says why
     */
    public static QualifiedName parse(String text) {
        int end = endOfPart(text, 0);
        if (end == text.length()) {
            return new QualifiedName(new Identifier("public"), part(text));
        }
        String rest = text.substring(end + 1);
        if (endOfPart(rest, 0) != rest.length()) {
            throw new IllegalArgumentException("'" + text + "' has more than two parts; write it as schema.table");
        }
        return new QualifiedName(part(text.substring(0, end)), part(rest));
    }

    /** Index of the first dot outside quotes from {@code from} on, or the text's length. */
    private static int endOfPart(String text, int from) {
        boolean quoted = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (c == '.' && !quoted) {
                return i;
            }
        }
        if (quoted) {
            throw new IllegalArgumentException("'" + text + "' has an unclosed double quote");
        }
        return text.length();
    }

    private static Identifier part(String text) {
        if (text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")) {
            return new Identifier(text.substring(1, text.length() - 1).replace("\"\"", "\""));
        }
        return new Identifier(text);
    }

    /** The same table name in another schema. */
    public QualifiedName in(Identifier otherSchema) {
        return new QualifiedName(otherSchema, name);
    }

    /** Another table of the same schema. */
    public QualifiedName withName(Identifier otherName) {
        return new QualifiedName(schema, otherName);
    }

    /** The name as pg_partman writes it in {@code part_config.parent_table}: no quotes at all. */
    public String unquoted() {
        return schema.name() + "." + name.name();
    }

    @Override
    public String sql() {
        return schema.sql() + "." + name.sql();
    }

    @Override
    public int compareTo(QualifiedName other) {
        return unquoted().compareTo(other.unquoted());
    }

    /** Written out for the same reason as that of {@link Identifier}. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof QualifiedName table && name.equals(table.name) && schema.equals(table.schema));
    }

    @Override
    public int hashCode() {
        return 31 * schema.hashCode() + name.hashCode();
    }

    @Override
    public String toString() {
        return unquoted();
    }
}
