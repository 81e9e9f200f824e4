\set number random(1, :rows)
WITH changed AS (
    DELETE FROM public.enriched_events WHERE event_id = md5('event' || :number::bigint)::uuid
    RETURNING event_id)
INSERT INTO bench.ledger SELECT event_id, NULL, true FROM changed
ON CONFLICT (event_id) DO UPDATE SET value = EXCLUDED.value;
