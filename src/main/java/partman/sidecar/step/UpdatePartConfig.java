package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.Sql;

/**
 * Makes a set's row in {@code part_config} say what is configured. Maintenance must not follow the rows of the default partition:
 * for one of the year 2099 it would make every partition up to then. Takes a row lock.
 *
 * @param automaticMaintenance whether those who maintain every set may maintain this one
 * @param changes what differs, in words; empty when the set is new
 */
public record UpdatePartConfig(TableSpec spec, Identifier partman, boolean automaticMaintenance, List<String> changes)
        implements Step {

    private static final Sql UPDATE = sql("""
            UPDATE {partman}.part_config
            SET premake = :premake,
                retention = :retention,
                retention_keep_table = :retention_keep_table,
                infinite_time_partitions = :infinite_time_partitions,
                automatic_maintenance = :automatic_maintenance,
                ignore_default_data = true
            WHERE parent_table = :parent_table
            """);

    @Override
    public String summary() {
        return "set part_config of %s%s"
                .formatted(spec.table(), changes.isEmpty() ? "" : ": " + String.join(", ", changes));
    }

    @Override
    public List<Statement> statements() {
        PartitionInterval retention = spec.retention();
        return List.of(Statement.of(UPDATE.with("partman", partman)
                .bind("premake", spec.premake())
                .bind("retention", retention == null ? null : retention.toString())
                .bind("retention_keep_table", spec.retentionKeepTable())
                .bind("infinite_time_partitions", spec.infiniteTimePartitions())
                .bind("automatic_maintenance", automaticMaintenance ? "on" : "off")
                .bind("parent_table", spec.table().unquoted())));
    }
}
