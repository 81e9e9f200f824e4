-- Fills docker/demo.sql's table with :rows events of the last 13 months, oldest first, as an application would have written them.
TRUNCATE public.enriched_events;
CREATE SCHEMA bench;
CREATE TABLE bench.origin AS SELECT CAST(:rows AS bigint) AS rows, now() AT TIME ZONE 'UTC' AS newest;

-- What the load has changed, written in the transaction that changed it.
CREATE TABLE bench.ledger (
    event_id uuid PRIMARY KEY,
    value character varying,   -- what the row holds now; null: it is deleted
    original boolean NOT NULL  -- one of the rows that this file makes
);

-- The row of one event. It names the columns, since a function that returned the table's own type would depend on the table.
CREATE FUNCTION bench.event(event bigint) RETURNS TABLE (
    id uuid, organization_id uuid, event_id uuid, transaction_id varchar, external_subscription_id varchar, code varchar,
    "timestamp" timestamp, subscription_id uuid, plan_id uuid, charge_id uuid, charge_filter_id uuid, grouped_by jsonb,
    value varchar, decimal_value numeric, enriched_at timestamp, operation_type varchar, precise_total_amount_cents numeric,
    target_wallet_code varchar)
LANGUAGE sql STABLE AS $$
    SELECT
        md5('id' || event)::uuid, md5('organization' || event % 5)::uuid, md5('event' || event)::uuid, 'transaction-' || event,
        'subscription-' || event % 1000, (ARRAY['api_calls', 'storage_gb', 'seats'])[1 + event % 3],
        newest - (rows - event) * (interval '13 months' / rows), md5('subscription' || event % 1000)::uuid,
        md5('plan' || event % 10)::uuid, md5('charge' || event % 30)::uuid, NULL::uuid,
        jsonb_build_object('region', 'eu-' || event % 4), (event % 100)::text, (event % 100)::numeric,
        newest - (rows - event) * (interval '13 months' / rows) + interval '1 second', 'add', (event % 1000)::numeric,
        NULL::varchar
    FROM bench.origin
$$;

INSERT INTO public.enriched_events
SELECT event.* FROM generate_series(1, CAST(:rows AS bigint)) AS number, bench.event(number) AS event;
REINDEX TABLE public.enriched_events;
-- Nothing is left to autovacuum, so that it does not run in the midst of what is measured.
VACUUM (FREEZE, ANALYZE) public.enriched_events;
