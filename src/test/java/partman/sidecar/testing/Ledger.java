package partman.sidecar.testing;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;

/**
 * {@code public.ledger}, a copy of a table in which {@link Writers} write down what each of their transactions does to the
 * table. The two agree at every moment: a row in which they differ was lost, doubled or brought back by somebody else.
 */
public final class Ledger {

    static final QualifiedName TABLE = QualifiedName.of("public", "ledger");

    /** Most rows that a difference names; it counts them all. */
    private static final int ROWS_NAMED = 10;

    private Ledger() {}

    /** Makes the ledger a copy of the table, and lets a role read and write both. */
    static void open(TestDatabase database, WrittenTable table, String role) {
        String name = table.name().sql();
        database.execute(
                "CREATE TABLE %s AS TABLE %s".formatted(TABLE.sql(), name),
                "ALTER TABLE %s ADD PRIMARY KEY (%s)".formatted(TABLE.sql(), table.key()),
                "CREATE INDEX ON %s (%s)".formatted(TABLE.sql(), table.lookup()),
                "ANALYZE " + TABLE.sql(),
                "GRANT SELECT, INSERT, UPDATE, DELETE ON %s, %s TO %s"
                        .formatted(TABLE.sql(), name, new Identifier(role).sql()));
    }

    /**
     * What the table lacks and what it has too much, each with its number of rows and the first few of them; empty if table
     * and ledger agree exactly. It looks at both in one snapshot, so it may be asked while the writers write.
     */
    public static List<String> difference(TestDatabase database, QualifiedName table) {
        return database.strings("""
                WITH held AS (SELECT t::text AS line FROM %1$s AS t),
                     expected AS (SELECT l::text AS line FROM %2$s AS l),
                     differing AS (
                         SELECT 'lost' AS what, line FROM (TABLE expected EXCEPT ALL TABLE held) AS lost
                         UNION ALL
                         SELECT 'too much', line FROM (TABLE held EXCEPT ALL TABLE expected) AS superfluous)
                (SELECT what || ' in %1$s: ' || count(*) || ' rows' FROM differing GROUP BY what ORDER BY what)
                UNION ALL
                (SELECT what || ': ' || line FROM differing ORDER BY line, what LIMIT %3$d)
                """.formatted(table.sql(), TABLE.sql(), ROWS_NAMED));
    }
}
