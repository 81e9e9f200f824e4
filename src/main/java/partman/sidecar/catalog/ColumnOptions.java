package partman.sidecar.catalog;

import partman.sidecar.model.Definition;

/** The options of a column that somebody has set ({@code ALTER COLUMN … SET}). */
final class ColumnOptions {

    /**
     * Over {@code a}, a row of {@code pg_attribute}: the options, with commas; null if there are none. The server's own are left out,
     * as {@code pg_dump} does: PostgreSQL 17.12 stamps each column with a {@code pg_attver} of its own, which no other column can
     * have or be given.
     */
    static final Definition OF_A = new Definition("""
            NULLIF(pg_catalog.array_to_string(ARRAY(SELECT o.option FROM pg_catalog.unnest(a.attoptions) AS o (option)
                WHERE NOT pg_catalog.starts_with(o.option, 'pg_') ORDER BY o.option), ', '), '')""");

    private ColumnOptions() {}
}
