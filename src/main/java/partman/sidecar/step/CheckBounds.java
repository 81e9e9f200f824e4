package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Gives each partition of a default partition's successor, while it is empty, a {@code CHECK} that says what its bounds say. When the
 * partitions are attached to the set, PostgreSQL needs not read their rows to know that they belong there. The swap takes it away.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-altertable.html">ALTER TABLE … ATTACH PARTITION</a>
 */
public record CheckBounds(QualifiedName defaultPartition) implements Step {

    /** The name of the constraint. */
    static final Identifier CONSTRAINT = new Identifier("partman_sidecar_bounds");

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql REMEMBER = sql("""
            SELECT pg_catalog.set_config('partman_sidecar.successor', :successor, true),
                   pg_catalog.set_config('partman_sidecar.constraint', :constraint, true)
            """);

    private static final Sql ADD = sql("""
            DO $$
            DECLARE
                part record;
            BEGIN
                FOR part IN
                    SELECT i.inhrelid::regclass AS name, pg_catalog.pg_get_partition_constraintdef(i.inhrelid) AS bounds
                    FROM pg_catalog.pg_inherits AS i
                    WHERE i.inhparent = current_setting('partman_sidecar.successor')::regclass
                LOOP
                    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s)', part.name,
                        current_setting('partman_sidecar.constraint'), part.bounds);
                END LOOP;
            END
            $$
            """);

    @Override
    public String summary() {
        return "say the bounds of the successor of %s in its partitions' checks".formatted(defaultPartition);
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.of(REMEMBER.bind(
                                "successor",
                                WorkSchema.shadowOf(defaultPartition).sql())
                        .bind("constraint", CONSTRAINT.name())),
                Statement.of(ADD));
    }
}
