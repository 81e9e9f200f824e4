SELECT 1 FROM public.enriched_events LIMIT 1;
