package partman.sidecar.model;

/**
 * SQL that the server wrote about its own objects ({@code pg_get_indexdef} and its kin, or {@code format('%I')} over the
 * catalog). Built in package {@code catalog} only: nothing that a person typed may become one.
 */
public record Definition(String sql) implements Splice {}
