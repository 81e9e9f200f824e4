-- What precedes step 5 of Lago's procedure, put right: other index names for the old table (a rename keeps them, and step 4
-- collides), the columns that the table has (not those that the page lists), no primary key that it never had, and
-- pg_partman's partitions (the page makes them after the copy, which then fails, since the default partition holds the rows).
CREATE SCHEMA old;
CREATE TEMPORARY TABLE index_ddl AS
    SELECT indexdef FROM pg_catalog.pg_indexes WHERE schemaname = 'public' AND tablename = 'enriched_events';
ALTER TABLE public.enriched_events SET SCHEMA old;

CREATE TABLE public.enriched_events (LIKE old.enriched_events INCLUDING DEFAULTS) PARTITION BY RANGE ("timestamp");
SELECT indexdef FROM index_ddl \gexec

CREATE SCHEMA partman;
CREATE EXTENSION pg_partman SCHEMA partman;
SELECT partman.create_parent(
    p_parent_table => 'public.enriched_events',
    p_control => 'timestamp',
    p_interval => '1 month',
    p_type => 'range',
    p_premake => 3,
    p_start_partition => (SELECT date_trunc('month', min("timestamp"))::text FROM old.enriched_events));
