package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Forgets a conversion that is done or given up. With the last one go the sidecar's own tables, and every schema that conversions
 * worked in once it is empty. Takes {@code ACCESS EXCLUSIVE} on the sidecar's own tables.
 */
public record EndConversion(QualifiedName table, long conversion) implements Step {

    private static final Sql DELETE_BATCHES = sql("DELETE FROM partman_sidecar.batch WHERE conversion_id = :id");
    private static final Sql DELETE = sql("DELETE FROM partman_sidecar.conversion WHERE id = :id");

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql NAME = sql("SELECT pg_catalog.set_config('partman_sidecar.work_schema', :schema, true)");

    private static final Sql SWEEP = sql("""
            DO $$
            DECLARE
                place record;
            BEGIN
                IF NOT EXISTS (SELECT FROM partman_sidecar.conversion) THEN
                    DROP TABLE partman_sidecar.conversion, partman_sidecar.batch;
                END IF;
                FOR place IN
                    SELECT n.nspname
                    FROM pg_catalog.pg_namespace AS n
                    WHERE n.nspname IN ('partman_sidecar', current_setting('partman_sidecar.work_schema'))
                      AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                                      WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid)
                LOOP
                    EXECUTE format('DROP SCHEMA %I', place.nspname);
                END LOOP;
            END
            $$
            """);

    @Override
    public String summary() {
        return "end the conversion of " + table;
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.of(DELETE_BATCHES.bind("id", conversion)),
                Statement.of(DELETE.bind("id", conversion)),
                Statement.of(
                        NAME.bind("schema", WorkSchema.shadowOf(table).schema().name())),
                Statement.of(SWEEP));
    }
}
