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
 * @param others lower bounds of partitions outside that run, for rows that are older than the retention
 */
public record CreateShadow(
        TableSpec spec,
        Identifier partman,
        LocalDateTime start,
        List<LocalDateTime> others,
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
     * Partitions are made alike. Where a publication holds every table, PostgreSQL lets nobody delete a row that it could not name to
     * subscribers, and the successor has no key before it is filled. The swap undoes it.
     */
    private static final Sql IDENTIFY = sql("ALTER TABLE {shadow} REPLICA IDENTITY FULL");

    @Override
    public String summary() {
        return "create the partitioned successor of %s, from %s on".formatted(spec.table(), start);
    }

    @Override
    public List<Statement> statements() {
        QualifiedName table = spec.table();
        QualifiedName shadow = WorkSchema.shadowOf(table);
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.of(CREATE_SCHEMA.with("schema", shadow.schema())));
        statements.add(Statement.of(
                CREATE_TABLE.with("shadow", shadow).with("table", table).with("control", spec.controlColumn())));
        statements.add(Statement.of(IDENTIFY.with("shadow", shadow)));
        statements.addAll(Statement.of(shadowDdl));
        statements.addAll(new NewSet(spec, shadow, partman, false, start, true).statements(Statement.of(templateDdl)));
        if (!others.isEmpty()) {
            statements.addAll(new CreatePartitions(shadow, partman, null, others).statements());
        }
        return List.copyOf(statements);
    }
}
