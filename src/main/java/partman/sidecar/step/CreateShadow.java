package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Builds the empty partitioned successor of a plain table, under its final name in the work schema, and registers it with
 * automatic maintenance off. Takes {@code ACCESS SHARE} on the plain table.
 *
 * @param start lower bound of the oldest partition of the unbroken run up to the premade horizon
 * @param older lower bounds of partitions before {@code start}, for rows that are older than the retention
 */
public record CreateShadow(
        TableSpec spec,
        Identifier partman,
        LocalDateTime start,
        List<LocalDateTime> older,
        List<Definition> shadowDdl,
        List<Definition> templateDdl)
        implements Step {

    private static final Sql CREATE_SCHEMA = sql("CREATE SCHEMA IF NOT EXISTS {schema}");

    /** Grants, triggers, policies and what else {@code LIKE} does not copy follow after the swap. */
    private static final Sql CREATE_TABLE = sql("""
            CREATE TABLE {shadow} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED
                INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)
                PARTITION BY RANGE ({control})
            """);

    /**
     * {@code create_parent} would name it after the work schema, and give it to the table's owner, who would need rights on
     * pg_partman's schema for that.
     */
    private static final Sql CREATE_TEMPLATE = sql("CREATE TABLE IF NOT EXISTS {template} (LIKE {table})");

    private static final Sql CREATE_PARENT = sql("""
            SELECT {partman}.create_parent(
                p_parent_table => :parent_table,
                p_control => :control,
                p_interval => :partition_interval,
                p_premake => :premake::integer,
                p_start_partition => :start_partition,
                p_automatic_maintenance => 'off',
                p_template_table => :template_table)
            """);

    @Override
    public String summary() {
        return "create the partitioned successor of %s, from %s on".formatted(spec.table(), start);
    }

    @Override
    public List<Statement> statements() {
        QualifiedName table = spec.table();
        QualifiedName shadow = WorkSchema.shadowOf(table);
        QualifiedName template = WorkSchema.templateOf(table, partman);
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.of(CREATE_SCHEMA.with("schema", shadow.schema())));
        statements.add(Statement.of(
                CREATE_TABLE.with("shadow", shadow).with("table", table).with("control", spec.controlColumn())));
        statements.addAll(Statement.of(shadowDdl));
        statements.add(Statement.of(CREATE_TEMPLATE.with("template", template).with("table", table)));
        statements.addAll(Statement.of(templateDdl));
        Statement createParent = Statement.of(CREATE_PARENT
                .with("partman", partman)
                .bind("parent_table", shadow.unquoted())
                .bind("control", spec.controlColumn().name())
                .bind("partition_interval", spec.partitionInterval().toString())
                .bind("premake", spec.premake())
                .bind("start_partition", Times.text(start))
                .bind("template_table", template.unquoted()));
        statements.addAll(NewPartitions.of(shadow, partman, List.of(createParent)));
        if (!older.isEmpty()) {
            statements.addAll(new CreatePartitions(shadow, partman, null, older).statements());
        }
        return List.copyOf(statements);
    }
}
