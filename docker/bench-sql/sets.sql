-- Healthy sets of months, each with a few rows in its present partition.
CREATE SCHEMA partman;
CREATE EXTENSION pg_partman SCHEMA partman;
SELECT format('CREATE TABLE public.set_%s (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)', i),
       format('SELECT partman.create_parent(%L, %L, %L, p_premake := 3)', 'public.set_' || i, 'at', '1 month'),
       format('INSERT INTO public.set_%s SELECT g, now() FROM generate_series(1, 10) AS g', i)
FROM generate_series(1, :sets) AS i \gexec
UPDATE partman.part_config SET infinite_time_partitions = true, retention = '14 months';
CALL partman.run_maintenance_proc();
VACUUM ANALYZE;
