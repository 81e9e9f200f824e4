package partman.sidecar.catalog;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Row;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/** Reads the online conversions that have begun and are not done. */
final class Conversions {

    private static final Sql EXIST = Sql.sql("""
            SELECT COALESCE(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                       AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS readable
            FROM pg_catalog.pg_namespace AS n
            JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'conversion'
            WHERE n.nspname = 'partman_sidecar'
            """);

    /** The journal is counted by a query of its own, whose table is only known now. */
    private static final Sql CONVERSIONS = Sql.sql("""
            SELECT v.id,
                   v.schema_name,
                   v.table_name,
                   v.phase,
                   (EXTRACT(EPOCH FROM v.started) * 1000)::bigint AS started_millis,
                   v.key_columns,
                   v.control_column,
                   v.partition_interval,
                   v.failure,
                   v.row_count,
                   COALESCE(v.block_count, 0) AS block_count,
                   COALESCE(v.block_count, 0) * pg_catalog.current_setting('block_size')::bigint AS byte_count,
                   COALESCE((SELECT pg_catalog.sum(b.row_count) FROM partman_sidecar.batch AS b WHERE b.conversion_id = v.id), 0)
                       AS rows_copied,
                   ARRAY(SELECT pg_catalog.min(i.from_block) || '-' || pg_catalog.max(i.to_block)
                         FROM (SELECT n.from_block, n.to_block, pg_catalog.sum(n.first) OVER (ORDER BY n.from_block) AS island
                               FROM (SELECT b.from_block, b.to_block,
                                            (pg_catalog.lag(b.to_block) OVER (ORDER BY b.from_block)
                                                IS DISTINCT FROM b.from_block)::integer AS first
                                     FROM partman_sidecar.batch AS b
                                     WHERE b.conversion_id = v.id) AS n) AS i
                         GROUP BY i.island
                         ORDER BY pg_catalog.min(i.from_block)) AS copied,
                   CASE WHEN j.oid IS NULL THEN 0
                        ELSE ((pg_catalog.xpath('//n/text()', pg_catalog.query_to_xml(
                            pg_catalog.format('SELECT count(*) AS n FROM (SELECT FROM %s LIMIT %s) AS looked_at', j.oid::regclass, {cap}),
                            false, false, '')))[1]::text)::bigint END AS journal_rows,
                   CASE
                       WHEN v.phase = 'foreign_keys' THEN ''
                       WHEN c.oid IS NULL THEN 'the table was dropped, renamed or moved'
                       WHEN {fingerprint} <> v.fingerprint THEN 'the table was altered, truncated or rewritten'
                       WHEN w.oid IS NULL THEN 'its copy was dropped'
                       WHEN v.phase <> 'journal' AND (j.oid IS NULL OR NOT EXISTS (
                           SELECT FROM pg_catalog.pg_trigger AS g
                           WHERE g.tgrelid = c.oid AND g.tgname = 'partman_sidecar_capture' AND g.tgenabled = 'A'))
                           THEN 'the trigger that keeps its journal was dropped or disabled'
                       ELSE '' END AS changed
            FROM partman_sidecar.conversion AS v
            LEFT JOIN (pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace)
                ON c.oid = v.id AND n.nspname = v.schema_name AND c.relname = v.table_name AND c.relkind = 'r'
            LEFT JOIN (pg_catalog.pg_class AS w JOIN pg_catalog.pg_namespace AS x ON x.oid = w.relnamespace)
                ON x.nspname = v.work_schema AND w.relname = v.table_name AND w.relkind = 'p'
            LEFT JOIN pg_catalog.pg_class AS j
                ON j.relnamespace = 'partman_sidecar'::regnamespace AND j.relname = 'journal_' || v.id
            ORDER BY v.id
            """);

    private Conversions() {}

    /** Every conversion that has begun, by its table's name; none that the role may not read. */
    static Map<QualifiedName, Conversion> of(Session session) {
        Map<QualifiedName, Conversion> conversions = new LinkedHashMap<>();
        if (!session.findOne(EXIST, row -> row.flag("readable")).orElse(false)) {
            return conversions;
        }
        try {
            session.query(
                    CONVERSIONS
                            .with("cap", Literal.of(Conversion.JOURNAL_ROWS_CAP))
                            .with("fingerprint", Fingerprint.OF_C),
                    row -> conversions.put(
                            QualifiedName.of(row.text("schema_name"), row.text("table_name")), conversion(row)));
        } catch (DatabaseException e) {
            // the last conversion has ended since, and taken the table with it
            if (!e.isMissingTable()) {
                throw e;
            }
        }
        return conversions;
    }

    private static Conversion conversion(Row row) {
        List<Conversion.Blocks> copied = new ArrayList<>();
        for (String range : row.texts("copied")) {
            int dash = range.indexOf('-');
            copied.add(new Conversion.Blocks(
                    Long.parseLong(range.substring(0, dash)), Long.parseLong(range.substring(dash + 1))));
        }
        return new Conversion(
                row.number("id"),
                Conversion.Phase.valueOf(row.text("phase").toUpperCase(Locale.ROOT)),
                Instant.ofEpochMilli(row.number("started_millis")),
                row.texts("key_columns").stream().map(Identifier::new).toList(),
                new Identifier(row.text("control_column")),
                row.text("partition_interval"),
                row.text("changed"),
                row.textOrNull("failure"),
                row.number("block_count"),
                copied,
                row.number("row_count"),
                row.number("rows_copied"),
                row.number("byte_count"),
                row.number("journal_rows"));
    }

    /** Names of the successors that are being built: in {@code part_config}, and no sets of their own. */
    static List<QualifiedName> successors(Map<QualifiedName, Conversion> conversions) {
        return conversions.keySet().stream().map(WorkSchema::shadowOf).toList();
    }
}
