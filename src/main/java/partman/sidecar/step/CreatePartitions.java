package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Creates the partitions of a registered set that begin at given times; one that exists stays as it is.
 *
 * <p>Takes {@code SHARE UPDATE EXCLUSIVE} on the parent and {@code ACCESS EXCLUSIVE} on the default partition, whose rows
 * are scanned: it must hold none of these times. The caller's transaction bounds the wait.
 *
 * @param defaultPartition null if the set has none, or if it is locked or detached already
 */
public record CreatePartitions(
        QualifiedName parent, Identifier partman, @Nullable QualifiedName defaultPartition, List<LocalDateTime> times)
        implements Step {

    /** Waited for here, since pg_partman's functions report a lock that they did not get as an error like any other. */
    private static final Sql LOCK_PARENT = sql("LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE");

    private static final Sql LOCK_DEFAULT = sql("LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE");

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
        List<Statement> making = new ArrayList<>();
        making.add(Statement.locking("SHARE UPDATE EXCLUSIVE", parent, LOCK_PARENT.with("parent", parent)));
        if (defaultPartition != null) {
            making.add(Statement.locking(
                    "ACCESS EXCLUSIVE", defaultPartition, LOCK_DEFAULT.with("default", defaultPartition)));
        }
        making.add(Statement.of(CREATE_PARTITION_TIME
                .with("partman", partman)
                .bind("parent_table", parent.unquoted())
                .bind("partition_times", Times.texts(times))));
        return NewPartitions.of(parent, partman, making);
    }
}
