-- Prints, as number|number|number, the rows of the table, the rows that it must have by the ledger, and the changed rows that
-- hold something else than the ledger says (or are there although deleted, or not there).
SELECT
    (SELECT count(*) FROM public.enriched_events),
    (SELECT rows FROM bench.origin) - count(*) FILTER (WHERE original) + count(value),
    (SELECT count(*) FROM bench.ledger LEFT JOIN public.enriched_events AS event USING (event_id)
     WHERE event.value IS DISTINCT FROM ledger.value)
FROM bench.ledger;
