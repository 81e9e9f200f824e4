\set number random(1, 1000)
WITH changed AS (
    INSERT INTO public.enriched_events (
        organization_id, event_id, transaction_id, external_subscription_id, code, "timestamp", subscription_id, plan_id,
        charge_id, grouped_by, value, decimal_value, enriched_at, operation_type, precise_total_amount_cents)
    SELECT organization_id, gen_random_uuid(), gen_random_uuid(), external_subscription_id, code, now() AT TIME ZONE 'UTC',
        subscription_id, plan_id, charge_id, grouped_by, value, decimal_value, now() AT TIME ZONE 'UTC', operation_type,
        precise_total_amount_cents
    FROM bench.event(:number)
    ON CONFLICT DO NOTHING
    RETURNING event_id, value)
INSERT INTO bench.ledger SELECT event_id, value, false FROM changed;
