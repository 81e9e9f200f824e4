package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Creates the partitions of a registered set that begin at given times; one that exists stays as it is.
 *
 * <p>Takes {@code SHARE UPDATE EXCLUSIVE} on the parent and {@code ACCESS EXCLUSIVE} on the default partition, whose rows
 * are scanned: it must hold none of these times. The caller's transaction bounds the wait.
 */
public record CreatePartitions(QualifiedName parent, Identifier partman, List<LocalDateTime> times) implements Step {

    private static final Sql CREATE_PARTITION_TIME = sql("""
            SELECT {partman}.create_partition_time(
                p_parent_table => :parent_table,
                p_partition_times => :partition_times::timestamptz[])
            """);

    @Override
    public String summary() {
        return "create %d missing partition(s) of %s: %s".formatted(times.size(), parent, times);
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.locking(
                "ACCESS EXCLUSIVE",
                parent,
                CREATE_PARTITION_TIME
                        .with("partman", partman)
                        .bind("parent_table", parent.unquoted())
                        .bind("partition_times", Times.texts(times))));
    }
}
