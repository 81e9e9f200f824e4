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
 * Registers a partitioned table with pg_partman, which makes its first partitions.
 *
 * @param parent the table to register: the configured one, or its successor in the work schema
 * @param automaticMaintenance whether maintenance may touch the set at once
 * @param start lower bound of the first partition to make, or null for pg_partman's choice
 * @param createDefault whether the set has no default partition yet
 */
record NewSet(
        TableSpec spec,
        QualifiedName parent,
        Identifier partman,
        boolean automaticMaintenance,
        @Nullable LocalDateTime start,
        boolean createDefault) {

    /**
     * {@code create_parent} would name it after the schema that the table is in now, and give it to the table's owner, who
     * would need rights on pg_partman's schema for that.
     */
    private static final Sql CREATE_TEMPLATE = sql("CREATE TABLE IF NOT EXISTS {template} (LIKE {table})");

    private static final Sql CREATE_PARENT = sql("""
            SELECT {partman}.create_parent(
                p_parent_table => :parent_table,
                p_control => :control,
                p_interval => :partition_interval,
                p_premake => :premake::integer,
                p_start_partition => :start_partition,
                p_default_table => :default_table,
                p_automatic_maintenance => :automatic_maintenance,
                p_template_table => :template_table)
            """);

    /** The statements; {@code templateOptions} go to the template table before the first partition is made like it. */
    List<Statement> statements(List<Statement> templateOptions) {
        QualifiedName template = WorkSchema.templateOf(spec.table(), partman);
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.of(CREATE_TEMPLATE.with("template", template).with("table", spec.table())));
        statements.addAll(templateOptions);
        Statement createParent = Statement.of(CREATE_PARENT
                .with("partman", partman)
                .bind("parent_table", parent.unquoted())
                .bind("control", spec.controlColumn().name())
                .bind("partition_interval", spec.partitionInterval().toString())
                .bind("premake", spec.premake())
                .bind("start_partition", start == null ? null : Times.text(start))
                .bind("default_table", createDefault)
                .bind("automatic_maintenance", automaticMaintenance ? "on" : "off")
                .bind("template_table", template.unquoted()));
        statements.addAll(NewPartitions.of(parent, partman, List.of(createParent)));
        return statements;
    }
}
