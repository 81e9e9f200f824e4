package partman.sidecar.catalog;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Reads what the conversion of a plain table depends on, or of a default partition, whose rows are moved in the same way. One of its
 * queries reads the whole table: it counts rows by time.
 */
public final class Shapes {

    private static final Sql FACTS = Sql.sql("""
            SELECT c.oid,
                   pg_catalog.pg_get_userbyid(c.relowner) AS owner,
                   {fingerprint} AS fingerprint,
                   (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique)
                       AS unique_indexes,
                   COALESCE((SELECT y.typname
                             FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid
                             WHERE a.attrelid = c.oid AND a.attname = :control AND a.attnum > 0), '') AS control_type,
                   pg_catalog.pg_total_relation_size(c.oid) AS total_bytes,
                   ARRAY(SELECT a.attname::text
                         FROM pg_catalog.pg_attribute AS a
                         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                         ORDER BY a.attnum) AS columns,
                   NOT EXISTS (
                       SELECT
                       FROM pg_catalog.pg_attribute AS a
                       JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
                       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                         AND NOT EXISTS (
                             SELECT
                             FROM pg_catalog.pg_opclass AS o
                             JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'hash'
                             JOIN pg_catalog.pg_amproc AS f ON f.amprocfamily = o.opcfamily AND f.amprocnum = 2
                                 AND f.amproclefttype = o.opcintype
                             WHERE o.opcdefault
                               AND o.opcintype IN (t.oid, CASE t.typname WHEN 'varchar' THEN 'text'::regtype END))) AS hashable
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = {table}::regclass
            """);

    /**
     * The primary key if it will do, else what replication knows rows by, else the shortest. Its columns are compared by the operators
     * of the index, which need not be those that the search path would give.
     */
    private static final Sql ROW_KEY = Sql.sql("""
            SELECT ARRAY(SELECT a.attname::text
                         FROM pg_catalog.unnest((i.indkey::smallint[])[0 : i.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, position)
                         JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                         ORDER BY k.position) AS columns,
                   (SELECT pg_catalog.string_agg(pg_catalog.format('s.%I OPERATOR(%I.%s) k.partman_key_%s', a.attname, n.nspname,
                               o.oprname, k.position), ' AND ' ORDER BY k.position)
                    FROM pg_catalog.unnest((i.indkey::smallint[])[0 : i.indnkeyatts - 1]) WITH ORDINALITY AS k (attnum, position)
                    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                    JOIN pg_catalog.pg_opclass AS p ON p.oid = i.indclass[k.position - 1]
                    JOIN pg_catalog.pg_amop AS m ON m.amopfamily = p.opcfamily AND m.amoplefttype = p.opcintype
                        AND m.amoprighttype = p.opcintype AND m.amopstrategy = 3
                    JOIN pg_catalog.pg_operator AS o ON o.oid = m.amopopr
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace) AS match
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_am AS m ON m.oid = c.relam AND m.amname = 'btree'
            WHERE i.indrelid = {table}::regclass
              AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
              AND NOT EXISTS (
                  SELECT
                  FROM pg_catalog.pg_attribute AS a
                  WHERE a.attrelid = i.indrelid AND NOT a.attnotnull
                    AND a.attnum = ANY ((i.indkey::smallint[])[0 : i.indnkeyatts - 1]))
            ORDER BY i.indisprimary DESC, i.indisreplident DESC, i.indnkeyatts, c.relname
            LIMIT 1
            """);

    /** Over {@code t}, a table: the obstacles to giving its place to another one that are the same in both directions. */
    static final String BOUND_T = """
            SELECT 'it has security labels, which would be lost' FROM t
            WHERE EXISTS (SELECT FROM pg_catalog.pg_seclabel AS s WHERE s.classoid = 'pg_class'::regclass AND s.objoid = t.oid)
            UNION ALL
            SELECT 'it belongs to the extension ' || e.extname
            FROM t
            JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e'
            JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
            """;

    /**
     * Over {@code t}, a table: {@code depends}, the objects that depend on it and that a table which takes its place can't be given; for
     * a list of common table expressions.
     */
    static final String DEPENDS_ON_T = """
            depends AS (
                SELECT DISTINCT d.classid, d.objid, d.objsubid
                FROM t
                JOIN pg_catalog.pg_type AS y ON y.oid = t.reltype
                JOIN pg_catalog.pg_depend AS d
                    ON (d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid)
                    OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray))
                LEFT JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                LEFT JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class
                LEFT JOIN pg_catalog.pg_constraint AS k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
                LEFT JOIN pg_catalog.pg_trigger AS g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
                LEFT JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
                LEFT JOIN pg_catalog.pg_attrdef AS x ON d.classid = 'pg_attrdef'::regclass AND x.oid = d.objid
                LEFT JOIN pg_catalog.pg_class AS o ON d.classid = 'pg_class'::regclass AND o.oid = d.objid
                LEFT JOIN pg_catalog.pg_type AS z ON d.classid = 'pg_type'::regclass AND z.oid = d.objid
                WHERE NOT COALESCE(v.relkind = 'v', false)
                  AND NOT COALESCE(k.conrelid = t.oid AND k.confrelid <> t.oid, false)
                  AND NOT COALESCE(k.conparentid <> 0, false)
                  AND NOT COALESCE(g.tgrelid = t.oid OR g.tgisinternal, false)
                  AND NOT COALESCE(p.polrelid = t.oid, false)
                  AND NOT COALESCE(x.adrelid = t.oid, false)
                  AND NOT COALESCE(o.oid = t.oid OR o.relispartition OR o.relkind IN ('i', 'I', 't', 'S') AND d.deptype IN ('a', 'i', 'P', 'S'), false)
                  AND NOT COALESCE(z.typrelid = t.oid OR z.oid = y.typarray, false)
                  AND d.classid NOT IN ('pg_publication_rel'::regclass, 'pg_statistic_ext'::regclass, 'pg_publication_namespace'::regclass))
            """;

    /** Each row is one reason why the table can't be converted, in words that say what to change. */
    private static final Sql OBSTACLES = Sql.sql("""
            WITH t AS MATERIALIZED (
                SELECT c.*, n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                WHERE c.oid = {table}::regclass),
            control AS (
                SELECT a.*, y.typname
                FROM t
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attname = :control AND a.attnum > 0 AND NOT a.attisdropped
                JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid),
            parent AS (
                SELECT c.oid, c.relname, c.relnamespace
                FROM t
                JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.oid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent
                WHERE t.relispartition),
            """ + DEPENDS_ON_T + """
            SELECT 'the role ' || CURRENT_USER || ' does not own it: GRANT ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(t.relowner))
                       || ' TO ' || pg_catalog.quote_ident(CURRENT_USER) AS obstacle
            FROM t WHERE NOT pg_catalog.pg_has_role(t.relowner, 'USAGE')
            UNION ALL
            SELECT pg_catalog.format('%s has no right to create in schema %I: GRANT CREATE ON SCHEMA %I TO %I', r.name, t.nspname, t.nspname, r.name)
            FROM t, (SELECT CURRENT_USER::text UNION SELECT pg_catalog.pg_get_userbyid(t.relowner) FROM t) AS r (name)
            WHERE NOT pg_catalog.has_schema_privilege(r.name, t.relnamespace, 'CREATE')
            UNION ALL
            SELECT pg_catalog.format('%s has no right to create schemas: GRANT CREATE ON DATABASE %I TO %I', CURRENT_USER,
                       pg_catalog.current_database(), CURRENT_USER)
            WHERE NOT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
            UNION ALL
            SELECT pg_catalog.format('%s has no right to create in schema %I: GRANT CREATE ON SCHEMA %I TO %I', CURRENT_USER, n.nspname,
                       n.nspname, CURRENT_USER)
            FROM pg_catalog.pg_namespace AS n
            WHERE n.nspname = :partman AND NOT pg_catalog.has_schema_privilege(n.oid, 'CREATE')
            UNION ALL
            SELECT pg_catalog.format('row-level security is forced on its owner too and would hide rows from %I: '
                       'ALTER ROLE %I BYPASSRLS', CURRENT_USER, CURRENT_USER)
            FROM t
            WHERE t.relforcerowsecurity
              AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles AS r WHERE r.rolname = CURRENT_USER)
            UNION ALL
            SELECT 'it has no column ' || :control || ': set control to the column to partition by' WHERE NOT EXISTS (SELECT FROM control)
            UNION ALL
            SELECT pg_catalog.format('the control column is a %s; pg_partman partitions by timestamp, timestamptz or date', c.typname)
            FROM control AS c WHERE c.typname NOT IN ('timestamp', 'timestamptz', 'date')
            UNION ALL
            SELECT pg_catalog.format('the control column may be null: ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', c.attrelid::regclass, c.attname)
            FROM control AS c WHERE NOT c.attnotnull
            UNION ALL
            SELECT 'the control column is generated, which PostgreSQL can''t partition by' FROM control AS c WHERE c.attgenerated <> ''
            UNION ALL
            SELECT CASE t.relpersistence WHEN 'u' THEN 'it is unlogged: ALTER TABLE ' || t.oid::regclass || ' SET LOGGED' ELSE 'it is temporary' END
            FROM t WHERE t.relpersistence <> 'p'
            UNION ALL
            SELECT 'it is a typed table (OF ' || t.reloftype::regtype || '): ALTER TABLE ' || t.oid::regclass || ' NOT OF' FROM t WHERE t.reloftype <> 0
            UNION ALL
            SELECT 'it uses the access method ' || m.amname || ', not heap' FROM t JOIN pg_catalog.pg_am AS m ON m.oid = t.relam WHERE m.amname <> 'heap'
            UNION ALL
            SELECT pg_catalog.format('it takes part in inheritance with %s: ALTER TABLE … NO INHERIT', x.other::regclass)
            FROM t, LATERAL (SELECT i.inhparent FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = t.oid AND NOT t.relispartition
                             UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = t.oid) AS x (other)
            UNION ALL
            SELECT pg_catalog.format('the unique index %s does not hold the control column, which a partitioned table needs', i.indexrelid::regclass)
            FROM t JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid, control AS c
            WHERE (i.indisunique OR i.indisexclusion)
              AND NOT c.attnum = ANY ((i.indkey::smallint[])[0 : i.indnkeyatts - 1])
            UNION ALL
            SELECT pg_catalog.format('the index %s is invalid: REINDEX INDEX CONCURRENTLY or drop it', i.indexrelid::regclass)
            FROM t JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid WHERE NOT i.indisvalid
            UNION ALL
            SELECT pg_catalog.format('the index %s lies in a tablespace of its own, which its partitions'' indexes would not: '
                       'ALTER INDEX %s SET TABLESPACE pg_default', i.indexrelid::regclass, i.indexrelid::regclass)
            FROM t
            JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            WHERE c.reltablespace <> 0
            UNION ALL
            SELECT pg_catalog.format('it is marked as clustered on %s, which a partitioned table can''t be: ALTER TABLE %s SET WITHOUT CLUSTER',
                       i.indexrelid::regclass, t.oid::regclass)
            FROM t JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid WHERE i.indisclustered
            UNION ALL
            SELECT pg_catalog.format('the constraint %I %s', k.conname, CASE
                       WHEN k.contype = 'x' THEN 'is an exclusion constraint, which partitions can''t share: drop it'
                       WHEN NOT k.convalidated THEN pg_catalog.format('is not validated: ALTER TABLE %s VALIDATE CONSTRAINT %I', t.oid::regclass, k.conname)
                       ELSE 'is NO INHERIT, which a partitioned table can''t have: drop it or add it without' END)
            FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid
            WHERE k.contype = 'x' OR NOT k.convalidated OR (k.contype IN ('c', 'n') AND k.connoinherit)
            UNION ALL
            SELECT pg_catalog.format('the row trigger %I uses transition tables, which a partitioned table can''t have', g.tgname)
            FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid
            WHERE NOT g.tgisinternal AND (g.tgtype & 1) = 1 AND (g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL)
            UNION ALL
            SELECT pg_catalog.format('the publication %I would publish partitions under names that its subscribers don''t know: '
                       'ALTER PUBLICATION %I SET (publish_via_partition_root = true)', p.pubname, p.pubname)
            FROM t
            JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = t.oid
            JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
            WHERE NOT p.pubviaroot
            UNION ALL
            SELECT pg_catalog.format('%s does not own %s %s, which has to follow the table: GRANT %I TO %I', CURRENT_USER, x.kind, x.name,
                       pg_catalog.pg_get_userbyid(x.owner), CURRENT_USER)
            FROM t, LATERAL (
                SELECT 'the publication', p.pubname::text, p.pubowner
                FROM pg_catalog.pg_publication_rel AS r JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = t.oid
                UNION ALL
                SELECT 'the view', v.oid::regclass::text, v.relowner
                FROM pg_catalog.pg_depend AS d
                JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                UNION ALL
                SELECT 'the statistics object', s.stxname, s.stxowner
                FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = t.oid) AS x (kind, name, owner)
            WHERE NOT pg_catalog.pg_has_role(x.owner, 'USAGE')
            UNION ALL
            """ + BOUND_T + """
            UNION ALL
            SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
                       || ' depends on it and would stay with the retired table: drop it, and create it again afterwards'
            FROM depends AS d
            UNION ALL
            SELECT pg_catalog.format('%s stands where a partition will be: rename or move it', c.oid::regclass)
            FROM t
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = t.relnamespace AND c.oid <> t.oid
            WHERE (c.relname ~ '_p[0-9]{8}(_[0-9]{6})?$' OR c.relname ~ '_default$')
              AND pg_catalog.regexp_replace(c.relname, '(_p[0-9]{8}(_[0-9]{6})?|_default)$', '')
                  IN (t.relname, CASE WHEN pg_catalog.octet_length(c.relname::text) >= 60 THEN
                      pg_catalog.left(t.relname, pg_catalog.length(pg_catalog.regexp_replace(c.relname, '(_p[0-9]{8}(_[0-9]{6})?|_default)$', ''))) END)
            UNION ALL
            SELECT pg_catalog.format('the foreign key %I on %s would be checked for all rows while everybody waits', k.conname,
                       k.conrelid::regclass)
            FROM parent AS p JOIN pg_catalog.pg_constraint AS k ON k.contype = 'f' AND p.oid IN (k.conrelid, k.confrelid)
            WHERE k.conparentid = 0
            UNION ALL
            SELECT pg_catalog.format('the index %s is invalid: it lacks that of a partition', i.indexrelid::regclass)
            FROM parent AS p JOIN pg_catalog.pg_index AS i ON i.indrelid = p.oid WHERE NOT i.indisvalid
            UNION ALL
            SELECT pg_catalog.format('%s stands where a partition may have to be: attach it, rename it or move it', c.oid::regclass)
            FROM parent AS p
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = p.relnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            WHERE pg_catalog.regexp_replace(c.relname, '_p[0-9]{8}(_[0-9]{6})?$', '') <> c.relname
              AND pg_catalog.starts_with(p.relname, pg_catalog.regexp_replace(c.relname, '_p[0-9]{8}(_[0-9]{6})?$', ''))
              AND (pg_catalog.octet_length(c.relname::text) >= 60
                   OR pg_catalog.regexp_replace(c.relname, '_p[0-9]{8}(_[0-9]{6})?$', '') = p.relname)
              AND pg_catalog.substring(c.relname, '[0-9_]+$') >= COALESCE(
                  (SELECT pg_catalog.min(pg_catalog.substring(x.relname, '[0-9_]+$'))
                   FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.inhrelid
                   WHERE i.inhparent = p.oid AND x.relname ~ '_p[0-9]{8}(_[0-9]{6})?$'), '')
            UNION ALL
            SELECT pg_catalog.format('%s is in the way: %s', x.name, x.remedy)
            FROM (VALUES (:retired::text, 'an earlier conversion kept it; drop it once nobody needs it'),
                         (:shadow::text, 'it is no work of this conversion; drop it if nobody needs it')) AS x (name, remedy)
            WHERE pg_catalog.to_regclass(x.name) IS NOT NULL
            """);

    private static final Sql STALE_REGISTRATION = Sql.sql("""
            SELECT pg_catalog.format('part_config has a row for it, though it is not partitioned: '
                       'DELETE FROM %I.part_config WHERE parent_table = %L', :partman::text, c.parent_table) AS obstacle
            FROM {partman}.part_config AS c
            WHERE c.parent_table = :parent_table
            """);

    private static final Sql NOTES = Sql.sql("""
            SELECT pg_catalog.format('publication %I publishes every table: it will publish the partitioned table%s', p.pubname,
                       CASE WHEN p.pubviaroot THEN '' ELSE '''s partitions under their own names' END) AS note
            FROM pg_catalog.pg_publication AS p
            WHERE p.puballtables
            UNION ALL
            SELECT pg_catalog.format('a transaction of %s is open for %s (pid %s): the lock waits for it if it has used the table',
                       a.usename, pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start), a.pid)
            FROM pg_catalog.pg_stat_activity AS a
            WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
              AND a.xact_start < pg_catalog.clock_timestamp() - INTERVAL '1 minute'
            """);

    /** Over {@code k} and {@code c}, a key and its index, whose options PostgreSQL leaves out. */
    static final Definition CONSTRAINT_OF_K = new Definition("""
            CASE WHEN c.reloptions IS NULL THEN pg_catalog.pg_get_constraintdef(k.oid)
                ELSE pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid),
                         '\\)(( DEFERRABLE)?( INITIALLY DEFERRED)?)$',
                         pg_catalog.format(') WITH (%s)\\1', pg_catalog.array_to_string(c.reloptions, ', '))) END""");

    private static final Sql DDL = Sql.sql("""
            WITH t AS MATERIALIZED (
                SELECT c.*, {place}::text AS place, {shadow}::text AS shadow
                FROM pg_catalog.pg_class AS c WHERE c.oid = {table}::regclass),
            owned_sequence AS (
                SELECT t.place, t.shadow, a.attname, a.attidentity, d.deptype, s.oid, s.relname, s.relowner, s.relacl, n.nspname, q.*
                FROM t
                JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                    AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
                JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
                JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
                JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = s.oid),
            view AS (
                SELECT DISTINCT v.oid, v.reloptions
                FROM t
                JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
                    AND d.classid = 'pg_rewrite'::regclass
                JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
                JOIN pg_catalog.pg_class AS v ON v.oid = r.ev_class AND v.relkind = 'v'),
            comments AS (
                SELECT 'TABLE ' || t.place AS object, pg_catalog.obj_description(t.oid, 'pg_class') AS comment FROM t
                UNION ALL
                SELECT pg_catalog.format('CONSTRAINT %I ON %s', c.conname, t.place), pg_catalog.obj_description(c.oid, 'pg_constraint')
                FROM t JOIN pg_catalog.pg_constraint AS c ON c.conrelid = t.oid AND c.contype <> 'f'
                UNION ALL
                SELECT pg_catalog.format('INDEX %I.%I', n.nspname, c.relname), pg_catalog.obj_description(c.oid, 'pg_class')
                FROM t
                JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                UNION ALL
                SELECT pg_catalog.format('TRIGGER %I ON %s', g.tgname, t.place), pg_catalog.obj_description(g.oid, 'pg_trigger')
                FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgname <> 'partman_sidecar_capture'
                    AND g.tgparentid = 0
                UNION ALL
                SELECT pg_catalog.format('POLICY %I ON %s', p.polname, t.place), pg_catalog.obj_description(p.oid, 'pg_policy')
                FROM t JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.oid
                UNION ALL
                SELECT pg_catalog.format('STATISTICS %I.%I', n.nspname, s.stxname), pg_catalog.obj_description(s.oid, 'pg_statistic_ext')
                FROM t
                JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace),
            statements AS (
                SELECT 'SHADOW' AS phase, 1 AS rank, s.attname::text AS name,
                       pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s.%I '
                           'START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s)', s.shadow, s.attname,
                           CASE s.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, {work_schema}, s.relname,
                           s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                           CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS ddl
                FROM owned_sequence AS s WHERE s.deptype = 'i'
                UNION ALL
                SELECT 'TEMPLATE', 1, o.option, pg_catalog.format('ALTER TABLE %s SET (%s)', {template}::text, o.option)
                FROM t, LATERAL (
                    SELECT pg_catalog.unnest(t.reloptions)
                    UNION ALL
                    SELECT 'toast.' || pg_catalog.unnest(x.reloptions) FROM pg_catalog.pg_class AS x WHERE x.oid = t.reltoastrelid) AS o (option)
                UNION ALL
                SELECT 'INDEXES', CASE k.contype WHEN 'p' THEN 1 ELSE 2 END, k.conname,
                       pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.shadow, k.conname,
                           CASE k.contype WHEN 'x' THEN pg_catalog.pg_get_constraintdef(k.oid) ELSE {constraint_definition} END)
                FROM t
                JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
                JOIN pg_catalog.pg_class AS c ON c.oid = k.conindid
                UNION ALL
                SELECT 'INDEXES', 3, c.relname,
                       pg_catalog.format('CREATE %sINDEX %I ON %s %s', CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname, t.shadow,
                           pg_catalog.substr(d.text, pg_catalog.length(d.prefix) + 1))
                FROM t
                JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(i.indexrelid),
                                           pg_catalog.format('CREATE %sINDEX %I ON %s%s ', CASE WHEN i.indisunique THEN 'UNIQUE ' END,
                                               c.relname, CASE t.relkind WHEN 'p' THEN 'ONLY ' END, t.oid::regclass)) AS d (text, prefix)
                WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
                                  AND k.conrelid = t.oid)
                  AND pg_catalog.starts_with(d.text, d.prefix)
                UNION ALL
                SELECT 'FOREIGN_KEYS', 1, k.conname,
                       pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.shadow, k.conname, pg_catalog.pg_get_constraintdef(k.oid))
                FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
                UNION ALL
                SELECT x.phase, 2, k.conname, pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', k.conname, x.place, d.description)
                FROM t
                JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
                JOIN pg_catalog.pg_description AS d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = k.oid
                CROSS JOIN LATERAL (VALUES ('FOREIGN_KEYS', t.shadow), ('FINAL_FOREIGN_KEYS', t.place)) AS x (phase, place)
                UNION ALL
                SELECT 'FINAL_FOREIGN_KEYS', 1, k.conname,
                       pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.place, k.conname, pg_catalog.pg_get_constraintdef(k.oid))
                FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
                UNION ALL
                SELECT 'RELEASE', 1, s.relname, pg_catalog.format('ALTER SEQUENCE %I.%I OWNED BY NONE', s.nspname, s.relname)
                FROM owned_sequence AS s WHERE s.deptype = 'a'
                UNION ALL
                SELECT 'RELEASE', 1, k.conname, pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', t.place, k.conname)
                FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f' AND k.conparentid = 0
                UNION ALL
                SELECT 'RELEASE', 2, s.stxname, pg_catalog.format('ALTER STATISTICS %I.%I SET SCHEMA %s', n.nspname, s.stxname, {retired_schema})
                FROM t
                JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
                UNION ALL
                SELECT 'RELEASE', 3, p.pubname, pg_catalog.format('ALTER PUBLICATION %I DROP TABLE %s', p.pubname, t.place)
                FROM t
                JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = t.oid
                JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
                UNION ALL
                SELECT 'CARRY_OVER', 0, '', pg_catalog.format('REVOKE ALL ON TABLE %s FROM %I', t.place, pg_catalog.pg_get_userbyid(t.relowner))
                FROM t WHERE t.relacl IS NOT NULL
                UNION ALL
                SELECT 'CARRY_OVER', 1, a.privilege || a.grantee::text,
                       pg_catalog.format('GRANT %s ON TABLE %s TO %s%s', a.privilege, t.place,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
                           CASE WHEN a.grantable THEN ' WITH GRANT OPTION' END)
                FROM t, LATERAL (SELECT x.grantee, x.privilege_type, pg_catalog.bool_or(x.is_grantable)
                                 FROM pg_catalog.aclexplode(t.relacl) AS x GROUP BY x.grantee, x.privilege_type) AS a (grantee, privilege, grantable)
                UNION ALL
                SELECT 'CARRY_OVER', 2, c.attname || a.privilege || a.grantee::text,
                       pg_catalog.format('GRANT %s (%I) ON TABLE %s TO %s%s', a.privilege, c.attname, t.place,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
                           CASE WHEN a.grantable THEN ' WITH GRANT OPTION' END)
                FROM t
                JOIN pg_catalog.pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
                CROSS JOIN LATERAL (SELECT x.grantee, x.privilege_type, pg_catalog.bool_or(x.is_grantable)
                                    FROM pg_catalog.aclexplode(c.attacl) AS x GROUP BY x.grantee, x.privilege_type)
                    AS a (grantee, privilege, grantable)
                UNION ALL
                SELECT 'CARRY_OVER', 3, c.attname, pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', t.place, c.attname, c.attstattarget)
                FROM t JOIN pg_catalog.pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped AND c.attstattarget >= 0
                UNION ALL
                SELECT 'CARRY_OVER', 3, a.attname, pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', t.place, a.attname, {column_options})
                FROM t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE {column_options} IS NOT NULL
                UNION ALL
                SELECT 'CARRY_OVER', 4, s.relname, pg_catalog.format('ALTER SEQUENCE %I.%I OWNED BY %s.%I', s.nspname, s.relname, s.place, s.attname)
                FROM owned_sequence AS s WHERE s.deptype = 'a'
                UNION ALL
                SELECT 'CARRY_OVER', 4, s.relname,
                       pg_catalog.format('SELECT pg_catalog.setval(%L::regclass, s.last_value, s.is_called) FROM %s.%I AS s',
                           pg_catalog.format('%I.%I', s.nspname, s.relname), {retired_schema}, s.relname)
                FROM owned_sequence AS s WHERE s.deptype = 'i'
                UNION ALL
                SELECT 'CARRY_OVER', 4, s.relname || ' ' || x.grantee::text,
                       pg_catalog.format('REVOKE ALL ON SEQUENCE %I.%I FROM %s', s.nspname, s.relname,
                           CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END)
                FROM owned_sequence AS s, LATERAL (
                    SELECT s.relowner WHERE s.relacl IS NOT NULL
                    UNION
                    SELECT a.grantee
                    FROM pg_catalog.pg_default_acl AS f, pg_catalog.aclexplode(f.defaclacl) AS a
                    WHERE f.defaclobjtype = 'S' AND f.defaclrole = pg_catalog.to_regrole(pg_catalog.quote_ident(CURRENT_USER))
                      AND a.grantee <> f.defaclrole) AS x (grantee)
                WHERE s.deptype = 'i'
                UNION ALL
                SELECT 'CARRY_OVER', 5, s.relname || a.privilege_type || a.grantee::text,
                       pg_catalog.format('GRANT %s ON SEQUENCE %I.%I TO %s%s', a.privilege_type, s.nspname, s.relname,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
                           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
                FROM owned_sequence AS s, pg_catalog.aclexplode(s.relacl) AS a
                WHERE s.deptype = 'i'
                UNION ALL
                SELECT 'CARRY_OVER', 6, p.polname,
                       pg_catalog.format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, t.place,
                           CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                           CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                           (SELECT pg_catalog.string_agg(CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.oid)) END, ', ')
                            FROM pg_catalog.unnest(p.polroles) AS r (oid)),
                           ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
                           ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')')
                FROM t JOIN pg_catalog.pg_policy AS p ON p.polrelid = t.oid
                UNION ALL
                SELECT 'CARRY_OVER', 7, '', pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.place) FROM t WHERE t.relrowsecurity
                UNION ALL
                SELECT 'CARRY_OVER', 7, '', pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.place) FROM t WHERE t.relforcerowsecurity
                UNION ALL
                SELECT 'CARRY_OVER', 8, g.tgname, pg_catalog.pg_get_triggerdef(g.oid)
                FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgname <> 'partman_sidecar_capture'
                    AND g.tgparentid = 0
                UNION ALL
                SELECT 'CARRY_OVER', 9, g.tgname, pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', t.place,
                           CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, g.tgname)
                FROM t JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal AND g.tgname <> 'partman_sidecar_capture'
                    AND g.tgparentid = 0 AND g.tgenabled <> 'O'
                UNION ALL
                SELECT 'CARRY_OVER', 10, '', pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY %s', t.place,
                           CASE t.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX '
                               || (SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                                   WHERE i.indrelid = t.oid AND i.indisreplident) END)
                FROM t WHERE t.relreplident <> 'd'
                UNION ALL
                SELECT 'CARRY_OVER', 11, '', pg_catalog.format('SELECT %s.inherit_replica_identity(%L, %L, p.relname::text) '
                           'FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid WHERE i.inhparent = %L::regclass',
                           {partman_schema}, :schema::text, t.relname, t.place)
                FROM t WHERE t.relreplident <> 'd' AND t.relkind = 'r'
                UNION ALL
                SELECT 'CARRY_OVER', 12, n.nspname || '.' || s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid)
                FROM t JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
                UNION ALL
                SELECT 'CARRY_OVER', 13, n.nspname || '.' || s.stxname,
                       pg_catalog.format('ALTER STATISTICS %I.%I OWNER TO %I', n.nspname, s.stxname, pg_catalog.pg_get_userbyid(s.stxowner))
                FROM t JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
                UNION ALL
                SELECT 'CARRY_OVER', 14, n.nspname || '.' || s.stxname,
                       pg_catalog.format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, s.stxstattarget)
                FROM t JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
                WHERE s.stxstattarget >= 0
                UNION ALL
                SELECT 'CARRY_OVER', 15, p.pubname,
                       pg_catalog.format('ALTER PUBLICATION %I ADD TABLE %s%s%s', p.pubname, t.place,
                           (SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
                            FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = t.oid AND a.attnum = ANY (r.prattrs)),
                           ' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')')
                FROM t
                JOIN pg_catalog.pg_publication_rel AS r ON r.prrelid = t.oid
                JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
                UNION ALL
                SELECT 'CARRY_OVER', 16, v.oid::regclass::text,
                       pg_catalog.format('CREATE OR REPLACE VIEW %s%s AS %s', v.oid::regclass,
                           ' WITH (' || pg_catalog.array_to_string(v.reloptions, ', ') || ')',
                           pg_catalog.rtrim(pg_catalog.pg_get_viewdef(v.oid), ';'))
                FROM view AS v
                UNION ALL
                SELECT 'CARRY_OVER', 17, c.object, pg_catalog.format('COMMENT ON %s IS %L', c.object, c.comment)
                FROM comments AS c WHERE c.comment IS NOT NULL)
            SELECT s.phase, s.ddl FROM statements AS s ORDER BY s.phase, s.rank, s.name, s.ddl
            """);

    private static final Sql ROWS = Sql.sql("""
            SELECT CASE WHEN pg_catalog.isfinite(s.{control}) THEN
                       pg_catalog.floor(EXTRACT(EPOCH FROM pg_catalog.date_trunc({unit}, s.{control})))::bigint END AS bucket,
                   pg_catalog.count(*) AS row_count
            FROM ONLY {table} AS s
            GROUP BY 1
            ORDER BY 1
            """);

    /** There are few groups, which PostgreSQL can't know: it would sort all rows. */
    private static final Sql NO_SORT = Sql.sql("SET enable_sort = off");

    private static final Sql SORT_AGAIN = Sql.sql("RESET enable_sort");

    private enum Phase {
        SHADOW,
        TEMPLATE,
        INDEXES,
        FOREIGN_KEYS,
        FINAL_FOREIGN_KEYS,
        RELEASE,
        CARRY_OVER
    }

    private Shapes() {}

    /** Reads the shape of a plain table, which must exist, and counts its rows. */
    public static ObservedTable.Shape of(Session session, TableSpec spec, ObservedServer server) {
        return of(session, spec, server, true);
    }

    /** Reads the shape of a table whose conversion has begun; its rows were counted then. */
    public static ObservedTable.Shape ofConverting(Session session, TableSpec spec, ObservedServer server) {
        return of(session, spec, server, false);
    }

    private static ObservedTable.Shape of(Session session, TableSpec spec, ObservedServer server, boolean untouched) {
        QualifiedName table = spec.table();
        Literal name = Literal.of(table.sql());
        List<String> obstacles = obstacles(session, spec, server, untouched);
        List<String> notes = session.query(NOTES, row -> row.text("note"));
        ObservedTable.Ddl ddl = ddl(session, table, server.partmanSchema());
        ObservedTable.Rows rows =
                untouched && obstacles.isEmpty() ? rows(session, spec) : new ObservedTable.Rows(0, List.of(), 0);
        RowKey rowKey = session.findOne(
                        ROW_KEY.with("table", name),
                        row -> new RowKey(
                                row.texts("columns").stream()
                                        .map(Identifier::new)
                                        .toList(),
                                new Definition(row.text("match"))))
                .orElse(null);
        return session.requireOne(
                FACTS.with("table", name)
                        .with("fingerprint", Fingerprint.OF_C)
                        .bind("control", spec.controlColumn().name()),
                row -> new ObservedTable.Shape(
                        row.number("oid"),
                        new Identifier(row.text("owner")),
                        row.text("control_type"),
                        obstacles,
                        notes,
                        row.texts("columns").stream().map(Identifier::new).toList(),
                        row.flag("hashable"),
                        rowKey,
                        row.integer("unique_indexes"),
                        row.text("fingerprint"),
                        row.number("total_bytes"),
                        ddl,
                        rows));
    }

    private static List<String> obstacles(Session session, TableSpec spec, ObservedServer server, boolean untouched) {
        QualifiedName table = spec.table();
        Identifier partman = server.partmanSchema();
        List<String> obstacles = new ArrayList<>();
        if (table.unquoted().indexOf('.') != table.unquoted().lastIndexOf('.')) {
            obstacles.add("its name or its schema's holds a period, which pg_partman can't handle: rename it");
        }
        obstacles.addAll(session.query(
                OBSTACLES
                        .with("table", Literal.of(table.sql()))
                        .bind("control", spec.controlColumn().name())
                        .bind("partman", partman.name())
                        .bind("retired", WorkSchema.retiredOf(table).sql())
                        .bind("shadow", untouched ? WorkSchema.shadowOf(table).sql() : null),
                row -> row.text("obstacle")));
        if (server.extension() instanceof ObservedServer.Extension.Installed) {
            obstacles.addAll(session.query(
                    STALE_REGISTRATION
                            .with("partman", partman)
                            .bind("partman", partman.name())
                            .bind("parent_table", table.unquoted()),
                    row -> row.text("obstacle")));
        }
        return obstacles;
    }

    private static ObservedTable.Ddl ddl(Session session, QualifiedName table, Identifier partman) {
        return ddl(
                session,
                table,
                WorkSchema.shadowOf(table),
                WorkSchema.retiredOf(table).schema(),
                partman);
    }

    /**
     * Statements that give a table's successor what the table has: a partitioned one of a plain table, or a plain one of a partitioned.
     *
     * @param successor where it is built
     * @param retiredSchema where the table goes when its successor takes its place
     */
    static ObservedTable.Ddl ddl(
            Session session,
            QualifiedName table,
            QualifiedName successor,
            Identifier retiredSchema,
            Identifier partman) {
        Map<Phase, List<Definition>> phases = new EnumMap<>(Phase.class);
        session.query(
                DDL.with("table", Literal.of(table.sql()))
                        .with("constraint_definition", CONSTRAINT_OF_K)
                        .with("column_options", ColumnOptions.OF_A)
                        .with("place", Literal.of(table.sql()))
                        .with("shadow", Literal.of(successor.sql()))
                        .with("work_schema", Literal.of(successor.schema().sql()))
                        .with("retired_schema", Literal.of(retiredSchema.sql()))
                        .with("partman_schema", Literal.of(partman.sql()))
                        .with(
                                "template",
                                Literal.of(WorkSchema.templateOf(table, partman).sql()))
                        .bind("schema", table.schema().name()),
                row -> phases.computeIfAbsent(Phase.valueOf(row.text("phase")), _ -> new ArrayList<>())
                        .add(new Definition(row.text("ddl"))));
        return new ObservedTable.Ddl(
                phases.getOrDefault(Phase.SHADOW, List.of()),
                phases.getOrDefault(Phase.TEMPLATE, List.of()),
                phases.getOrDefault(Phase.INDEXES, List.of()),
                phases.getOrDefault(Phase.FOREIGN_KEYS, List.of()),
                phases.getOrDefault(Phase.FINAL_FOREIGN_KEYS, List.of()),
                phases.getOrDefault(Phase.RELEASE, List.of()),
                phases.getOrDefault(Phase.CARRY_OVER, List.of()));
    }

    private static ObservedTable.Rows rows(Session session, TableSpec spec) {
        List<ObservedTable.Interval> intervals = new ArrayList<>();
        long[] totals = new long[2];
        session.execute(NO_SORT);
        session.query(
                ROWS.with("table", spec.table())
                        .with("control", spec.controlColumn())
                        .with("unit", Literal.of(spec.partitionInterval().bucketUnit())),
                row -> {
                    long rows = row.number("row_count");
                    LocalDateTime start = Bound.ofEpochSecond(row.numberOrNull("bucket"));
                    totals[0] += rows;
                    if (start == null) {
                        totals[1] += rows;
                    } else {
                        intervals.add(new ObservedTable.Interval(start, rows));
                    }
                    return null;
                });
        session.execute(SORT_AGAIN);
        return new ObservedTable.Rows(totals[0], List.copyOf(intervals), totals[1]);
    }
}
