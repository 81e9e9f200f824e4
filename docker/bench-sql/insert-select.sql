-- Step 5 of Lago's procedure. Prints the seconds that it takes.
SELECT clock_timestamp() AS started \gset
INSERT INTO public.enriched_events SELECT * FROM old.enriched_events;
SELECT extract(epoch FROM clock_timestamp() - :'started');
