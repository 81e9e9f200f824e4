-- pg_partman's own way, with its defaults: a month a transaction, and a pause of a second after each. Prints the seconds.
SELECT clock_timestamp() AS started \gset
CALL partman.partition_data_proc('public.enriched_events', p_source_table => 'old.enriched_events');
SELECT extract(epoch FROM clock_timestamp() - :'started');
