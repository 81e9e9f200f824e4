package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.Sql;

/**
 * Registers a partitioned table with pg_partman, which makes the partitions around now, and sets the rest of
 * {@code part_config}. An existing partition of the right name stays as it is.
 *
 * <p>Takes {@code ACCESS EXCLUSIVE} on the parent and its default partition, which must hold no row of the new partitions.
 * The wait is bounded: on timeout nothing has changed.
 *
 * @param start lower bound of the first partition to make, or null for pg_partman's choice
 * @param createDefault whether the set has no default partition yet
 */
public record CreateParent(
        TableSpec spec, Identifier partman, @Nullable LocalDateTime start, boolean createDefault) implements Step {

    private static final Sql CREATE_PARENT = sql("""
            SELECT {partman}.create_parent(
                p_parent_table => :parent_table,
                p_control => :control,
                p_interval => :partition_interval,
                p_premake => :premake::integer,
                p_start_partition => :start_partition,
                p_default_table => :default_table)
            """);

    @Override
    public String summary() {
        return "register %s with pg_partman".formatted(spec.table());
    }

    @Override
    public List<Statement> statements() {
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.locking(
                "ACCESS EXCLUSIVE",
                spec.table(),
                CREATE_PARENT
                        .with("partman", partman)
                        .bind("parent_table", spec.table().unquoted())
                        .bind("control", spec.controlColumn().name())
                        .bind("partition_interval", spec.partitionInterval().toString())
                        .bind("premake", spec.premake())
                        .bind("start_partition", start == null ? null : Times.text(start))
                        .bind("default_table", createDefault)));
        statements.addAll(new UpdatePartConfig(spec, partman, List.of()).statements());
        return statements;
    }
}
