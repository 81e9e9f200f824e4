package partman.sidecar.reconcile;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.testing.TestDatabase;

/** What a client sees of a partition set: nothing here uses the code under test to look. */
public final class SetView {

    /** One partition with its bounds, as text in UTC; null where an end is open. */
    public record Part(
            QualifiedName name,
            @Nullable String from,
            @Nullable String to) {}

    private final TestDatabase database;
    private final TableSpec spec;

    public SetView(TestDatabase database, TableSpec spec) {
        this.database = database;
        this.spec = spec;
        database.execute("SET TimeZone = 'UTC'");
    }

    /** All partitions but the default one, oldest first. */
    public List<Part> partitions() {
        return database.query("""
                        SELECT n.nspname, c.relname, b.bound[1]::timestamp::text, b.bound[2]::timestamp::text
                        FROM pg_inherits AS i
                        JOIN pg_class AS c ON c.oid = i.inhrelid
                        JOIN pg_namespace AS n ON n.oid = c.relnamespace,
                        LATERAL (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''(.*?)''\\) TO \\(''(.*?)''\\)'))
                            AS b (bound)
                        WHERE i.inhparent = %s::regclass AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'
                        ORDER BY b.bound[1]::timestamp
                        """.formatted(Literal.of(spec.table().sql()).sql())).stream()
                .map(row -> new Part(
                        QualifiedName.of(String.valueOf(row.get(0)), String.valueOf(row.get(1))),
                        (String) row.get(2),
                        (String) row.get(3)))
                .toList();
    }

    public List<String> partitionNames() {
        return partitions().stream().map(part -> part.name().name().name()).toList();
    }

    public QualifiedName defaultPartition() {
        return database.query("""
                        SELECT n.nspname, c.relname
                        FROM pg_inherits AS i
                        JOIN pg_class AS c ON c.oid = i.inhrelid
                        JOIN pg_namespace AS n ON n.oid = c.relnamespace
                        WHERE i.inhparent = %s::regclass AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
                        """.formatted(Literal.of(spec.table().sql()).sql())).stream()
                .map(row -> QualifiedName.of(String.valueOf(row.get(0)), String.valueOf(row.get(1))))
                .findFirst()
                .orElseThrow();
    }

    public long defaultRows() {
        return rows(defaultPartition(), "true");
    }

    /** Rows that lie in a partition that is not theirs. */
    public long misplacedRows() {
        long misplaced = 0;
        for (Part part : partitions()) {
            misplaced += rows(
                    part.name(),
                    "NOT (%1$s >= '%2$s' AND %1$s < '%3$s')"
                            .formatted(spec.controlColumn().sql(), part.from(), part.to()));
        }
        return misplaced;
    }

    private long rows(QualifiedName table, String condition) {
        return (Long) Objects.requireNonNull(
                database.single("SELECT count(*) FROM ONLY %s WHERE %s".formatted(table.sql(), condition)));
    }

    /** Partitions that don't begin where the one before them ends. */
    public List<String> holes() {
        List<String> holes = new ArrayList<>();
        List<Part> parts = partitions();
        for (int i = 1; i < parts.size(); i++) {
            if (!Objects.equals(parts.get(i - 1).to(), parts.get(i).from())) {
                holes.add(
                        "%s to %s".formatted(parts.get(i - 1).to(), parts.get(i).from()));
            }
        }
        return holes;
    }

    /** Whether there are partitions for now and for {@code premake} intervals to come. */
    public boolean isPremade() {
        return Objects.equals(
                database.single(
                        "SELECT '%s'::timestamp > now()::timestamp + %d * interval '%s' AND '%s'::timestamp <= now()::timestamp"
                                .formatted(
                                        partitions().getLast().to(),
                                        spec.premake(),
                                        spec.partitionInterval(),
                                        partitions().getFirst().from())),
                true);
    }

    /** Names of the parent's indexes, sorted. */
    public List<String> indexes() {
        return database.strings(
                "SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = %s::regclass ORDER BY 1"
                        .formatted(Literal.of(spec.table().sql()).sql()));
    }

    /** The set's row in {@code part_config}: every column that is configured. */
    public List<List<@Nullable Object>> configuration() {
        return database.query("""
                SELECT control, partition_interval::interval = interval '%s', premake, retention::interval = %s, retention_keep_table,
                       infinite_time_partitions, automatic_maintenance
                FROM partman.part_config WHERE parent_table = %s
                """.formatted(
                        spec.partitionInterval(),
                        spec.retention() == null ? "NULL" : "interval '" + spec.retention() + "'",
                        Literal.of(spec.table().unquoted()).sql()));
    }

    /** Everything in the database's own schemas and pg_partman's, to tell that nothing was changed: no row, but every object. */
    public static List<String> schema(TestDatabase database) {
        List<String> objects = new ArrayList<>(database.strings("""
                SELECT format('%s %s %s file %s options %s acl %s owner %s bound %s', c.oid::regclass, c.oid, c.relkind, c.relfilenode,
                           c.reloptions, c.relacl, c.relowner, pg_get_expr(c.relpartbound, c.oid))
                FROM pg_class AS c
                WHERE c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
                UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
                UNION ALL SELECT format('trigger %s %s %s', tgrelid, tgname, tgenabled) FROM pg_trigger
                UNION ALL SELECT format('constraint %s %s', conrelid, conname) FROM pg_constraint WHERE contype <> 'n'
                UNION ALL SELECT format('extension %s %s', extname, extversion) FROM pg_extension
                UNION ALL SELECT format('publication %s %s', prpubid, prrelid) FROM pg_publication_rel
                UNION ALL SELECT format('depends %s %s %s %s', objid, refobjid, refobjsubid, deptype) FROM pg_depend
                          WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
                ORDER BY 1
                """));
        if (!database.strings("SELECT 1 FROM pg_extension WHERE extname = 'pg_partman'")
                        .isEmpty()
                && !database.strings("SELECT 1 WHERE to_regclass('partman.part_config') IS NOT NULL")
                        .isEmpty()) {
            objects.addAll(database.strings("SELECT c::text FROM partman.part_config AS c ORDER BY 1"));
        }
        return objects;
    }
}
