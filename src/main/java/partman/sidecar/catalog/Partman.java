package partman.sidecar.catalog;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.postgres.Row;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Reads pg_partman's own table, whose columns differ between 5.0 and 5.5: what an older version lacks reads as null. */
final class Partman {

    /** Rows are read as JSON, so that a column that this version lacks is no error. */
    private static final Sql PART_CONFIG = Sql.sql("""
            SELECT c.parent_table,
                   c.control,
                   c.partition_interval,
                   c.premake,
                   c.retention,
                   c.retention_keep_table,
                   c.retention_schema,
                   c.infinite_time_partitions,
                   c.automatic_maintenance,
                   c.ignore_default_data,
                   c.undo_in_progress,
                   c.template_table,
                   pg_catalog.floor(EXTRACT(EPOCH FROM (pg_catalog.to_jsonb(c) ->> 'maintenance_last_run')::timestamptz) * 1000)::bigint
                       AS maintenance_last_run_millis
            FROM {partman}.part_config AS c
            ORDER BY (pg_catalog.to_jsonb(c) ->> 'maintenance_order')::integer NULLS LAST, c.parent_table
            """);

    private Partman() {}

    /** Every row of {@code part_config}, in the order in which maintenance visits them. */
    static Map<QualifiedName, Registration> registrations(Session session, Identifier partman) {
        Map<QualifiedName, Registration> registrations = new LinkedHashMap<>();
        session.query(PART_CONFIG.with("partman", partman), row -> {
            String[] parts = row.text("parent_table").split("\\.", 2);
            if (parts.length == 2) {
                registrations.put(QualifiedName.of(parts[0], parts[1]), registration(row));
            }
            return null;
        });
        return registrations;
    }

    private static Registration registration(Row row) {
        Long millis = row.numberOrNull("maintenance_last_run_millis");
        return new Registration(
                row.text("control"),
                interval(row.text("partition_interval")),
                row.integer("premake"),
                interval(row.textOrNull("retention")),
                row.textOrNull("retention"),
                row.flag("retention_keep_table"),
                row.textOrNull("retention_schema"),
                row.flag("infinite_time_partitions"),
                row.text("automatic_maintenance"),
                row.flag("ignore_default_data"),
                row.flag("undo_in_progress"),
                row.textOrNull("template_table"),
                millis == null ? null : Instant.ofEpochMilli(millis));
    }

    /** Null also for text that is no interval: the sets of other people may be partitioned by numbers. */
    private static @Nullable PartitionInterval interval(@Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            return PartitionInterval.parse(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
