package partman.sidecar.catalog;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Literal;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Reads what the partitioned successor of a plain table has, and what it lacks. */
public final class Successors {

    private static final Sql BOUNDS = Sql.sql("""
            SELECT pg_catalog.pg_get_expr(c.relpartbound, 0) AS bound
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
            WHERE i.inhparent = {successor}::regclass
            """);

    /**
     * Indexes are alike when all behind {@code USING}, uniqueness and the kind of constraint are. Partitions have names of their own
     * for theirs; of several alike ones, each partition has as many as the table.
     *
     * <p>These names begin with the partition's. PostgreSQL's own choice would do no longer where it has to cut: it could take the name
     * that the parent's index is to have, or the same for two partitions whose indexes are built at the same time. Where the table is a
     * default partition, it is its successor's default one that will stand in its place: that gets its names, and the parent, which
     * will be dropped, no indexes.
     */
    private static final Sql INDEXES = Sql.sql("""
            WITH relation AS MATERIALIZED (
                SELECT 'source' AS role, c.oid, NULL::text AS place, NULL::text AS relname, c.relispartition AS for_default
                FROM pg_catalog.pg_class AS c
                WHERE c.oid = {table}::regclass
                UNION ALL
                SELECT CASE WHEN p.isleaf THEN 'leaf' ELSE 'parent' END, c.oid, p.relid::text, c.relname::text,
                       COALESCE(pg_catalog.pg_get_expr(c.relpartbound, 0) = 'DEFAULT', false)
                FROM pg_catalog.pg_partition_tree({successor}::regclass) AS p
                JOIN pg_catalog.pg_class AS c ON c.oid = p.relid),
            index AS MATERIALIZED (
                SELECT r.role, r.oid AS relation, r.place, r.for_default, i.indexrelid, c.relname, n.nspname, i.indisunique, k.contype,
                       {constraint_definition} AS constraint_definition,
                       EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid) AS attached,
                       pg_catalog.substr(d.text, pg_catalog.length(d.prefix) + 1) AS definition
                FROM relation AS r
                JOIN pg_catalog.pg_index AS i ON i.indrelid = r.oid
                JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
                JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                LEFT JOIN pg_catalog.pg_constraint AS k
                    ON k.conindid = i.indexrelid AND k.conrelid = r.oid AND k.contype IN ('p', 'u')
                CROSS JOIN LATERAL (
                    SELECT pg_catalog.pg_get_indexdef(i.indexrelid),
                           pg_catalog.format('CREATE %sINDEX %I ON %s%s ', CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname,
                               CASE WHEN r.role = 'parent' THEN 'ONLY ' END, r.oid::regclass)) AS d (text, prefix)),
            wanted AS (
                SELECT i.*, pg_catalog.row_number() OVER (
                           PARTITION BY i.definition, i.indisunique, i.contype ORDER BY i.relname) AS rank
                FROM index AS i WHERE i.role = 'source')
            SELECT 'INDEXES' AS kind, -pg_catalog.pg_relation_size(r.oid) AS rank, r.place AS partition, w.contype IS NULL, w.relname,
                   CASE WHEN w.contype IS NULL
                       THEN pg_catalog.format('CREATE %sINDEX %I ON %s %s', CASE WHEN w.indisunique THEN 'UNIQUE ' END, n.name, r.place,
                           w.definition)
                       ELSE pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.place, n.name, w.constraint_definition) END AS ddl
            FROM relation AS r,
                 wanted AS w,
                 LATERAL (SELECT r.relname || '_' || w.relname) AS long (name),
                 LATERAL (SELECT CASE WHEN r.for_default AND w.for_default THEN w.relname
                     WHEN pg_catalog.octet_length(long.name) <= 63 THEN long.name
                     ELSE pg_catalog.substring(r.relname, '[a-z0-9_]{1,20}$') || '_' || pg_catalog.md5(long.name) END) AS n (name)
            WHERE r.role = 'leaf'
              AND w.rank > (SELECT pg_catalog.count(*) FROM index AS i
                            WHERE i.relation = r.oid AND i.definition = w.definition AND i.indisunique = w.indisunique
                              AND i.contype IS NOT DISTINCT FROM w.contype)
            UNION ALL
            SELECT 'PARENT_INDEXES', 0, '', w.contype IS NULL, w.relname,
                   CASE WHEN w.contype IS NULL
                       THEN pg_catalog.format('CREATE %sINDEX %I ON %s %s', CASE WHEN w.indisunique THEN 'UNIQUE ' END, w.relname, r.place,
                           w.definition)
                       ELSE pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', r.place, w.relname, w.constraint_definition) END
            FROM relation AS r, wanted AS w
            WHERE r.role = 'parent' AND NOT w.for_default
              AND NOT EXISTS (SELECT FROM index AS i
                              WHERE i.relation = r.oid AND i.relname = w.relname AND i.definition = w.definition
                                AND i.indisunique = w.indisunique AND i.contype IS NOT DISTINCT FROM w.contype)
            UNION ALL
            SELECT 'SUPERFLUOUS_INDEXES', 0, '', false, i.relname,
                   CASE WHEN i.contype IS NULL THEN pg_catalog.format('DROP INDEX %I.%I', i.nspname, i.relname)
                       ELSE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', i.place, i.relname) END
            FROM index AS i
            WHERE i.role <> 'source' AND NOT i.attached
              AND NOT EXISTS (SELECT FROM wanted AS w
                              WHERE w.definition = i.definition AND w.indisunique = i.indisunique
                                AND w.contype IS NOT DISTINCT FROM i.contype AND (i.role = 'leaf' OR w.relname = i.relname))
            ORDER BY 1, 2, 3, 4, 5
            """);

    private static final Sql FOREIGN_KEYS = Sql.sql("""
            SELECT 'ADD_FOREIGN_KEYS' AS kind, x.ddl
            FROM pg_catalog.pg_constraint AS k
            CROSS JOIN pg_catalog.pg_partition_tree({successor}::regclass) AS p
            JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
            CROSS JOIN LATERAL (VALUES
                (1, pg_catalog.format('ALTER TABLE %s.%I ADD CONSTRAINT %I %s NOT VALID', {schema}, c.relname, k.conname,
                        pg_catalog.pg_get_constraintdef(k.oid))),
                (2, 'COMMENT ON CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || ' ON ' || {schema} || '.'
                        || pg_catalog.quote_ident(c.relname) || ' IS '
                        || pg_catalog.quote_literal(pg_catalog.obj_description(k.oid, 'pg_constraint')))) AS x (rank, ddl)
            WHERE k.conrelid = {table}::regclass AND k.contype = 'f' AND k.conparentid = 0 AND p.isleaf AND x.ddl IS NOT NULL
            ORDER BY k.conname, c.relname, x.rank
            """);

    private static final Sql UNFINISHED_FOREIGN_KEYS = Sql.sql("""
            WITH loose AS (
                SELECT p.relid, k.conname, k.convalidated, pg_catalog.obj_description(k.oid, 'pg_constraint') AS comment,
                       pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', '') AS definition
                FROM pg_catalog.pg_partition_tree({table}::regclass) AS p
                JOIN pg_catalog.pg_constraint AS k ON k.conrelid = p.relid AND k.contype = 'f' AND k.conparentid = 0
                WHERE p.isleaf)
            SELECT 'VALIDATE_FOREIGN_KEYS' AS kind, l.conname, l.relid::text AS partition,
                   pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', l.relid, l.conname) AS ddl
            FROM loose AS l
            WHERE NOT l.convalidated
            UNION ALL
            SELECT DISTINCT 'PARENT_FOREIGN_KEYS', l.conname, 'added',
                   pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s', {table}::regclass, l.conname, l.definition)
            FROM loose AS l
            UNION ALL
            SELECT DISTINCT 'PARENT_FOREIGN_KEYS', l.conname, 'described',
                   pg_catalog.format('COMMENT ON CONSTRAINT %I ON %s IS %L', l.conname, {table}::regclass, l.comment)
            FROM loose AS l
            WHERE l.comment IS NOT NULL
            ORDER BY 1, 2, 3
            """);

    private enum Kind {
        INDEXES,
        PARENT_INDEXES,
        SUPERFLUOUS_INDEXES,
        ADD_FOREIGN_KEYS,
        VALIDATE_FOREIGN_KEYS,
        PARENT_FOREIGN_KEYS
    }

    private Successors() {}

    /** Reads the successor of a table whose conversion has begun; both must exist. */
    public static ObservedTable.Successor of(Session session, TableSpec spec, Conversion.Phase phase) {
        boolean swapped = phase == Conversion.Phase.FOREIGN_KEYS;
        QualifiedName place = swapped ? spec.table() : WorkSchema.shadowOf(spec.table());
        Literal table = Literal.of(spec.table().sql());
        Literal successor = Literal.of(place.sql());
        Map<Kind, List<Definition>> ddl = new EnumMap<>(Kind.class);
        Map<String, List<Definition>> indexes = new LinkedHashMap<>();
        if (swapped) {
            collect(session, UNFINISHED_FOREIGN_KEYS.with("table", table), ddl);
        } else {
            session.query(
                    INDEXES.with("constraint_definition", Shapes.CONSTRAINT_OF_K)
                            .with("table", table)
                            .with("successor", successor),
                    row -> {
                        Kind kind = Kind.valueOf(row.text("kind"));
                        List<Definition> statements = kind == Kind.INDEXES
                                ? indexes.computeIfAbsent(row.text("partition"), _ -> new ArrayList<>())
                                : ddl.computeIfAbsent(kind, _ -> new ArrayList<>());
                        return statements.add(new Definition(row.text("ddl")));
                    });
            collect(
                    session,
                    FOREIGN_KEYS
                            .with("table", table)
                            .with("successor", successor)
                            .with("schema", Literal.of(spec.table().schema().sql())),
                    ddl);
        }
        List<Bound> bounds = bounds(session, successor);
        return new ObservedTable.Successor(
                inOrder(bounds.stream().map(Bound::from)),
                inOrder(bounds.stream().flatMap(bound -> Stream.of(bound.from(), bound.to()))),
                List.copyOf(indexes.values()),
                ddl.getOrDefault(Kind.PARENT_INDEXES, List.of()),
                ddl.getOrDefault(Kind.SUPERFLUOUS_INDEXES, List.of()),
                ddl.getOrDefault(Kind.ADD_FOREIGN_KEYS, List.of()),
                ddl.getOrDefault(Kind.VALIDATE_FOREIGN_KEYS, List.of()),
                ddl.getOrDefault(Kind.PARENT_FOREIGN_KEYS, List.of()));
    }

    private static void collect(Session session, Sql query, Map<Kind, List<Definition>> ddl) {
        session.query(
                query,
                row -> ddl.computeIfAbsent(Kind.valueOf(row.text("kind")), _ -> new ArrayList<>())
                        .add(new Definition(row.text("ddl"))));
    }

    private static List<Bound> bounds(Session session, Literal successor) {
        return session.query(BOUNDS.with("successor", successor), row -> row.text("bound")).stream()
                .filter(text -> !text.equals("DEFAULT"))
                .map(Bound::parse)
                .toList();
    }

    private static List<LocalDateTime> inOrder(Stream<@Nullable LocalDateTime> bounds) {
        return bounds.filter(Objects::nonNull).distinct().sorted().toList();
    }
}
