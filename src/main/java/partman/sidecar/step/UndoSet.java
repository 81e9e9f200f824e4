package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.Literal;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.UndoShape;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * The way back from a partition set to a plain table, by pg_partman's own undo: for a person and psql. The sidecar prints it and never
 * runs it, so it is no {@link Step}.
 *
 * <p>Each part asks the catalog whether it is still to be done, so a script that was interrupted can be run again, whole:
 *
 * <pre>
 *   set --begin--> set and empty plain table --move--> parent without partitions, filled plain table --build--> the same, with indexes
 *                                                                                                                       |
 *   plain table &lt;--cleanUp-- plain table in its place, detached empty partitions &lt;--exchange----------------------------+
 * </pre>
 *
 * <p>pg_partman's undo drops a partition in which it has found no row, and would take with it what somebody wrote meanwhile, and rows
 * without a control value. So it is told to keep them, and they are dropped at the end, each after another look.
 *
 * @param shape what was read of the set
 * @see <a href="https://github.com/pgpartman/pg_partman/blob/development/doc/pg_partman.md">undo_partition_proc</a>
 */
public record UndoSet(PartitionSet set, Identifier partman, UndoShape shape) {

    /** Longest wait for a lock: nobody waits behind it, and autovacuum lets go after PostgreSQL's deadlock timeout, a second. */
    public static final Duration LOCK_TIMEOUT = Duration.ofSeconds(10);

    private static final Sql LIMIT = sql("SET lock_timeout = {milliseconds}");
    private static final Sql NO_LIMIT = sql("SET statement_timeout = 0");

    // Names reach the blocks as settings, since their text can't take parameters

    private static final Sql SET_TABLE = sql("SET partman_sidecar.undo_table = {table}");
    private static final Sql SET_PARENT_TABLE = sql("SET partman_sidecar.undo_parent_table = {parent_table}");
    private static final Sql SET_PLAIN = sql("SET partman_sidecar.undo_plain = {plain}");
    private static final Sql SET_NOTED = sql("SET partman_sidecar.undo_noted = {noted}");
    private static final Sql SET_FINGERPRINT = sql("SET partman_sidecar.undo_fingerprint = {fingerprint}");

    // What is still to be done

    private static final Sql IS_PARTITIONED = sql("""
            SELECT EXISTS (SELECT
                           FROM pg_catalog.pg_partitioned_table AS p
                           WHERE p.partrelid = pg_catalog.to_regclass({table})) AS due
            """);

    private static final Sql IS_NOT_BEGUN = sql("""
            SELECT pg_catalog.to_regclass({noted}) IS NULL
                AND EXISTS (SELECT
                            FROM pg_catalog.pg_partitioned_table AS p
                            WHERE p.partrelid = pg_catalog.to_regclass({table})) AS due
            """);

    private static final Sql IS_REGISTERED = sql("""
            SELECT EXISTS (SELECT FROM {partman}.part_config AS f WHERE f.parent_table = {parent_table}) AS due
            """);

    private static final Sql IS_NOT_BUILT = sql("""
            SELECT EXISTS (SELECT
                           FROM pg_catalog.pg_class AS c
                           WHERE c.oid = pg_catalog.to_regclass({plain})
                             AND NOT c.relhasindex
                             AND NOT EXISTS (SELECT
                                             FROM pg_catalog.pg_attribute AS a
                                             WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attidentity <> '')
                             AND NOT EXISTS (SELECT
                                             FROM pg_catalog.pg_constraint AS k
                                             WHERE k.conrelid = c.oid AND k.contype = 'f')) AS due
            """);

    private static final Sql IS_TO_EXCHANGE = sql("SELECT pg_catalog.to_regclass({plain}) IS NOT NULL AS due");

    private static final Sql IS_EXCHANGED = sql("""
            SELECT pg_catalog.to_regclass({noted}) IS NOT NULL AND pg_catalog.to_regclass({plain}) IS NULL AS due
            """);

    // Whether it still is the table that this was written for

    private static final Sql CHECK_TABLE = sql("""
            DO $partman_sidecar$
            DECLARE
                found text;
            BEGIN
                SELECT {fingerprint}
                INTO found
                FROM pg_catalog.pg_class AS c
                WHERE c.oid = current_setting('partman_sidecar.undo_table')::regclass;
                IF found <> current_setting('partman_sidecar.undo_fingerprint') THEN
                    RAISE EXCEPTION '% has changed since this was printed, and would lose the change: print it anew',
                        current_setting('partman_sidecar.undo_table');
                END IF;
                IF to_regclass(current_setting('partman_sidecar.undo_noted')) IS NULL
                    AND NOT EXISTS (SELECT FROM {partman}.part_config AS f
                                    WHERE f.parent_table = current_setting('partman_sidecar.undo_parent_table')) THEN
                    RAISE EXCEPTION 'pg_partman does not know % any more', current_setting('partman_sidecar.undo_table');
                END IF;
            END
            $partman_sidecar$
            """);

    // Begin

    private static final Sql LOCK = sql("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE");

    /** pg_partman sets the first one too, but only when it has begun; the sidecar minds the second one. */
    private static final Sql STOP_MAINTENANCE = sql("""
            UPDATE {partman}.part_config
            SET undo_in_progress = true,
                automatic_maintenance = 'off'
            WHERE parent_table = {parent_table}
            """);

    private static final Sql CREATE_SCHEMA = sql("CREATE SCHEMA IF NOT EXISTS {schema}");

    private static final Sql CREATE_PLAIN = sql("""
            CREATE TABLE {plain} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)
            """);

    private static final Sql NOTE_ROWS = sql("""
            CREATE TABLE {noted} AS
            SELECT i.inhrelid::regclass AS partition, COALESCE(r.row_count, 0) AS row_count
            FROM pg_catalog.pg_inherits AS i
            LEFT JOIN (SELECT t.tableoid, pg_catalog.count(*) AS row_count FROM {table} AS t GROUP BY t.tableoid) AS r
                ON r.tableoid = i.inhrelid
            WHERE i.inhparent = {name}::regclass
            """);

    /** The parent's own stay as they are: the plain table is given the same. */
    private static final Sql DISABLE_TRIGGERS = sql("""
            DO $partman_sidecar$
            DECLARE
                part regclass;
            BEGIN
                FOR part IN
                    SELECT i.inhrelid::regclass
                    FROM pg_catalog.pg_inherits AS i
                    WHERE i.inhparent = current_setting('partman_sidecar.undo_table')::regclass
                LOOP
                    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', part);
                END LOOP;
            END
            $partman_sidecar$
            """);

    private static final Sql MOVE_ROWS_WITHOUT_CONTROL = sql("""
            WITH moved AS (DELETE FROM {default} WHERE {control} IS NULL RETURNING {columns})
            INSERT INTO {plain} ({columns})
            SELECT {columns}
            FROM moved
            """);

    /** Takes away from the plain table and its sequences what default privileges gave: it has no row-level security yet. */
    private static final Sql STRIP = sql("""
            DO $partman_sidecar$
            DECLARE
                entry record;
            BEGIN
                FOR entry IN
                    SELECT DISTINCT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, c.oid::regclass AS object, a.grantee
                    FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
                    WHERE a.grantee <> c.relowner
                      AND (c.oid = current_setting('partman_sidecar.undo_plain')::regclass
                           OR c.oid IN (SELECT d.objid
                                        FROM pg_catalog.pg_depend AS d
                                        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                                          AND d.refobjid = current_setting('partman_sidecar.undo_plain')::regclass AND d.deptype = 'i'))
                LOOP
                    EXECUTE format('REVOKE ALL ON %s %s FROM %s', entry.kind, entry.object,
                        CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(entry.grantee)) END);
                END LOOP;
            END
            $partman_sidecar$
            """);

    // Move

    private static final Sql UNDO = sql("""
            CALL {partman}.undo_partition_proc(
                p_parent_table    => {parent_table},
                p_target_table    => {target_table},
                p_keep_table      => true,
                p_wait            => 0,
                p_ignored_columns => :ignored_columns::text[])
            """);

    // Exchange

    private static final Sql LOCK_PARENT = sql("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");

    private static final Sql CHECK_ROWS = sql("""
            DO $partman_sidecar$
            DECLARE
                part regclass;
                filled boolean;
                before bigint;
                after bigint;
            BEGIN
                SELECT i.inhrelid
                INTO part
                FROM pg_catalog.pg_inherits AS i
                WHERE i.inhparent = current_setting('partman_sidecar.undo_table')::regclass
                LIMIT 1;
                IF part IS NOT NULL THEN
                    RAISE EXCEPTION '% still has partitions, as %: the rows are not all moved; run this again',
                        current_setting('partman_sidecar.undo_table'), part;
                END IF;
                FOR part IN EXECUTE format('SELECT n.partition FROM %s AS n JOIN pg_catalog.pg_class AS c ON c.oid = n.partition',
                    current_setting('partman_sidecar.undo_noted'))
                LOOP
                    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', part) INTO filled;
                    IF filled THEN
                        RAISE EXCEPTION '% is detached and has rows, which somebody has written meanwhile: move them to %, then run this again',
                            part, current_setting('partman_sidecar.undo_plain');
                    END IF;
                END LOOP;
                EXECUTE format('SELECT sum(n.row_count) FROM %s AS n', current_setting('partman_sidecar.undo_noted')) INTO before;
                EXECUTE format('SELECT count(*) FROM %s', current_setting('partman_sidecar.undo_plain')) INTO after;
                IF after IS DISTINCT FROM before THEN
                    RAISE EXCEPTION '% has % rows, and % had % when its undo began', current_setting('partman_sidecar.undo_plain'),
                        after, current_setting('partman_sidecar.undo_table'), before
                        USING HINT = format('If somebody has written meanwhile and none is lost, correct the row_count of one row of %s, then run this again.',
                            current_setting('partman_sidecar.undo_noted'));
                END IF;
            END
            $partman_sidecar$
            """);

    private static final Sql CREATE_UNDONE_SCHEMA = sql("CREATE SCHEMA {schema}");
    private static final Sql SET_SCHEMA = sql("ALTER TABLE {table} SET SCHEMA {schema}");
    private static final Sql SET_OWNER = sql("ALTER TABLE {table} OWNER TO {owner}");
    private static final Sql DROP_PARENT = sql("DROP TABLE {table}");
    private static final Sql DROP_UNDONE_SCHEMA = sql("DROP SCHEMA {schema}");

    // Clean up

    private static final Sql VACUUM = sql("VACUUM (ANALYZE) {table}");

    private static final Sql DROP_PARTITIONS = sql("""
            DO $partman_sidecar$
            DECLARE
                part regclass;
                filled boolean;
            BEGIN
                FOR part IN EXECUTE format('SELECT n.partition FROM %s AS n JOIN pg_catalog.pg_class AS c ON c.oid = n.partition',
                    current_setting('partman_sidecar.undo_noted'))
                LOOP
                    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', part);
                    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', part) INTO filled;
                    IF filled THEN
                        RAISE EXCEPTION '% has rows, which somebody has written since: move them to %, then run this again',
                            part, current_setting('partman_sidecar.undo_table');
                    END IF;
                    EXECUTE format('DROP TABLE %s', part);
                    COMMIT;
                END LOOP;
            END
            $partman_sidecar$
            """);

    private static final Sql FORGET = sql("""
            DO $partman_sidecar$
            DECLARE
                place regnamespace;
            BEGIN
                SELECT c.relnamespace
                INTO place
                FROM pg_catalog.pg_class AS c
                WHERE c.oid = current_setting('partman_sidecar.undo_noted')::regclass;
                EXECUTE format('DROP TABLE %s', current_setting('partman_sidecar.undo_noted'));
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.relnamespace = place) THEN
                    EXECUTE format('DROP SCHEMA %s', place);
                END IF;
            END
            $partman_sidecar$
            """);

    /** What a session sets before the parts for a table. */
    public static List<Statement> settings(QualifiedName table) {
        return List.of(
                Statement.of(LIMIT.with("milliseconds", Literal.of(LOCK_TIMEOUT.toMillis()))),
                Statement.of(NO_LIMIT),
                Statement.of(SET_TABLE.with("table", Literal.of(table.sql()))),
                Statement.of(SET_PLAIN.with("plain", plainName(table))),
                Statement.of(SET_NOTED.with("noted", notedName(table))));
    }

    /** What is left to do, in order; if an undo has begun that is all but its beginning. */
    public List<UndoPart> parts() {
        List<UndoPart> parts = new ArrayList<>();
        parts.add(check());
        if (!shape.begun()) {
            parts.add(begin());
        }
        parts.add(move());
        if (!build().isEmpty()) {
            parts.add(new UndoPart(
                    "keys and indexes",
                    List.of(
                            "a foreign key keeps writers away from the table that it refers to, while all rows are checked"),
                    IS_NOT_BUILT.with("plain", plainName(set.parent())),
                    true,
                    build()));
        }
        parts.add(exchange());
        parts.add(cleanUp(set.parent()));
        return List.copyOf(parts);
    }

    private static Literal plainName(QualifiedName table) {
        return Literal.of(WorkSchema.plainOf(table).sql());
    }

    private static Literal notedName(QualifiedName table) {
        return Literal.of(WorkSchema.notedOf(table).sql());
    }

    private Literal parentTable() {
        return Literal.of(set.parent().unquoted());
    }

    private UndoPart check() {
        return new UndoPart(
                "make sure that the table is what it was when this was printed",
                List.of("an index, a grant or a policy that came since would be lost"),
                IS_PARTITIONED.with("table", Literal.of(set.parent().sql())),
                false,
                List.of(
                        Statement.of(SET_PARENT_TABLE.with("parent_table", parentTable())),
                        Statement.of(SET_FINGERPRINT.with("fingerprint", Literal.of(shape.fingerprint()))),
                        Statement.of(CHECK_TABLE
                                .with("fingerprint", shape.fingerprintOfC())
                                .with("partman", partman))));
    }

    private UndoPart begin() {
        QualifiedName table = set.parent();
        QualifiedName plain = WorkSchema.plainOf(table);
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.locking("SHARE ROW EXCLUSIVE", table, LOCK.with("table", table)));
        statements.add(Statement.of(STOP_MAINTENANCE.with("partman", partman).with("parent_table", parentTable())));
        statements.add(Statement.of(CREATE_SCHEMA.with("schema", plain.schema())));
        statements.add(Statement.of(CREATE_PLAIN.with("plain", plain).with("table", table)));
        statements.addAll(Statement.of(shape.storage()));
        statements.add(Statement.of(STRIP));
        statements.add(Statement.of(NOTE_ROWS
                .with("noted", WorkSchema.notedOf(table))
                .with("table", table)
                .with("name", Literal.of(table.sql()))));
        statements.add(Statement.of(DISABLE_TRIGGERS));
        PartitionSet.@Nullable DefaultPartition rest = set.defaultPartition();
        if (rest != null && shape.controlMayBeNull()) {
            statements.add(Statement.of(MOVE_ROWS_WITHOUT_CONTROL
                    .with("default", rest.name())
                    .with("control", set.controlColumn())
                    .with("columns", new Identifiers(set.columns()))
                    .with("plain", plain)));
        }
        return new UndoPart(
                "begin: an empty plain table, and the number of rows of each partition",
                List.of(
                        "writers wait while the rows are counted; from here on pg_partman makes and detaches no partition",
                        "the partitions' triggers are off: for the application nothing happens to the rows"),
                IS_NOT_BEGUN.with("noted", notedName(table)).with("table", Literal.of(table.sql())),
                true,
                statements);
    }

    private UndoPart move() {
        QualifiedName table = set.parent();
        return new UndoPart(
                "move the rows, an interval at a time, and detach each partition that is empty",
                List.of(
                        "each batch commits, so this must not stand in a transaction; the default partition's rows come first",
                        "pg_partman forgets the set, and drops its template table, once no partition is left"),
                IS_REGISTERED.with("partman", partman).with("parent_table", parentTable()),
                false,
                List.of(Statement.locking(
                        "ACCESS EXCLUSIVE",
                        table,
                        UNDO.with("partman", partman)
                                .with("parent_table", parentTable())
                                .with(
                                        "target_table",
                                        Literal.of(WorkSchema.plainOf(table).unquoted()))
                                .bind(
                                        "ignored_columns",
                                        shape.generated().stream()
                                                .map(Identifier::name)
                                                .toList()))));
    }

    /** Identity columns come after the rows: pg_partman's statement can't fill one that is always generated. */
    private List<Statement> build() {
        List<Definition> all = new ArrayList<>(shape.ddl().shadow());
        all.addAll(shape.ddl().indexes());
        List<Statement> statements = new ArrayList<>(Statement.of(all));
        for (Definition foreignKey : shape.ddl().foreignKeys()) {
            statements.add(new Statement(Sql.of(foreignKey), "SHARE ROW EXCLUSIVE on the referenced table"));
        }
        return List.copyOf(statements);
    }

    private UndoPart exchange() {
        QualifiedName table = set.parent();
        QualifiedName plain = WorkSchema.plainOf(table);
        QualifiedName undone = WorkSchema.undoneOf(table);
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.locking("ACCESS EXCLUSIVE", table, LOCK_PARENT.with("table", table)));
        statements.add(Statement.of(CHECK_ROWS));
        statements.add(Statement.of(STRIP));
        statements.add(Statement.of(CREATE_UNDONE_SCHEMA.with("schema", undone.schema())));
        statements.addAll(Statement.of(shape.ddl().release()));
        statements.add(Statement.of(SET_SCHEMA.with("table", table).with("schema", undone.schema())));
        statements.add(Statement.of(SET_SCHEMA.with("table", plain).with("schema", table.schema())));
        statements.add(Statement.of(SET_OWNER.with("table", table).with("owner", set.owner())));
        statements.addAll(Statement.of(shape.ddl().carryOver()));
        statements.add(Statement.of(DROP_PARENT.with("table", undone)));
        statements.add(Statement.of(DROP_UNDONE_SCHEMA.with("schema", undone.schema())));
        return new UndoPart(
                "exchange: the plain table takes the place of the parent, which has no partition any more and is dropped",
                List.of(
                        "all or nothing: it begins with a look whether every row is in the plain table",
                        "it waits for whoever uses the table, its views, or what its foreign keys refer to"),
                IS_TO_EXCHANGE.with("plain", plainName(table)),
                true,
                statements);
    }

    /** Drops the partitions that were emptied, once the plain table is in its place. */
    public static UndoPart cleanUp(QualifiedName table) {
        return new UndoPart(
                "clean up: the application may come back; partitions are dropped that are empty, and nothing else",
                List.of("each partition is a transaction of its own"),
                IS_EXCHANGED.with("noted", notedName(table)).with("plain", plainName(table)),
                false,
                List.of(
                        Statement.locking("SHARE UPDATE EXCLUSIVE", table, VACUUM.with("table", table)),
                        Statement.of(DROP_PARTITIONS),
                        Statement.of(FORGET)));
    }
}
