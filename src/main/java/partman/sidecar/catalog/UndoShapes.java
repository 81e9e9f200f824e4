package partman.sidecar.catalog;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.UndoShape;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Reads what the way back of a partition set to a plain table depends on. */
public final class UndoShapes {

    /** Asks no right on the schema, which is the one's who runs the undo. */
    private static final Sql EXISTS = Sql.sql("""
            SELECT EXISTS (SELECT
                           FROM pg_catalog.pg_class AS c
                           JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                           WHERE n.nspname = :schema AND c.relname = :name) AS is_there
            """);

    /**
     * All of a parent that the statements for its successor were written from, as the catalog stores it; but for triggers, whose
     * arguments {@code bytea_output} would spell in two ways. Partitions come and go without changing it.
     */
    private static final Definition FINGERPRINT_OF_C = new Definition("""
            pg_catalog.md5(pg_catalog.concat_ws('|', c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
                (SELECT pg_catalog.string_agg(a::text, ';' ORDER BY a.attnum)
                 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0),
                (SELECT pg_catalog.string_agg(x.adbin::text, ';' ORDER BY x.adnum) FROM pg_catalog.pg_attrdef AS x WHERE x.adrelid = c.oid),
                (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(i.indexrelid), ';' ORDER BY i.indexrelid)
                 FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid),
                (SELECT pg_catalog.string_agg(k::text, ';' ORDER BY k.oid)
                 FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = c.oid OR k.confrelid = c.oid),
                (SELECT pg_catalog.string_agg(pg_catalog.pg_get_triggerdef(g.oid) || g.tgenabled::text, ';' ORDER BY g.oid)
                 FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal),
                (SELECT pg_catalog.string_agg(p::text, ';' ORDER BY p.oid) FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid),
                (SELECT pg_catalog.string_agg(s::text, ';' ORDER BY s.oid)
                 FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = c.oid),
                (SELECT pg_catalog.string_agg(r::text, ';' ORDER BY r.oid)
                 FROM pg_catalog.pg_publication_rel AS r WHERE r.prrelid = c.oid),
                (SELECT pg_catalog.string_agg(r.ev_class || pg_catalog.md5(r.ev_action::text), ';' ORDER BY r.oid)
                 FROM pg_catalog.pg_rewrite AS r
                 WHERE r.oid IN (SELECT d.objid
                                 FROM pg_catalog.pg_depend AS d
                                 WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                                   AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = c.oid)),
                (SELECT pg_catalog.string_agg(d::text, ';' ORDER BY d.objsubid)
                 FROM pg_catalog.pg_description AS d
                 WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = c.oid)))""");

    private static final Sql FACTS = Sql.sql("""
            SELECT {fingerprint} AS fingerprint,
                   EXISTS (SELECT
                           FROM pg_catalog.pg_attribute AS a
                           WHERE a.attrelid = c.oid AND a.attname = :control AND a.attnum > 0 AND NOT a.attnotnull) AS may_be_null,
                   ARRAY(SELECT a.attname::text
                         FROM pg_catalog.pg_attribute AS a
                         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> ''
                         ORDER BY a.attnum) AS generated
            FROM pg_catalog.pg_class AS c
            WHERE c.oid = {table}::regclass
            """);

    private static final Sql UNDER_WAY = Sql.sql("""
            SELECT f.undo_in_progress
            FROM {partman}.part_config AS f
            WHERE f.parent_table = :parent_table
            """);

    /** Each row is one reason why the set can't be undone, in words that say what to change. */
    private static final Sql OBSTACLES = Sql.sql("""
            WITH t AS MATERIALIZED (
                SELECT c.* FROM pg_catalog.pg_class AS c WHERE c.oid = {table}::regclass),
            """ + Shapes.DEPENDS_ON_T + """
            , part AS (
                SELECT c.oid, c.relkind, c.relnamespace, i.inhdetachpending
                FROM t
                JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid)
            SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
                       || ' depends on it and would stay with the old parent: drop it, and create it again afterwards' AS obstacle
            FROM depends AS d
            UNION ALL
            SELECT pg_catalog.format('its partition %s is %s, which pg_partman does not undo', p.oid::regclass,
                       CASE p.relkind WHEN 'p' THEN 'partitioned itself' ELSE 'a foreign table' END)
            FROM part AS p WHERE p.relkind <> 'r'
            UNION ALL
            SELECT pg_catalog.format('its partition %s is in another schema, where pg_partman''s undo does not look: '
                       'ALTER TABLE %s SET SCHEMA %s', p.oid::regclass, p.oid::regclass, t.relnamespace::regnamespace)
            FROM t, part AS p WHERE p.relnamespace <> t.relnamespace
            UNION ALL
            SELECT pg_catalog.format('its partition %s is about to be detached: ALTER TABLE %s DETACH PARTITION %s FINALIZE',
                       p.oid::regclass, t.oid::regclass, p.oid::regclass)
            FROM t, part AS p WHERE p.inhdetachpending
            UNION ALL
            SELECT pg_catalog.format('the constraint %I is not validated, which the plain table''s would be: '
                       'ALTER TABLE %s VALIDATE CONSTRAINT %I', k.conname, t.oid::regclass, k.conname)
            FROM t JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid
            WHERE k.contype IN ('c', 'n') AND NOT k.convalidated
            UNION ALL
            SELECT pg_catalog.format('the publication %I publishes it, so subscribers would delete the rows that are moved: '
                       'ALTER PUBLICATION %I DROP TABLE %s, and add it again afterwards', p.pubname, p.pubname, r.prrelid::regclass)
            FROM pg_catalog.pg_publication_rel AS r
            JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid
            WHERE r.prrelid IN (SELECT t.oid FROM t UNION ALL SELECT p.oid FROM part AS p)
            UNION ALL
            """ + Shapes.BOUND_T);

    private static final Sql NOTES = Sql.sql("""
            WITH t AS MATERIALIZED (
                SELECT c.* FROM pg_catalog.pg_class AS c WHERE c.oid = {table}::regclass),
            leaf AS MATERIALIZED (
                SELECT c.*
                FROM t
                JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid),
            storage AS (
                SELECT o.option, pg_catalog.count(*) = (SELECT pg_catalog.count(*) FROM leaf) AS everywhere
                FROM (SELECT pg_catalog.unnest(l.reloptions) FROM leaf AS l
                      UNION ALL
                      SELECT 'toast.' || pg_catalog.unnest(c.reloptions)
                      FROM leaf AS l JOIN pg_catalog.pg_class AS c ON c.oid = l.reltoastrelid) AS o (option)
                GROUP BY o.option),
            tablespace AS (
                SELECT pg_catalog.count(DISTINCT l.reltablespace) = 1 AS everywhere, pg_catalog.max(s.spcname) AS name,
                       pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(s.spcname), ', ') AS names
                FROM leaf AS l
                LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = l.reltablespace
                HAVING pg_catalog.max(s.spcname) IS NOT NULL),
            own AS (
                SELECT x.kind, x.object, pg_catalog.row_number() OVER (PARTITION BY x.kind ORDER BY x.object) AS number
                FROM (SELECT 'indexes', i.indexrelid::regclass::text
                      FROM leaf AS l JOIN pg_catalog.pg_index AS i ON i.indrelid = l.oid
                      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid)
                      UNION ALL
                      SELECT 'constraints', pg_catalog.format('%I on %s', k.conname, l.oid::regclass)
                      FROM leaf AS l JOIN pg_catalog.pg_constraint AS k ON k.conrelid = l.oid
                      WHERE k.contype IN ('c', 'f') AND k.coninhcount = 0 AND k.conparentid = 0
                      UNION ALL
                      SELECT 'triggers', pg_catalog.format('%I on %s', g.tgname, l.oid::regclass)
                      FROM leaf AS l JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = l.oid
                      WHERE NOT g.tgisinternal AND g.tgparentid = 0) AS x (kind, object))
            SELECT 'STORAGE' AS kind, pg_catalog.format('ALTER TABLE %s SET (%s)', {plain}::text, s.option) AS text
            FROM storage AS s WHERE s.everywhere
            UNION ALL
            SELECT 'STORAGE', pg_catalog.format('ALTER TABLE %s SET TABLESPACE %I', {plain}::text, s.name)
            FROM tablespace AS s WHERE s.everywhere
            UNION ALL
            SELECT 'NOTE', 'not carried over, since not all partitions have it: the storage option ' || s.option
            FROM storage AS s WHERE NOT s.everywhere
            UNION ALL
            SELECT 'NOTE', 'not carried over, since not all partitions are there: the tablespace ' || s.names
            FROM tablespace AS s WHERE NOT s.everywhere
            UNION ALL
            SELECT 'NOTE', pg_catalog.format('not carried over: the tablespace %I of the index %I', s.spcname, c.relname)
            FROM t
            JOIN pg_catalog.pg_index AS i ON i.indrelid = t.oid
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
            UNION ALL
            SELECT 'NOTE', pg_catalog.format('not carried over: %s %s of single partitions: %s%s', pg_catalog.count(*), o.kind,
                       pg_catalog.string_agg(o.object, ', ' ORDER BY o.number) FILTER (WHERE o.number <= 5),
                       CASE WHEN pg_catalog.count(*) > 5 THEN ' and more' END)
            FROM own AS o
            GROUP BY o.kind
            UNION ALL
            SELECT DISTINCT 'NOTE', 'not carried over: partitions are unlogged, and the plain table is not'
            FROM leaf AS l WHERE l.relpersistence = 'u'
            UNION ALL
            SELECT DISTINCT 'NOTE', 'not carried over: the access method of partitions, ' || m.amname
            FROM leaf AS l JOIN pg_catalog.pg_am AS m ON m.oid = l.relam
            WHERE m.amname <> pg_catalog.current_setting('default_table_access_method')
            UNION ALL
            SELECT 'NOTE', pg_catalog.format('the publication %I publishes %s: its subscribers DELETE THE ROWS that are moved, and fail on those '
                       'that come to %s; let them go first, and copy the table anew afterwards', p.pubname,
                       CASE WHEN p.puballtables THEN 'every table' ELSE 'the whole schema' END, {plain}::text)
            FROM pg_catalog.pg_publication AS p
            WHERE p.puballtables
               OR EXISTS (SELECT FROM t JOIN pg_catalog.pg_publication_namespace AS n ON n.pnnspid = t.relnamespace WHERE n.pnpubid = p.oid)
            ORDER BY 1, 2
            """);

    private static final Sql DETACHED = Sql.sql("""
            SELECT c.oid::regclass::text AS name
            FROM (SELECT :schema::text, :name::text) AS s (schema, name)
            """ + Catalog.DETACHED_FROM_S + "ORDER BY 1");

    private UndoShapes() {}

    /** Whether an undo has exchanged the tables and has still to drop the partitions that it has emptied. */
    public static boolean isUnfinished(Session session, QualifiedName table) {
        return exists(session, WorkSchema.notedOf(table));
    }

    /** Reads the shape of a partition set. */
    public static UndoShape of(Session session, PartitionSet set, Identifier partman) {
        QualifiedName table = set.parent();
        QualifiedName plain = WorkSchema.plainOf(table);
        QualifiedName noted = WorkSchema.notedOf(table);
        Literal name = Literal.of(table.sql());
        boolean isPlainThere = exists(session, plain);
        boolean isNotedThere = exists(session, noted);
        boolean begun = isPlainThere && isNotedThere;
        List<Definition> storage = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        session.query(NOTES.with("table", name).with("plain", Literal.of(plain.sql())), row -> {
            String text = row.text("text");
            return row.text("kind").equals("STORAGE") ? storage.add(new Definition(text)) : notes.add(text);
        });
        List<String> obstacles =
                new ArrayList<>(session.query(OBSTACLES.with("table", name), row -> row.text("obstacle")));
        if (isPlainThere && !isNotedThere) {
            obstacles.add("%s is in the way: no undo has made it; drop it if nobody needs it".formatted(plain));
        } else if (isNotedThere && !isPlainThere) {
            obstacles.add(
                    "%s names empty partitions that an earlier undo has left: drop them, then it".formatted(noted));
        }
        if (!begun && isUnderWay(session, set, partman)) {
            obstacles.add(
                    "pg_partman's undo of it has begun (part_config.undo_in_progress), into a table that only those know who began it: finish that");
        }
        // those that an undo has emptied would look the same
        List<String> detached = begun
                ? List.of()
                : session.query(
                        DETACHED.bind("schema", table.schema().name())
                                .bind("name", table.name().name()),
                        row -> row.text("name"));
        return session.requireOne(
                FACTS.with("table", name)
                        .with("fingerprint", FINGERPRINT_OF_C)
                        .bind("control", set.controlColumn().name()),
                row -> new UndoShape(
                        begun,
                        obstacles,
                        notes,
                        row.flag("may_be_null"),
                        row.texts("generated").stream().map(Identifier::new).toList(),
                        detached,
                        Shapes.ddl(
                                session,
                                table,
                                plain,
                                WorkSchema.undoneOf(table).schema(),
                                partman),
                        storage,
                        row.text("fingerprint"),
                        FINGERPRINT_OF_C));
    }

    private static boolean isUnderWay(Session session, PartitionSet set, Identifier partman) {
        return set.registration() != null
                && session.findOne(
                                UNDER_WAY
                                        .with("partman", partman)
                                        .bind("parent_table", set.parent().unquoted()),
                                row -> row.flag("undo_in_progress"))
                        .orElse(false);
    }

    private static boolean exists(Session session, QualifiedName table) {
        return session.requireOne(
                EXISTS.bind("schema", table.schema().name())
                        .bind("name", table.name().name()),
                row -> row.flag("is_there"));
    }
}
