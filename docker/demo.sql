-- Lago's enriched_events as a migration without pg_partman leaves it: a plain table, 18 columns, four indexes, no primary
-- key; with 300,000 events of the last 13 months.
BEGIN;

CREATE TABLE public.enriched_events (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    organization_id uuid NOT NULL,
    event_id uuid NOT NULL,
    transaction_id character varying NOT NULL,
    external_subscription_id character varying NOT NULL,
    code character varying NOT NULL,
    "timestamp" timestamp(6) without time zone NOT NULL,
    subscription_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    charge_id uuid NOT NULL,
    charge_filter_id uuid,
    grouped_by jsonb DEFAULT '{}'::jsonb NOT NULL,
    value character varying,
    decimal_value numeric(40,15) DEFAULT 0.0 NOT NULL,
    enriched_at timestamp(6) without time zone NOT NULL,
    operation_type character varying,
    precise_total_amount_cents numeric(40,15),
    target_wallet_code character varying
);

INSERT INTO public.enriched_events (
    organization_id, event_id, transaction_id, external_subscription_id, code, "timestamp", subscription_id, plan_id,
    charge_id, grouped_by, value, decimal_value, enriched_at, operation_type, precise_total_amount_cents)
SELECT
    md5('organization' || event % 5)::uuid, gen_random_uuid(), 'transaction-' || event, 'subscription-' || event % 1000,
    (ARRAY['api_calls', 'storage_gb', 'seats'])[1 + event % 3], happened_at, md5('subscription' || event % 1000)::uuid,
    md5('plan' || event % 10)::uuid, md5('charge' || event % 30)::uuid, jsonb_build_object('region', 'eu-' || event % 4),
    (event % 100)::text, event % 100, happened_at + interval '1 second', 'add', event % 1000
FROM generate_series(1, 300000) AS event,
    LATERAL (SELECT (now() AT TIME ZONE 'UTC') - event * (interval '13 months' / 300000)) AS spread (happened_at);

CREATE INDEX idx_billing_on_enriched_events
    ON public.enriched_events (organization_id, subscription_id, charge_id, charge_filter_id, "timestamp");
CREATE INDEX idx_lookup_on_enriched_events
    ON public.enriched_events (organization_id, external_subscription_id, code, "timestamp");
CREATE UNIQUE INDEX idx_unique_on_enriched_events
    ON public.enriched_events (organization_id, external_subscription_id, transaction_id, "timestamp", charge_id);
CREATE INDEX index_enriched_events_on_event_id
    ON public.enriched_events (event_id);

COMMIT;
ANALYZE public.enriched_events;
