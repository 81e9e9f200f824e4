package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Puts the partitioned successor in the place of the plain table, which keeps its rows in the schema for retired tables;
 * then gives the successor everything that users know the table by.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE} on both tables and on what follows the table (views, publications). Waiting for it
 * queues every later query behind this one, so the wait is bounded: on timeout nothing has changed and the step fails as
 * retryable. All of it is one transaction.
 */
public record SwapTables(
        QualifiedName table, Identifier partman, Identifier owner, List<Definition> release, List<Definition> carryOver)
        implements Step {

    private static final Sql CREATE_SCHEMA = sql("CREATE SCHEMA IF NOT EXISTS {schema}");
    private static final Sql RETIRE = sql("ALTER TABLE {table} SET SCHEMA {retired_schema}");

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql NAME_MOVE = sql("""
            SELECT pg_catalog.set_config('partman_sidecar.successor', :successor, true),
                   pg_catalog.set_config('partman_sidecar.schema', :schema, true),
                   pg_catalog.set_config('partman_sidecar.owner', :owner, true)
            """);

    /**
     * Takes away from {@code part} what default privileges gave it: a grant on a partition would pass by the parent's row-level
     * security. Its replica identity was for the copy alone.
     */
    static final String STRIP = """
            FOR entry IN
                SELECT DISTINCT a.grantee
                FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
                WHERE c.oid = part.oid AND a.grantee <> c.relowner
            LOOP
                EXECUTE format('REVOKE ALL ON TABLE %I.%I FROM %s', part.nspname, part.relname,
                    CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(entry.grantee)) END);
            END LOOP;
            EXECUTE format('ALTER TABLE %I.%I REPLICA IDENTITY DEFAULT', part.nspname, part.relname);
            """;

    /** Moves the parent and every partition with their indexes and sequences. */
    private static final Sql MOVE = sql("""
            DO $$
            DECLARE
                part record;
                entry record;
            BEGIN
                FOR part IN
                    SELECT c.oid, n.nspname, c.relname
                    FROM pg_catalog.pg_partition_tree(current_setting('partman_sidecar.successor')::regclass) AS p
                    JOIN pg_catalog.pg_class AS c ON c.oid = p.relid
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    ORDER BY p.level, c.relname
                LOOP
            """ + STRIP + """
                    EXECUTE format('ALTER TABLE %I.%I SET SCHEMA %I', part.nspname, part.relname,
                        current_setting('partman_sidecar.schema'));
                    EXECUTE format('ALTER TABLE %I.%I OWNER TO %I', current_setting('partman_sidecar.schema'), part.relname,
                        current_setting('partman_sidecar.owner'));
                END LOOP;
            END
            $$
            """);

    private static final Sql FOLLOW = sql("""
            UPDATE {partman}.part_config
            SET parent_table = :parent_table
            WHERE parent_table = :shadow
            """);

    @Override
    public String summary() {
        return "put the partitioned successor in the place of %s; the plain table goes to %s"
                .formatted(table, WorkSchema.retiredOf(table));
    }

    @Override
    public List<Statement> statements() {
        QualifiedName shadow = WorkSchema.shadowOf(table);
        Identifier retiredSchema = WorkSchema.retiredOf(table).schema();
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.of(CREATE_SCHEMA.with("schema", retiredSchema)));
        statements.addAll(Statement.of(release));
        statements.add(Statement.locking(
                "ACCESS EXCLUSIVE", table, RETIRE.with("table", table).with("retired_schema", retiredSchema)));
        statements.add(Statement.of(NAME_MOVE
                .bind("successor", shadow.sql())
                .bind("schema", table.schema().name())
                .bind("owner", owner.name())));
        statements.add(Statement.of(MOVE));
        statements.add(Statement.of(FOLLOW.with("partman", partman)
                .bind("parent_table", table.unquoted())
                .bind("shadow", shadow.unquoted())));
        statements.addAll(Statement.of(carryOver));
        return List.copyOf(statements);
    }
}
