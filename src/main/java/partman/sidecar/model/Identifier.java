package partman.sidecar.model;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The name of one database object, quoted wherever it becomes SQL. */
public record Identifier(String name) implements Splice {

    /** Longest name that PostgreSQL keeps whole, in bytes (NAMEDATALEN - 1); it silently cuts longer ones. */
    public static final int MAX_BYTES = 63;

    public Identifier {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a name must not be empty");
        }
        if (name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a name must not hold the NUL character");
        }
        if (bytes(name) > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "'%s' is longer than the %d bytes that PostgreSQL keeps of a name".formatted(name, MAX_BYTES));
        }
    }

    /**
     * The name made of {@code prefix} and {@code rest}. If that is too long for PostgreSQL its end gives way to a checksum, so
     * that two long names stay two.
     */
    public static Identifier ofCut(String prefix, String rest) {
        String whole = prefix + rest;
        if (bytes(whole) <= MAX_BYTES) {
            return new Identifier(whole);
        }
        CRC32 checksum = new CRC32();
        checksum.update(rest.getBytes(StandardCharsets.UTF_8));
        return withSuffix(whole, "_%08x".formatted(checksum.getValue()));
    }

    /** The name made of {@code name}, cut at a whole character if need be, and all of {@code suffix}. */
    public static Identifier withSuffix(String name, String suffix) {
        String stem = name;
        while (bytes(stem + suffix) > MAX_BYTES) {
            stem = stem.substring(0, stem.offsetByCodePoints(stem.length(), -1));
        }
        return new Identifier(stem + suffix);
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    @Override
    public String sql() {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** As a record's own, which a native executable interprets: names are keys, and are compared most often of all. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || (other instanceof Identifier identifier && name.equals(identifier.name));
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
