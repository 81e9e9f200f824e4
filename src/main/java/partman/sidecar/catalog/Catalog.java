package partman.sidecar.catalog;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Row;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * One read-only pass over the catalog. The number of queries is fixed, whatever the number of tables and partitions, and
 * none of them waits for a table that another session holds exclusively.
 */
public final class Catalog {

    private static final Sql SERVER = Sql.sql("""
            SELECT (EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) * 1000)::bigint AS now_millis,
                   pg_catalog.current_setting('server_version') AS version,
                   pg_catalog.current_database() AS database,
                   CURRENT_USER AS role,
                   pg_catalog.pg_is_in_recovery() AS in_recovery,
                   pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may_create,
                   (SELECT a.default_version FROM pg_catalog.pg_available_extensions AS a WHERE a.name = 'pg_partman')
                       AS default_version,
                   e.extversion,
                   n.nspname,
                   COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                       AND pg_catalog.has_table_privilege(
                           pg_catalog.to_regclass(pg_catalog.quote_ident(n.nspname) || '.part_config'), 'SELECT'), false)
                       AS may_use
            FROM (VALUES (1)) AS one
            LEFT JOIN pg_catalog.pg_extension AS e ON e.extname = 'pg_partman'
            LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
            """);

    /** {@code pg_get_partkeydef} would lock the table. */
    private static final Sql RELATIONS = Sql.sql("""
            SELECT w.schema,
                   w.name,
                   c.oid::text AS oid,
                   c.relkind::text AS kind,
                   c.relispartition OR EXISTS (
                       SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid) AS is_child,
                   c.reltuples::bigint AS estimated_rows,
                   pg_catalog.pg_get_userbyid(c.relowner) AS owner,
                   pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned,
                   p.partstrat::text AS strategy,
                   p.partnatts AS key_columns,
                   a.attname AS key_column,
                   t.typname AS key_type,
                   CASE p.partstrat WHEN 'r' THEN 'RANGE' WHEN 'l' THEN 'LIST' ELSE 'HASH' END || ' (' || (
                       SELECT pg_catalog.string_agg(COALESCE(pg_catalog.quote_ident(x.attname), 'an expression'), ', ' ORDER BY k.position)
                       FROM pg_catalog.unnest(p.partattrs::smallint[]) WITH ORDINALITY AS k (attnum, position)
                       LEFT JOIN pg_catalog.pg_attribute AS x ON x.attrelid = p.partrelid AND x.attnum = k.attnum AND x.attnum > 0)
                       || ')' AS key,
                   ARRAY(SELECT g.tgenabled::text || g.tgname
                         FROM pg_catalog.pg_trigger AS g
                         WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
                         ORDER BY g.tgname) AS triggers,
                   ARRAY(SELECT x.attname::text
                         FROM pg_catalog.pg_attribute AS x
                         WHERE x.attrelid = c.oid AND x.attnum > 0 AND NOT x.attisdropped AND x.attgenerated = ''
                         ORDER BY x.attnum) AS columns,
                   f.keys AS referenced_by
            FROM ROWS FROM (pg_catalog.unnest(:schemas::text[]), pg_catalog.unnest(:names::text[]))
                     WITH ORDINALITY AS w (schema, name, position)
            LEFT JOIN (pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace)
                ON n.nspname = w.schema AND c.relname = w.name
            LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
            LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            LEFT JOIN (
                SELECT k.confrelid,
                       pg_catalog.array_agg(pg_catalog.format('%I.%I (%I)', rn.nspname, r.relname, k.conname)
                           ORDER BY rn.nspname, r.relname, k.conname) AS keys
                FROM pg_catalog.pg_constraint AS k
                JOIN pg_catalog.pg_class AS r ON r.oid = k.conrelid
                JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
                WHERE k.contype = 'f' AND k.conparentid = 0
                GROUP BY k.confrelid) AS f ON f.confrelid = c.oid
            ORDER BY w.position
            """);

    /** {@code pg_get_expr} gets no relation, since it would lock one; a bound holds no column names. */
    private static final Sql CHILDREN = Sql.sql("""
            SELECT i.inhparent::text AS parent,
                   c.oid::text AS oid,
                   n.nspname,
                   c.relname,
                   c.relkind = 'p' AS partitioned,
                   pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT pg_catalog.row_security_active(c.oid) AS readable,
                   pg_catalog.pg_get_expr(c.relpartbound, 0) AS bound
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE i.inhparent = ANY (:parents::oid[])
              AND NOT i.inhdetachpending
            """);

    /**
     * Sizes of the tables that no session locks, or waits to lock, exclusively: {@code pg_relation_size} would queue behind
     * it.
     */
    private static final Sql SIZES = Sql.sql("""
            WITH locked AS MATERIALIZED (
                SELECT l.relation
                FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation'
                  AND l.mode = 'AccessExclusiveLock'
                  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                                    WHERE d.datname = pg_catalog.current_database()))
            SELECT r.oid::text AS oid,
                   pg_catalog.pg_relation_size(r.oid) AS heap_bytes,
                   pg_catalog.pg_total_relation_size(r.oid) AS total_bytes
            FROM pg_catalog.unnest(:relations::oid[]) AS r (oid)
            WHERE NOT EXISTS (SELECT FROM locked AS l WHERE l.relation = r.oid)
            """);

    /**
     * Over {@code s}, parents by schema and name: tables named as pg_partman names their partitions, with the parent's name cut to
     * what leaves room for the suffix.
     */
    static final String DETACHED_FROM_S = """
            JOIN pg_catalog.pg_namespace AS n ON n.nspname = s.schema
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
            WHERE c.relkind = 'r'
              AND NOT c.relispartition
              AND c.relname ~ '_p[0-9]{8}(_[0-9]{6})?$'
              AND pg_catalog.length(pg_catalog.regexp_replace(c.relname, '_p[0-9]{8}(_[0-9]{6})?$', '')) > 0
              AND (pg_catalog.regexp_replace(c.relname, '_p[0-9]{8}(_[0-9]{6})?$', '') = s.name
                   OR (pg_catalog.octet_length(c.relname::text) >= 60
                       AND pg_catalog.starts_with(s.name, pg_catalog.regexp_replace(c.relname, '_p[0-9]{8}(_[0-9]{6})?$', ''))))
            """;

    private static final Sql DETACHED = Sql.sql("""
            SELECT s.schema,
                   s.name,
                   pg_catalog.count(*) AS tables,
                   COALESCE(pg_catalog.sum(c.relpages::bigint * pg_catalog.current_setting('block_size')::bigint), 0)::bigint
                       AS size_bytes
            FROM ROWS FROM (pg_catalog.unnest(:schemas::text[]), pg_catalog.unnest(:names::text[])) AS s (schema, name)
            """ + DETACHED_FROM_S + "GROUP BY s.schema, s.name");

    /**
     * Looks into default partitions, up to the cap, by one statement: {@code query_to_xml} runs a query whose table is only
     * known now. A null unit stands for a control column that is no time.
     */
    private static final Sql DEFAULT_ROWS = Sql.sql("""
            SELECT d.oid::text AS oid, x.bucket, x.oldest, x.newest, x.row_count, x.infinite
            FROM ROWS FROM (pg_catalog.unnest(:oids::oid[]), pg_catalog.unnest(:schemas::text[]), pg_catalog.unnest(:names::text[]),
                            pg_catalog.unnest(:controls::text[]), pg_catalog.unnest(:units::text[]))
                     AS d (oid, schema, name, control, unit)
            CROSS JOIN LATERAL pg_catalog.query_to_xml(
                CASE WHEN d.unit IS NULL THEN pg_catalog.format(
                    'SELECT NULL::bigint AS bucket, NULL::bigint AS oldest, NULL::bigint AS newest, count(*) AS row_count,
                            0::bigint AS infinite
                     FROM (SELECT FROM ONLY %I.%I LIMIT %s) AS looked_at', d.schema, d.name, :cap::bigint)
                ELSE pg_catalog.format(
                    'SELECT CASE WHEN isfinite(v) THEN floor(EXTRACT(EPOCH FROM date_trunc(%L, v)))::bigint END AS bucket,
                            CASE WHEN isfinite(min(v)) THEN floor(EXTRACT(EPOCH FROM min(v)))::bigint END AS oldest,
                            CASE WHEN isfinite(max(v)) THEN floor(EXTRACT(EPOCH FROM max(v)))::bigint END AS newest,
                            count(*) AS row_count,
                            count(*) FILTER (WHERE NOT isfinite(v)) AS infinite
                     FROM (SELECT %I AS v FROM ONLY %I.%I LIMIT %s) AS looked_at
                     GROUP BY 1 ORDER BY 1', d.unit, d.control, d.schema, d.name, :cap::bigint) END,
                false, true, '') AS q (result)
            CROSS JOIN LATERAL XMLTABLE('//row' PASSING XMLELEMENT(NAME root, q.result)
                COLUMNS bucket bigint, oldest bigint, newest bigint, row_count bigint, infinite bigint) AS x
            """);

    private static final Sql RETIRED = Sql.sql("""
            SELECT w.schema, w.name, c.oid::text AS oid
            FROM ROWS FROM (pg_catalog.unnest(:schemas::text[]), pg_catalog.unnest(:names::text[]),
                            pg_catalog.unnest(:retired::text[])) AS w (schema, name, retired)
            JOIN pg_catalog.pg_namespace AS n ON n.nspname = w.retired
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind = 'r'
            """);

    private final long defaultRowsCap;

    /** Counts the rows of a default partition up to {@code defaultRowsCap}. */
    public Catalog(long defaultRowsCap) {
        this.defaultRowsCap = defaultRowsCap;
    }

    /** Looks at the server, at every table of {@code specs}, and at every other set that is in {@code part_config}. */
    public Observation observe(Session session, List<TableSpec> specs) {
        return observe(session, specs, Map.of());
    }

    /**
     * The same soon after another look, whose sizes of partitions are not asked for again: of all that a look costs the server they
     * are the dearest. Those of default partitions are, since whether rows are in there hangs on them.
     */
    public Observation observe(Session session, List<TableSpec> specs, Observation before) {
        Map<QualifiedName, Size> known = new HashMap<>();
        for (PartitionSet set : before.sets()) {
            for (PartitionSet.Child child : set.children()) {
                if (child.sizeBytes() != null) {
                    known.put(child.name(), new Size(child.empty(), child.sizeBytes()));
                }
            }
        }
        return observe(session, specs, known);
    }

    private Observation observe(Session session, List<TableSpec> specs, Map<QualifiedName, Size> known) {
        long started = System.nanoTime();
        ObservedServer server = server(session);
        Map<QualifiedName, Registration> registrations = new LinkedHashMap<>();
        if (server.extension() instanceof Extension.Installed installed && installed.mayUse()) {
            registrations.putAll(Partman.registrations(session, installed.schema()));
        }
        Map<QualifiedName, Conversion> conversions = Conversions.of(session);
        registrations.keySet().removeAll(Conversions.successors(conversions));
        Map<QualifiedName, TableSpec> configured =
                specs.stream().collect(toMap(TableSpec::table, Function.identity(), (a, b) -> a, LinkedHashMap::new));
        Set<QualifiedName> names = new LinkedHashSet<>(configured.keySet());
        names.addAll(registrations.keySet());

        List<Relation> relations = relations(session, names);
        List<ChildRow> children = children(session, relations);
        List<RetiredRow> retired = retired(session, retirable(relations, children, configured.keySet()));
        Map<String, Size> sizes = sizes(session, relations, children, retired, known);
        Map<QualifiedName, PartitionSet.Detached> detached = detached(session, relations);
        Map<String, List<Bucket>> buckets = buckets(session, relations, children, sizes, configured, registrations);

        Map<String, List<ChildRow>> childrenByParent = children.stream().collect(groupingBy(ChildRow::parent));
        // sets of one interval have the same bounds
        Map<String, Bound> bounds = new HashMap<>();
        Map<QualifiedName, ObservedTable> tables = new LinkedHashMap<>();
        List<PartitionSet> others = new ArrayList<>();
        List<QualifiedName> astray = new ArrayList<>();
        for (Relation relation : relations) {
            boolean isConfigured = configured.containsKey(relation.name());
            Conversion conversion = conversions.get(relation.name());
            if (isConfigured && conversion != null) {
                tables.put(
                        relation.name(),
                        new ObservedTable.Converting(
                                conversion, relation.oid() == null || relation.owned(), null, null));
            } else if (isConfigured && (relation.isChild() || !relation.isPartitionedByOneColumn())) {
                tables.put(relation.name(), unpartitioned(relation, sizes));
            } else if (!relation.isPartitioned()) {
                astray.add(relation.name());
            } else {
                PartitionSet set = partitionSet(
                        relation,
                        childrenByParent.getOrDefault(relation.oid(), List.of()),
                        bounds,
                        sizes,
                        buckets,
                        registrations.get(relation.name()),
                        detached.getOrDefault(relation.name(), PartitionSet.Detached.NONE),
                        conversions);
                if (isConfigured) {
                    tables.put(relation.name(), new ObservedTable.Partitioned(set));
                } else {
                    others.add(set);
                }
            }
        }
        Map<QualifiedName, Long> retiredSizes = new LinkedHashMap<>();
        for (RetiredRow row : retired) {
            Size size = sizes.get(row.oid());
            retiredSizes.put(row.table(), size == null ? 0L : size.total());
        }
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        return new Observation(
                server.now(), took, server, tables, List.copyOf(others), List.copyOf(astray), retiredSizes);
    }

    /** Looks at the server alone. */
    public ObservedServer server(Session session) {
        return session.requireOne(
                SERVER,
                row -> new ObservedServer(
                        Instant.ofEpochMilli(row.number("now_millis")),
                        row.text("version"),
                        row.text("database"),
                        row.text("role"),
                        row.flag("in_recovery"),
                        row.flag("may_create"),
                        extension(row)));
    }

    private static Extension extension(Row row) {
        String installed = row.textOrNull("extversion");
        String available = row.textOrNull("default_version");
        if (installed != null) {
            return new Extension.Installed(
                    installed,
                    new Identifier(row.text("nspname")),
                    available == null ? installed : available,
                    row.flag("may_use"));
        }
        return available == null ? new Extension.Unavailable() : new Extension.Available(available);
    }

    private record Relation(
            QualifiedName name,
            @Nullable String oid,
            @Nullable String kind,
            boolean isChild,
            long estimatedRows,
            @Nullable String owner,
            boolean owned,
            @Nullable String strategy,
            int keyColumns,
            @Nullable String keyColumn,
            @Nullable String keyType,
            @Nullable String key,
            List<String> triggers,
            List<String> columns,
            List<String> referencedBy) {

        boolean isPartitioned() {
            return "p".equals(kind);
        }

        boolean isPartitionedByOneColumn() {
            return isPartitioned() && "r".equals(strategy) && keyColumns == 1 && keyColumn != null;
        }

        boolean isPartitionedByTime() {
            return isPartitionedByOneColumn() && keyType != null && PartitionSet.CONTROL_TYPES.contains(keyType);
        }
    }

    private record ChildRow(
            String parent, String oid, QualifiedName name, boolean partitioned, boolean readable, String bound) {

        boolean isDefault() {
            return bound.equals("DEFAULT");
        }
    }

    /**
     * @param empty whether the heap has no page
     * @param total bytes, with indexes and TOAST
     */
    private record Size(boolean empty, long total) {}

    private record RetiredRow(QualifiedName table, String oid) {}

    private record Bucket(
            @Nullable Long start,
            @Nullable Long oldest,
            @Nullable Long newest,
            long rows,
            long infinite) {}

    private static List<Relation> relations(Session session, Set<QualifiedName> names) {
        return session.query(
                named(RELATIONS, names),
                row -> new Relation(
                        QualifiedName.of(row.text("schema"), row.text("name")),
                        row.textOrNull("oid"),
                        row.textOrNull("kind"),
                        row.flag("is_child"),
                        row.number("estimated_rows"),
                        row.textOrNull("owner"),
                        row.flag("owned"),
                        row.textOrNull("strategy"),
                        row.integer("key_columns"),
                        row.textOrNull("key_column"),
                        row.textOrNull("key_type"),
                        row.textOrNull("key"),
                        row.texts("triggers"),
                        row.texts("columns"),
                        row.texts("referenced_by")));
    }

    private static Sql named(Sql sql, Iterable<QualifiedName> names) {
        List<String> schemas = new ArrayList<>();
        List<String> tables = new ArrayList<>();
        for (QualifiedName name : names) {
            schemas.add(name.schema().name());
            tables.add(name.name().name());
        }
        return sql.bind("schemas", schemas).bind("names", tables);
    }

    private static List<ChildRow> children(Session session, List<Relation> relations) {
        List<String> parents = new ArrayList<>();
        for (Relation relation : relations) {
            if (relation.isPartitioned() && relation.oid() != null) {
                parents.add(relation.oid());
            }
        }
        return session.query(
                CHILDREN.bind("parents", parents),
                row -> new ChildRow(
                        row.text("parent"),
                        row.text("oid"),
                        QualifiedName.of(row.text("nspname"), row.text("relname")),
                        row.flag("partitioned"),
                        row.flag("readable"),
                        String.valueOf(row.textOrNull("bound"))));
    }

    /** Tables that conversions replace by others of the same name: the configured ones, and their default partitions. */
    private static Set<QualifiedName> retirable(
            List<Relation> relations, List<ChildRow> children, Set<QualifiedName> configured) {
        Set<String> parents = new HashSet<>();
        for (Relation relation : relations) {
            if (relation.oid() != null && configured.contains(relation.name())) {
                parents.add(relation.oid());
            }
        }
        Set<QualifiedName> names = new LinkedHashSet<>(configured);
        for (ChildRow child : children) {
            if (child.isDefault() && parents.contains(child.parent())) {
                names.add(child.name());
            }
        }
        return names;
    }

    private static List<RetiredRow> retired(Session session, Set<QualifiedName> tables) {
        List<String> retiredSchemas = new ArrayList<>();
        for (QualifiedName table : tables) {
            retiredSchemas.add(WorkSchema.retiredOf(table).schema().name());
        }
        return session.query(
                named(RETIRED, tables).bind("retired", retiredSchemas),
                row -> new RetiredRow(QualifiedName.of(row.text("schema"), row.text("name")), row.text("oid")));
    }

    private static Map<String, Size> sizes(
            Session session,
            List<Relation> relations,
            List<ChildRow> children,
            List<RetiredRow> retired,
            Map<QualifiedName, Size> known) {
        Map<String, Size> sizes = new LinkedHashMap<>();
        List<String> oids = new ArrayList<>();
        for (Relation relation : relations) {
            if (relation.oid() != null && "r".equals(relation.kind())) {
                oids.add(relation.oid());
            }
        }
        for (ChildRow child : children) {
            Size size = child.isDefault() ? null : known.get(child.name());
            if (size == null) {
                oids.add(child.oid());
            } else {
                sizes.put(child.oid(), size);
            }
        }
        retired.forEach(row -> oids.add(row.oid()));
        session.query(SIZES.bind("relations", oids), row -> {
            Long total = row.numberOrNull("total_bytes");
            if (total != null) {
                sizes.put(row.text("oid"), new Size(row.number("heap_bytes") == 0, total));
            }
            return null;
        });
        return sizes;
    }

    private static Map<QualifiedName, PartitionSet.Detached> detached(Session session, List<Relation> relations) {
        List<QualifiedName> sets = relations.stream()
                .filter(Relation::isPartitioned)
                .map(Relation::name)
                .toList();
        Map<QualifiedName, PartitionSet.Detached> detached = new LinkedHashMap<>();
        session.query(
                named(DETACHED, sets),
                row -> detached.put(
                        QualifiedName.of(row.text("schema"), row.text("name")),
                        new PartitionSet.Detached(row.integer("tables"), row.number("size_bytes"))));
        return detached;
    }

    private Map<String, List<Bucket>> buckets(
            Session session,
            List<Relation> relations,
            List<ChildRow> children,
            Map<String, Size> sizes,
            Map<QualifiedName, TableSpec> configured,
            Map<QualifiedName, Registration> registrations) {
        Map<String, Relation> parents = new LinkedHashMap<>();
        for (Relation relation : relations) {
            if (relation.oid() != null) {
                parents.put(relation.oid(), relation);
            }
        }
        List<String> oids = new ArrayList<>();
        List<QualifiedName> names = new ArrayList<>();
        List<@Nullable String> controls = new ArrayList<>();
        List<@Nullable String> units = new ArrayList<>();
        for (ChildRow child : children) {
            Relation parent = parents.get(child.parent());
            // a size that is not known means that the table is locked, and counting its rows would wait
            Size size = sizes.get(child.oid());
            if (parent == null || !child.isDefault() || !child.readable() || child.partitioned() || size == null) {
                continue;
            }
            // a heap without a page has no row: most default partitions are like that, and there may be hundreds
            if (size.empty()) {
                continue;
            }
            oids.add(child.oid());
            names.add(child.name());
            controls.add(parent.keyColumn());
            TableSpec spec = configured.get(parent.name());
            Registration registration = registrations.get(parent.name());
            PartitionInterval interval = spec != null
                    ? spec.partitionInterval()
                    : registration == null ? null : registration.partitionInterval();
            units.add(!parent.isPartitionedByTime() ? null : interval == null ? "day" : interval.bucketUnit());
        }
        Map<String, List<Bucket>> buckets = new LinkedHashMap<>();
        session.query(
                named(DEFAULT_ROWS.bind("oids", oids), names)
                        .bind("controls", controls)
                        .bind("units", units)
                        .bind("cap", defaultRowsCap),
                row -> buckets.computeIfAbsent(row.text("oid"), _ -> new ArrayList<>())
                        .add(new Bucket(
                                row.numberOrNull("bucket"),
                                row.numberOrNull("oldest"),
                                row.numberOrNull("newest"),
                                row.number("row_count"),
                                row.number("infinite"))));
        return buckets;
    }

    private PartitionSet partitionSet(
            Relation relation,
            List<ChildRow> rows,
            Map<String, Bound> bounds,
            Map<String, Size> sizes,
            Map<String, List<Bucket>> buckets,
            @Nullable Registration registration,
            PartitionSet.Detached detached,
            Map<QualifiedName, Conversion> conversions) {
        List<PartitionSet.Child> children = new ArrayList<>();
        PartitionSet.DefaultPartition defaultPartition = null;
        for (ChildRow row : rows) {
            Size size = sizes.get(row.oid());
            Long total = size == null ? null : size.total();
            if (row.isDefault()) {
                boolean counted = row.readable() && !row.partitioned() && size != null;
                Conversion conversion = conversions.get(row.name());
                defaultPartition = defaultPartition(
                        row.name(),
                        total,
                        counted,
                        buckets.getOrDefault(row.oid(), List.of()),
                        conversion == null
                                ? new ObservedTable.Plain(-1, relation.owned(), total, null)
                                : new ObservedTable.Converting(conversion, relation.owned(), null, null));
            } else {
                Bound bound = bounds.computeIfAbsent(row.bound(), Bound::parse);
                boolean empty = size != null && size.empty();
                children.add(
                        new PartitionSet.Child(row.name(), bound.from(), bound.to(), row.partitioned(), empty, total));
            }
        }
        children.sort(PartitionSet.Child.OLDEST_FIRST);
        return new PartitionSet(
                relation.name(),
                new Identifier(String.valueOf(relation.owner())),
                relation.owned(),
                new Identifier(String.valueOf(relation.keyColumn())),
                String.valueOf(relation.keyType()),
                List.copyOf(children),
                defaultPartition,
                registration == null || !relation.isChild() ? registration : registration.withoutInterval(),
                detached,
                relation.triggers().stream()
                        .map(text -> new PartitionSet.Trigger(new Identifier(text.substring(1)), text.charAt(0)))
                        .toList(),
                relation.columns().stream().map(Identifier::new).toList(),
                relation.referencedBy());
    }

    private PartitionSet.DefaultPartition defaultPartition(
            QualifiedName name, @Nullable Long sizeBytes, boolean counted, List<Bucket> buckets, ObservedTable table) {
        long rows = 0;
        long infinite = 0;
        Long oldest = null;
        Long newest = null;
        List<ObservedTable.Interval> spread = new ArrayList<>();
        for (Bucket bucket : buckets) {
            rows += bucket.rows();
            infinite += bucket.infinite();
            LocalDateTime start = Bound.ofEpochSecond(bucket.start());
            if (start != null) {
                oldest = oldest == null ? bucket.oldest() : oldest;
                newest = bucket.newest();
                spread.add(new ObservedTable.Interval(start, bucket.rows()));
            }
        }
        return new PartitionSet.DefaultPartition(
                name,
                sizeBytes,
                counted,
                rows,
                rows >= defaultRowsCap,
                Bound.ofEpochSecond(oldest),
                Bound.ofEpochSecond(newest),
                infinite,
                List.copyOf(spread),
                table);
    }

    private static ObservedTable unpartitioned(Relation relation, Map<String, Size> sizes) {
        if (relation.kind() == null || relation.oid() == null) {
            return new ObservedTable.Missing();
        }
        if (relation.isChild()) {
            return new ObservedTable.NotATable("a child of another table");
        }
        Size size = sizes.get(relation.oid());
        return switch (relation.kind()) {
            case "r" ->
                new ObservedTable.Plain(
                        relation.estimatedRows(), relation.owned(), size == null ? null : size.total(), null);
            case "p" -> new ObservedTable.PartitionedOtherwise(String.valueOf(relation.key()));
            case "v" -> new ObservedTable.NotATable("a view");
            case "m" -> new ObservedTable.NotATable("a materialized view");
            case "f" -> new ObservedTable.NotATable("a foreign table");
            case "S" -> new ObservedTable.NotATable("a sequence");
            case "c" -> new ObservedTable.NotATable("a composite type");
            default -> new ObservedTable.NotATable("an index");
        };
    }
}
