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
 * Attaches the partitions of a default partition's successor to the set: the new default partition, which has the rows that belong
 * nowhere else, in the place of the old one, which keeps its rows in the schema for retired tables; and the others, under the names
 * that pg_partman would give them.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE} on the set's parent and on the default partition. Waiting for it queues every later query behind
 * this one, so the wait is bounded: on timeout nothing has changed and the step fails as retryable. All of it is one transaction.
 * What {@link CheckBounds} has added spares PostgreSQL the look at the rows.
 *
 * @param owner the parent's owner
 * @param release on the old default partition: what it must let go of before it leaves its place
 * @param carryOver on the new one in its final place, in this order
 */
public record SwapDefault(
        QualifiedName parent,
        QualifiedName defaultPartition,
        Identifier partman,
        Identifier owner,
        List<Definition> release,
        List<Definition> carryOver)
        implements Step {

    private static final Sql CREATE_SCHEMA = sql("CREATE SCHEMA IF NOT EXISTS {schema}");
    private static final Sql DETACH = sql("ALTER TABLE {parent} DETACH PARTITION {default}");
    private static final Sql RETIRE = sql("ALTER TABLE {default} SET SCHEMA {retired_schema}");

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql REMEMBER = sql("""
            SELECT pg_catalog.set_config('partman_sidecar.successor', :successor, true),
                   pg_catalog.set_config('partman_sidecar.parent', :parent, true),
                   pg_catalog.set_config('partman_sidecar.parent_table', :parent_table, true),
                   pg_catalog.set_config('partman_sidecar.schema', :schema, true),
                   pg_catalog.set_config('partman_sidecar.name', :name, true),
                   pg_catalog.set_config('partman_sidecar.default_name', :default_name, true),
                   pg_catalog.set_config('partman_sidecar.owner', :owner, true),
                   pg_catalog.set_config('partman_sidecar.constraint', :constraint, true)
            """);

    /**
     * The new default partition comes last: while it is there, each partition that is attached makes PostgreSQL look at it. The grants
     * that pg_partman gives its partitions are asked for.
     */
    private static final Sql MOVE = sql("""
            DO $partman_sidecar$
            DECLARE
                part record;
                entry record;
                place text;
                final_name text;
            BEGIN
                FOR part IN
                    SELECT c.oid, n.nspname, c.relname, b.bound, b.bound = 'DEFAULT' AS is_default
                    FROM pg_catalog.pg_inherits AS i
                    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                    CROSS JOIN LATERAL pg_catalog.pg_get_expr(c.relpartbound, 0) AS b (bound)
                    WHERE i.inhparent = current_setting('partman_sidecar.successor')::regclass
                    ORDER BY 5, 3
                LOOP
            """ + SwapTables.STRIP + """
                    final_name := CASE WHEN part.is_default THEN current_setting('partman_sidecar.default_name')
                        ELSE {partman}.check_name_length(current_setting('partman_sidecar.name'),
                            substring(part.relname from '_p([0-9]{8}(_[0-9]{6})?)$'), true) END;
                    place := format('%I.%I', current_setting('partman_sidecar.schema'), final_name);
                    EXECUTE format('ALTER TABLE %s DETACH PARTITION %I.%I', current_setting('partman_sidecar.successor'),
                        part.nspname, part.relname);
                    EXECUTE format('ALTER TABLE %I.%I SET SCHEMA %I', part.nspname, part.relname,
                        current_setting('partman_sidecar.schema'));
                    EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', current_setting('partman_sidecar.schema'), part.relname,
                        final_name);
                    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s %s', current_setting('partman_sidecar.parent'), place,
                        part.bound);
                    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', place, current_setting('partman_sidecar.constraint'));
                    IF NOT part.is_default AND EXISTS (
                        SELECT FROM {partman}.part_config AS f
                        WHERE f.parent_table = current_setting('partman_sidecar.parent_table') AND f.inherit_privileges) THEN
                        PERFORM {partman}.apply_privileges(current_setting('partman_sidecar.schema'),
                            current_setting('partman_sidecar.name'), current_setting('partman_sidecar.schema'), final_name);
                    END IF;
                    EXECUTE format('ALTER TABLE %s OWNER TO %I', place, current_setting('partman_sidecar.owner'));
                END LOOP;
            END
            $partman_sidecar$
            """);

    @Override
    public String summary() {
        return "attach the new partitions to %s; the old default partition goes to %s"
                .formatted(parent, WorkSchema.retiredOf(defaultPartition));
    }

    @Override
    public List<Statement> statements() {
        Identifier retiredSchema = WorkSchema.retiredOf(defaultPartition).schema();
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.of(CREATE_SCHEMA.with("schema", retiredSchema)));
        statements.addAll(Statement.of(release));
        statements.add(Statement.locking(
                "ACCESS EXCLUSIVE", parent, DETACH.with("parent", parent).with("default", defaultPartition)));
        statements.add(Statement.of(RETIRE.with("default", defaultPartition).with("retired_schema", retiredSchema)));
        statements.add(Statement.of(
                REMEMBER.bind("successor", WorkSchema.shadowOf(defaultPartition).sql())
                        .bind("parent", parent.sql())
                        .bind("parent_table", parent.unquoted())
                        .bind("schema", defaultPartition.schema().name())
                        .bind("name", parent.name().name())
                        .bind("default_name", defaultPartition.name().name())
                        .bind("owner", owner.name())
                        .bind("constraint", CheckBounds.CONSTRAINT.name())));
        statements.add(Statement.of(MOVE.with("partman", partman)));
        statements.addAll(Statement.of(carryOver));
        return List.copyOf(statements);
    }
}
