package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Drops those partitions of a default partition's successor that the set has itself: no row of the default partition can lie there.
 * One that is not empty yet makes the step fail as retryable: the journal has to be applied first. Only the sidecar's own tables are
 * locked; the set has to be locked against schema changes already.
 */
public record DropCovered(QualifiedName parent, QualifiedName defaultPartition) implements Step {

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql REMEMBER = sql("""
            SELECT pg_catalog.set_config('partman_sidecar.parent', :parent, true),
                   pg_catalog.set_config('partman_sidecar.successor', :successor, true)
            """);

    private static final Sql DROP = sql("""
            DO $$
            DECLARE
                part regclass;
                filled boolean;
            BEGIN
                FOR part IN
                    SELECT i.inhrelid
                    FROM pg_catalog.pg_inherits AS i
                    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                    WHERE i.inhparent = current_setting('partman_sidecar.successor')::regclass
                      AND pg_catalog.pg_get_expr(c.relpartbound, 0) <> 'DEFAULT'
                      AND EXISTS (
                          SELECT
                          FROM pg_catalog.pg_inherits AS own
                          JOIN pg_catalog.pg_class AS x ON x.oid = own.inhrelid
                          WHERE own.inhparent = current_setting('partman_sidecar.parent')::regclass
                            AND pg_catalog.pg_get_expr(x.relpartbound, 0) = pg_catalog.pg_get_expr(c.relpartbound, 0))
                LOOP
                    EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', part) INTO filled;
                    IF filled THEN
                        RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
                            MESSAGE = format('%s is not empty, though the set has a partition of these bounds by now', part);
                    END IF;
                    EXECUTE format('DROP TABLE %s', part);
                END LOOP;
            END
            $$
            """);

    @Override
    public String summary() {
        return "drop those partitions of the successor of %s that %s has".formatted(defaultPartition, parent);
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.of(REMEMBER.bind("parent", parent.sql())
                        .bind("successor", WorkSchema.shadowOf(defaultPartition).sql())),
                Statement.of(DROP));
    }
}
