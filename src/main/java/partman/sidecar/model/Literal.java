package partman.sidecar.model;

/** A value written into a statement that takes no bind parameters (DDL, {@code SET}). */
public record Literal(String sql) implements Splice {

    /** Text in single quotes; every session sets {@code standard_conforming_strings}, so a backslash means itself. */
    public static Literal of(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("PostgreSQL text must not hold the NUL character");
        }
        return new Literal('\'' + text.replace("'", "''") + '\'');
    }

    public static Literal of(long number) {
        return new Literal(Long.toString(number));
    }

    public static Literal of(boolean flag) {
        return new Literal(Boolean.toString(flag));
    }
}
