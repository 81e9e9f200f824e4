package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.ObservedTable.Shape;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Writes down that a table's online conversion has begun, in tables that it makes if need be. It comes after the successor was
 * made in the same transaction, which holds {@code ACCESS SHARE} on the table since, so that what the successor was made from is
 * what the fingerprint tells, or a later look finds that they differ.
 *
 * <p>{@code epoch} counts the processes that have worked on the conversion: each batch makes sure that its own still stands, so that
 * a process which lost its leadership without noticing changes nothing any more. It begins with the time, so that no number comes
 * twice when a conversion of the same table begins anew.
 */
public record BeginConversion(TableSpec spec, Shape shape, RowKey key) implements Step {

    private static final Sql CREATE_SCHEMA = sql("CREATE SCHEMA IF NOT EXISTS partman_sidecar");

    private static final Sql CREATE_CONVERSION = sql("""
            CREATE TABLE IF NOT EXISTS partman_sidecar.conversion (
                id bigint PRIMARY KEY,
                schema_name text NOT NULL,
                table_name text NOT NULL,
                work_schema text NOT NULL,
                phase text NOT NULL,
                epoch bigint NOT NULL DEFAULT (EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) * 1000000)::bigint,
                started timestamptz NOT NULL DEFAULT pg_catalog.now(),
                key_columns text[] NOT NULL,
                control_column text NOT NULL,
                partition_interval text NOT NULL,
                fingerprint text NOT NULL,
                row_count bigint NOT NULL,
                file_node oid,
                block_count bigint,
                failure text,
                UNIQUE (schema_name, table_name))
            """);

    private static final Sql CREATE_BATCH = sql("""
            CREATE TABLE IF NOT EXISTS partman_sidecar.batch (
                conversion_id bigint NOT NULL,
                from_block bigint NOT NULL,
                to_block bigint NOT NULL,
                row_count bigint NOT NULL,
                PRIMARY KEY (conversion_id, from_block))
            """);

    private static final Sql INSERT = sql("""
            INSERT INTO partman_sidecar.conversion (id, schema_name, table_name, work_schema, phase, key_columns, control_column,
                partition_interval, fingerprint, row_count)
            VALUES (:id, :schema_name, :table_name, :work_schema, 'journal', :key_columns::text[], :control_column,
                :partition_interval, :fingerprint, :row_count)
            ON CONFLICT (id) DO NOTHING
            """);

    @Override
    public String summary() {
        return "begin the online conversion of " + spec.table();
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.of(CREATE_SCHEMA),
                Statement.of(CREATE_CONVERSION),
                Statement.of(CREATE_BATCH),
                Statement.of(INSERT.bind("id", shape.oid())
                        .bind("schema_name", spec.table().schema().name())
                        .bind("table_name", spec.table().name().name())
                        .bind(
                                "work_schema",
                                WorkSchema.shadowOf(spec.table()).schema().name())
                        .bind(
                                "key_columns",
                                key.columns().stream()
                                        .map(column -> column.name())
                                        .toList())
                        .bind("control_column", spec.controlColumn().name())
                        .bind("partition_interval", spec.partitionInterval().toString())
                        .bind("fingerprint", shape.fingerprint())
                        .bind("row_count", shape.rows().total())));
    }
}
