package partman.sidecar;

import partman.sidecar.testing.TestDatabase;

/** All that a database holds but rows of the application, as one value: equal before and after means that nothing was changed. */
final class CatalogFingerprint {

    private CatalogFingerprint() {}

    static String of(TestDatabase database) {
        String catalog = database.strings("""
                SELECT string_agg(line, E'\\n' ORDER BY line)
                FROM (SELECT format('relation %s %s.%s %s %s %s %s %s', oid, relnamespace, relname, relkind, relowner,
                                    relfilenode, relacl, relpartbound) AS line
                      FROM pg_class WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_')
                      UNION ALL SELECT format('column %s %s', attrelid::regclass, attname)
                      FROM pg_attribute WHERE attnum > 0
                      UNION ALL SELECT format('schema %s %s', nspname, nspacl)
                      FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
                      UNION ALL SELECT format('extension %s %s', extname, extversion) FROM pg_extension
                      UNION ALL SELECT format('function %s', oid) FROM pg_proc
                      UNION ALL SELECT format('trigger %s %s', tgrelid, tgname) FROM pg_trigger) AS lines
                """).getFirst();
        boolean registered = database.strings("SELECT to_regclass('partman.part_config') IS NOT NULL")
                .contains("true");
        return catalog
                + (registered ? database.strings("SELECT p::text FROM partman.part_config AS p ORDER BY 1") : "");
    }
}
