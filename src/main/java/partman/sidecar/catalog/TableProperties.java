package partman.sidecar.catalog;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Everything about a table, but for its rows, that its users could miss: said in words that do not depend on whether it is
 * plain or partitioned, so that what was there before a conversion can be compared with what is there after it.
 */
public final class TableProperties {

    /**
     * Storage options, tablespace and replica identity of a partitioned table are those of its partitions. Sequence values
     * are left out: others may draw from a sequence at any time.
     */
    private static final Sql PROPERTIES = Sql.sql("""
            WITH target AS MATERIALIZED (
                SELECT c.* FROM pg_catalog.pg_class AS c WHERE c.oid = {table}::regclass),
            leaf AS MATERIALIZED (
                SELECT c.*
                FROM pg_catalog.pg_class AS c
                WHERE c.oid IN (SELECT t.oid FROM target AS t WHERE t.relkind = 'r'
                                UNION ALL
                                SELECT p.relid FROM target AS t, pg_catalog.pg_partition_tree(t.oid) AS p WHERE p.isleaf)),
            acl AS (
                SELECT 'grant' AS kind, NULL::text AS object, a.*
                FROM target AS t, pg_catalog.aclexplode(COALESCE(t.relacl, pg_catalog.acldefault('r', t.relowner))) AS a
                UNION ALL
                SELECT 'column grant', pg_catalog.quote_ident(c.attname), a.*
                FROM target AS t
                JOIN pg_catalog.pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped,
                pg_catalog.aclexplode(c.attacl) AS a
                UNION ALL
                SELECT 'sequence grant', pg_catalog.quote_ident(s.relname), a.*
                FROM target AS t
                JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                    AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S',
                pg_catalog.aclexplode(COALESCE(s.relacl, pg_catalog.acldefault('s', s.relowner))) AS a),
            comments AS (
                SELECT 'table' AS kind, ''::text AS name, t.oid, 'pg_class' AS catalog FROM target AS t
                UNION ALL
                SELECT 'constraint', c.conname, c.oid, 'pg_constraint'
                FROM target AS t JOIN pg_catalog.pg_constraint AS c ON c.conrelid = t.oid
                UNION ALL
                SELECT 'index', c.relname, c.oid, 'pg_class'
                FROM target AS t
                JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                UNION ALL
                SELECT 'trigger', g.tgname, g.oid, 'pg_trigger'
                FROM target AS t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgname <> 'partman_sidecar_capture'
                UNION ALL
                SELECT 'policy', p.polname, p.oid, 'pg_policy'
                FROM target AS t JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.oid
                UNION ALL
                SELECT 'statistics', s.stxname, s.oid, 'pg_statistic_ext'
                FROM target AS t JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid)
            SELECT 'owner' AS kind, '' AS name, pg_catalog.pg_get_userbyid(t.relowner)::text AS value FROM target AS t
            UNION ALL
            SELECT a.kind,
                   pg_catalog.concat_ws(' ', a.privilege_type, 'on ' || a.object, 'to',
                       CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END),
                   CASE WHEN pg_catalog.bool_or(a.is_grantable) THEN 'with grant option' ELSE 'granted' END
            FROM acl AS a
            GROUP BY a.kind, a.object, a.privilege_type, a.grantee
            UNION ALL
            SELECT 'column', a.attname,
                   pg_catalog.concat_ws(', ',
                       'position ' || pg_catalog.row_number() OVER (ORDER BY a.attnum),
                       pg_catalog.format_type(a.atttypid, a.atttypmod),
                       'collation ' || NULLIF(a.attcollation, 0)::regcollation::text,
                       CASE WHEN a.attnotnull THEN 'not null' END,
                       'default ' || pg_catalog.pg_get_expr(x.adbin, x.adrelid),
                       'identity ' || NULLIF(a.attidentity, '')::text,
                       'generated ' || NULLIF(a.attgenerated, '')::text,
                       'storage ' || a.attstorage::text,
                       'compression ' || NULLIF(a.attcompression, '')::text,
                       'statistics ' || NULLIF(a.attstattarget, -1),
                       'options ' || {column_options})
            FROM target AS t
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_catalog.pg_attrdef AS x ON x.adrelid = a.attrelid AND x.adnum = a.attnum
            UNION ALL
            SELECT 'storage option', o.name, CASE WHEN pg_catalog.count(*) = (SELECT pg_catalog.count(*) FROM leaf) THEN 'set' END
            FROM (SELECT pg_catalog.unnest(l.reloptions) AS name FROM leaf AS l
                  UNION ALL
                  SELECT 'toast.' || pg_catalog.unnest(c.reloptions)
                  FROM leaf AS l JOIN pg_catalog.pg_class AS c ON c.oid = l.reltoastrelid) AS o
            GROUP BY o.name
            UNION ALL
            SELECT DISTINCT 'tablespace', s.spcname, '' FROM leaf AS l JOIN pg_catalog.pg_tablespace AS s ON s.oid = l.reltablespace
            UNION ALL
            SELECT 'row security', '', pg_catalog.format('enabled %s, forced %s', t.relrowsecurity, t.relforcerowsecurity)
            FROM target AS t
            UNION ALL
            SELECT 'policy', p.polname,
                   pg_catalog.concat_ws(', ', p.polcmd::text, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                       'to ' || ARRAY(SELECT CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(r.oid) END
                                      FROM pg_catalog.unnest(p.polroles) AS r (oid) ORDER BY 1)::text,
                       'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                       'check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
            FROM target AS t JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.oid
            UNION ALL
            SELECT 'trigger', g.tgname, pg_catalog.format('%s, enabled %s', pg_catalog.pg_get_triggerdef(g.oid), g.tgenabled)
            FROM target AS t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgname <> 'partman_sidecar_capture'
            UNION ALL
            SELECT 'replica identity', '', pg_catalog.string_agg(DISTINCT x.relreplident::text, ', ')
                       || COALESCE((SELECT ' ' || c.relname
                                    FROM target AS t
                                    JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid AND i.indisreplident
                                    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid), '')
            FROM (SELECT t.relreplident FROM target AS t UNION ALL SELECT l.relreplident FROM leaf AS l) AS x
            UNION ALL
            SELECT 'publication', p.pubname,
                   pg_catalog.concat_ws(', ', 'where ' || pg_catalog.pg_get_expr(r.prqual, r.prrelid),
                       'columns ' || (SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attname)
                                      FROM pg_catalog.pg_attribute AS a
                                      WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)))
            FROM target AS t
            JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = t.oid
            JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
            UNION ALL
            SELECT 'index', c.relname,
                   pg_catalog.concat_ws(', ', CASE WHEN i.indisunique THEN 'unique' END, CASE WHEN i.indisprimary THEN 'primary' END,
                       CASE WHEN NOT i.indisvalid THEN 'invalid' END, 'tablespace ' || s.spcname,
                       pg_catalog.substr(d.text, pg_catalog.strpos(d.text, ' USING ')))
            FROM target AS t
            JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
            CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(i.indexrelid)) AS d (text)
            UNION ALL
            SELECT 'constraint', c.conname,
                   pg_catalog.pg_get_constraintdef(c.oid) || CASE WHEN c.convalidated THEN '' ELSE ', not validated' END
            FROM target AS t JOIN pg_catalog.pg_constraint AS c ON c.conrelid = t.oid AND c.contype <> 't'
                AND (c.contype <> 'f' OR c.conparentid = 0) -- others belong to one that refers to a partitioned table
            UNION ALL
            SELECT 'statistics', n.nspname || '.' || s.stxname,
                   pg_catalog.concat_ws(', ', pg_catalog.pg_get_userbyid(s.stxowner), 'target ' || NULLIF(s.stxstattarget, -1),
                       pg_catalog.pg_get_statisticsobjdef(s.oid))
            FROM target AS t
            JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
            UNION ALL
            SELECT 'sequence', n.nspname || '.' || s.relname,
                   pg_catalog.format('of %s (%s), %s start %s by %s from %s to %s cache %s cycle %s', a.attname, d.deptype,
                       q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle)
            FROM target AS t
            JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
            JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
            JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = s.oid
            UNION ALL
            SELECT 'comment', pg_catalog.concat_ws(' ', c.kind, NULLIF(c.name, '')),
                   pg_catalog.obj_description(c.oid, c.catalog)
            FROM comments AS c
            WHERE pg_catalog.obj_description(c.oid, c.catalog) IS NOT NULL
            UNION ALL
            SELECT 'comment', 'column ' || a.attname, pg_catalog.col_description(t.oid, a.attnum)
            FROM target AS t
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE pg_catalog.col_description(t.oid, a.attnum) IS NOT NULL
            UNION ALL
            SELECT DISTINCT 'view', v.oid::regclass::text,
                   pg_catalog.concat_ws(', ', pg_catalog.pg_get_userbyid(v.relowner), v.relacl::text, v.reloptions::text,
                       pg_catalog.obj_description(v.oid, 'pg_class'), pg_catalog.pg_get_viewdef(v.oid))
            FROM target AS t
            JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                AND d.classid = 'pg_rewrite'::regclass
            JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
            JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.oid <> t.oid
            """);

    /** Grants and views come and go without a lock on the table that would keep them out. */
    private static final Sql UNGUARDED = Sql.sql("""
            SELECT pg_catalog.concat_ws('|', c.relacl::text, pg_catalog.pg_get_userbyid(c.relowner),
                       (SELECT pg_catalog.string_agg(a.attacl::text, ';' ORDER BY a.attnum)
                        FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL),
                       (SELECT pg_catalog.string_agg(d.objid::text, ';' ORDER BY d.objid)
                        FROM pg_catalog.pg_depend AS d
                        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                          AND d.classid = 'pg_rewrite'::regclass)) AS unguarded
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = {table}::regclass
            """);

    private final Map<String, String> values;

    private TableProperties(Map<String, String> values) {
        this.values = values;
    }

    /** Reads the properties of a table that exists. */
    public static TableProperties of(Session session, QualifiedName table) {
        Map<String, String> values = new LinkedHashMap<>();
        session.query(
                PROPERTIES.with("table", Literal.of(table.sql())).with("column_options", ColumnOptions.OF_A),
                row -> values.put(
                        (row.text("kind") + " " + row.text("name")).strip(), String.valueOf(row.textOrNull("value"))));
        return new TableProperties(values);
    }

    /**
     * What of the table others may change while a session locks it against schema changes only; equal as long as nobody has. Cheap,
     * so that it can be read while nobody else may use the table.
     */
    public static String unguarded(Session session, QualifiedName table) {
        return session.requireOne(
                UNGUARDED.with("table", Literal.of(table.sql())), row -> String.valueOf(row.textOrNull("unguarded")));
    }

    /** The same properties but for the foreign keys and comments on them, which an online conversion adds last. */
    public TableProperties withoutForeignKeys() {
        Map<String, String> rest = new LinkedHashMap<>(values);
        values.forEach((property, value) -> {
            if (property.startsWith("constraint ") && value.startsWith("FOREIGN KEY")) {
                rest.remove(property);
                rest.remove("comment " + property);
            }
        });
        return new TableProperties(rest);
    }

    /** What {@code successor} lacks, has differently or has too much, a line each; empty if both are alike. */
    public List<String> differencesTo(TableProperties successor) {
        List<String> differences = new ArrayList<>();
        values.forEach((property, value) -> {
            String other = successor.values.get(property);
            if (other == null) {
                differences.add("%s (%s) would be lost".formatted(property, value));
            } else if (!other.equals(value)) {
                differences.add("%s would change from (%s) to (%s)".formatted(property, value, other));
            }
        });
        successor.values.forEach((property, value) -> {
            if (!values.containsKey(property)) {
                differences.add("%s (%s) would be added".formatted(property, value));
            }
        });
        return differences;
    }
}
