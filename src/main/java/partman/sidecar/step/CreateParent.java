package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Registers a partitioned table with pg_partman, which makes the partitions around now, and sets the rest of
 * {@code part_config}. An existing partition of the right name stays as it is.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE} on the parent and its partitions; the default one must hold no row of the new ones.
 * The wait is bounded: on timeout nothing has changed.
 *
 * @param start lower bound of the first partition to make, or null for pg_partman's choice
 * @param createDefault whether the set has no default partition yet
 */
public record CreateParent(
        TableSpec spec, Identifier partman, @Nullable LocalDateTime start, boolean createDefault) implements Step {

    /** Waited for here, since {@code create_parent} reports a lock that it did not get as an error like any other. */
    private static final Sql LOCK = sql("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");

    private static final Sql CREATE_PARENT = sql("""
            SELECT {partman}.create_parent(
                p_parent_table => :parent_table,
                p_control => :control,
                p_interval => :partition_interval,
                p_premake => :premake::integer,
                p_start_partition => :start_partition,
                p_default_table => :default_table,
                p_template_table => :template_table)
            """);

    /** {@code create_parent} would give it to the table's owner, who would need rights on pg_partman's schema for that. */
    private static final Sql CREATE_TEMPLATE = sql("CREATE TABLE IF NOT EXISTS {template} (LIKE {table})");

    @Override
    public String summary() {
        return "register %s with pg_partman".formatted(spec.table());
    }

    @Override
    public List<Statement> statements() {
        QualifiedName template = WorkSchema.templateOf(spec.table(), partman);
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.locking("ACCESS EXCLUSIVE", spec.table(), LOCK.with("table", spec.table())));
        statements.add(Statement.of(CREATE_TEMPLATE.with("template", template).with("table", spec.table())));
        Statement createParent = Statement.of(CREATE_PARENT
                .with("partman", partman)
                .bind("parent_table", spec.table().unquoted())
                .bind("control", spec.controlColumn().name())
                .bind("partition_interval", spec.partitionInterval().toString())
                .bind("premake", spec.premake())
                .bind("start_partition", start == null ? null : Times.text(start))
                .bind("default_table", createDefault)
                .bind("template_table", template.unquoted()));
        statements.addAll(NewPartitions.of(spec.table(), partman, List.of(createParent)));
        statements.addAll(new UpdatePartConfig(spec, partman, List.of()).statements());
        return statements;
    }
}
