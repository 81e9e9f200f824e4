-- Lago's re-enrichment: the event's rows are deleted, then inserted again, unless somebody else was faster.
\set number random(1, :rows)
BEGIN;
WITH changed AS (
    DELETE FROM public.enriched_events WHERE event_id IN (md5('event' || :number::bigint)::uuid)
    RETURNING event_id)
INSERT INTO bench.ledger SELECT event_id, NULL, true FROM changed
ON CONFLICT (event_id) DO UPDATE SET value = EXCLUDED.value;
WITH changed AS (
    INSERT INTO public.enriched_events SELECT * FROM bench.event(:number)
    ON CONFLICT DO NOTHING
    RETURNING event_id, value)
INSERT INTO bench.ledger SELECT event_id, value, true FROM changed
ON CONFLICT (event_id) DO UPDATE SET value = EXCLUDED.value;
COMMIT;
