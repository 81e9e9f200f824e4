package partman.sidecar.report;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.HashMap;
import java.util.Map;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import partman.sidecar.reconcile.Snapshot;

/**
 * Keeps Micrometer's meters as the latest snapshot says; a scrape reads values that are already there. A command answers no scrape,
 * and has no meters: to register those of hundreds of sets takes seconds.
 */
@ApplicationScoped
class Metrics {

    private final MeterRegistry registry;
    private final String version;
    private final boolean scraped;
    private final Map<Series, Meter> meters = new HashMap<>();
    private volatile Map<Series, Double> values = Map.of();

    Metrics(
            MeterRegistry registry,
            @ConfigProperty(name = "quarkus.application.version") String version,
            @ConfigProperty(name = "quarkus.http.host-enabled", defaultValue = "true") boolean scraped) {
        this.registry = registry;
        this.version = version;
        this.scraped = scraped;
    }

    void showNothingYet(@Observes StartupEvent start) {
        show(Snapshot.NOTHING_YET);
    }

    /**
     * Shows this snapshot from now on; series that it has nothing to tell about vanish. A scrape meanwhile sees a series with
     * its old value or its new one, never without any.
     */
    synchronized void show(@Observes Snapshot snapshot) {
        if (!scraped) {
            return;
        }
        Map<Series, Double> next = Measurements.of(snapshot, version);
        meters.entrySet().removeIf(entry -> {
            boolean gone = !next.containsKey(entry.getKey());
            if (gone) {
                registry.remove(entry.getValue());
            }
            return gone;
        });
        values = next;
        next.keySet().forEach(series -> meters.computeIfAbsent(series, this::register));
    }

    private Meter register(Series series) {
        Metric metric = series.metric();
        return switch (metric.type()) {
            case GAUGE ->
                Gauge.builder(metric.shownName(), () -> value(series))
                        .description(metric.help())
                        .tags(series.tags())
                        .register(registry);
            case COUNTER ->
                FunctionCounter.builder(metric.shownName(), this, metrics -> metrics.value(series))
                        .description(metric.help())
                        .tags(series.tags())
                        .register(registry);
        };
    }

    private double value(Series series) {
        return values.getOrDefault(series, Double.NaN);
    }
}
