\set number random(1, :rows)
\set value random(1000, 9999)
WITH changed AS (
    UPDATE public.enriched_events SET value = :value::int::text, enriched_at = now() AT TIME ZONE 'UTC'
    WHERE event_id = md5('event' || :number::bigint)::uuid
    RETURNING event_id, value)
INSERT INTO bench.ledger SELECT event_id, value, true FROM changed
ON CONFLICT (event_id) DO UPDATE SET value = EXCLUDED.value;
