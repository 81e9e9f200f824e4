package partman.sidecar.catalog;

import partman.sidecar.model.Definition;

/** What of a table must stay as it is while a copy of it is made. */
final class Fingerprint {

    /**
     * Over {@code c}, a row of {@code pg_class}: columns, checks, identity, storage, and the file that holds the rows.
     * {@code TRUNCATE}, {@code VACUUM FULL}, {@code CLUSTER} and every {@code ALTER TABLE} that rewrites give a table a new file, after
     * which neither blocks that were copied nor those still to be copied mean anything. It locks nothing: expressions are taken as
     * they are stored.
     *
     * @see <a href="https://www.postgresql.org/docs/current/storage-file-layout.html">Database File Layout</a>
     */
    static final Definition OF_C = new Definition("""
            pg_catalog.md5(pg_catalog.concat_ws('|', c.oid, pg_catalog.pg_relation_filenode(c.oid), c.reloptions::text,
                (SELECT x.reloptions::text FROM pg_catalog.pg_class AS x WHERE x.oid = c.reltoastrelid),
                (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(',', a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull,
                            a.attidentity, a.attgenerated, a.attstorage, a.attcompression, x.adbin::text, d.description), ';'
                            ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute AS a
                 LEFT JOIN pg_catalog.pg_attrdef AS x ON x.adrelid = a.attrelid AND x.adnum = a.attnum
                 LEFT JOIN pg_catalog.pg_description AS d ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                     AND d.objoid = a.attrelid AND d.objsubid = a.attnum
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(',', k.conname, k.conbin::text, k.conenforced), ';' ORDER BY k.conname)
                 FROM (SELECT k.conname, k.conbin, pg_catalog.to_jsonb(k) ->> 'conenforced' AS conenforced
                       FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'c') AS k),
                (SELECT pg_catalog.string_agg(q::text, ';' ORDER BY q.seqrelid)
                 FROM pg_catalog.pg_depend AS d
                 JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = d.objid
                 WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                   AND d.refobjid = c.oid AND d.deptype = 'i')))""");

    private Fingerprint() {}
}
