package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.Literal;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.Sql;

/**
 * Moves rows from the default partition to the partitions where they belong, which it creates. The default partition is
 * off for the length of the transaction, so that creating partitions neither scans it nor fails on its rows; nobody else
 * ever sees the set without a row. User triggers are off too: for the application nothing happens to these rows.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE} on the parent until the rows are moved; the wait for it is bounded: on timeout nothing
 * has changed.
 *
 * @param register registers the set on the way, or null if it is registered
 * @param partitions lower bounds of the partitions to create, without a hole
 * @param from lower bound of the oldest row to move, and {@code to} the bound above the newest
 */
public record MoveDefaultRows(
        TableSpec spec,
        Identifier partman,
        PartitionSet set,
        QualifiedName defaultPartition,
        @Nullable CreateParent register,
        List<LocalDateTime> partitions,
        LocalDateTime from,
        LocalDateTime to,
        long rows)
        implements Step {

    private static final Sql LOCK = sql("LOCK TABLE {parent} IN ACCESS EXCLUSIVE MODE");
    private static final Sql DISABLE_TRIGGER = sql("ALTER TABLE {parent} DISABLE TRIGGER {trigger}");
    private static final Sql ENABLE_TRIGGER = sql("ALTER TABLE {parent} ENABLE TRIGGER {trigger}");
    private static final Sql ENABLE_REPLICA_TRIGGER = sql("ALTER TABLE {parent} ENABLE REPLICA TRIGGER {trigger}");
    private static final Sql ENABLE_ALWAYS_TRIGGER = sql("ALTER TABLE {parent} ENABLE ALWAYS TRIGGER {trigger}");
    private static final Sql DETACH = sql("ALTER TABLE {parent} DETACH PARTITION {default}");
    private static final Sql ATTACH = sql("ALTER TABLE {parent} ATTACH PARTITION {default} DEFAULT");

    private static final Sql INSERT = sql("""
            INSERT INTO {parent} ({columns}) OVERRIDING SYSTEM VALUE
            SELECT {columns}
            FROM ONLY {default}
            WHERE {control} >= {from} AND {control} < {to}
            """);

    private static final Sql DELETE = sql("""
            DELETE FROM ONLY {default}
            WHERE {control} >= {from} AND {control} < {to}
            """);

    @Override
    public String summary() {
        return "move %d row(s) from the default partition of %s to their partitions%s"
                .formatted(rows, spec.table(), register == null ? "" : ", and register it with pg_partman");
    }

    @Override
    public List<Statement> statements() {
        QualifiedName parent = spec.table();
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.locking("ACCESS EXCLUSIVE", parent, LOCK.with("parent", parent)));
        for (PartitionSet.Trigger trigger : set.triggers()) {
            if (trigger.enabled() != 'D') {
                statements.add(trigger(DISABLE_TRIGGER, trigger));
            }
        }
        statements.add(Statement.of(DETACH.with("parent", parent).with("default", defaultPartition)));
        if (register != null) {
            statements.addAll(register.statements());
        }
        if (!partitions.isEmpty()) {
            statements.addAll(new CreatePartitions(parent, partman, null, partitions).statements());
        }
        statements.add(
                Statement.of(range(INSERT).with("parent", parent).with("columns", new Identifiers(set.columns()))));
        statements.add(Statement.of(range(DELETE)));
        statements.add(Statement.of(ATTACH.with("parent", parent).with("default", defaultPartition)));
        for (PartitionSet.Trigger trigger : set.triggers()) {
            switch (trigger.enabled()) {
                case 'O' -> statements.add(trigger(ENABLE_TRIGGER, trigger));
                case 'R' -> statements.add(trigger(ENABLE_REPLICA_TRIGGER, trigger));
                case 'A' -> statements.add(trigger(ENABLE_ALWAYS_TRIGGER, trigger));
                default -> {
                    // it was off before
                }
            }
        }
        return List.copyOf(statements);
    }

    private Statement trigger(Sql sql, PartitionSet.Trigger trigger) {
        return Statement.of(sql.with("parent", spec.table()).with("trigger", trigger.name()));
    }

    private Sql range(Sql sql) {
        return sql.with("default", defaultPartition)
                .with("control", spec.controlColumn())
                .with("from", Literal.of(Times.text(from)))
                .with("to", Literal.of(Times.text(to)));
    }
}
