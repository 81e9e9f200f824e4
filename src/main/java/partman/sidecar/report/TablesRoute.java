package partman.sidecar.report;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Serves {@code /api/tables}: the latest snapshot as JSON, to be read only. */
@ApplicationScoped
class TablesRoute {

    private static final String PATH = "/api/tables";

    private final Latest latest;
    private final String version;

    TablesRoute(Latest latest, @ConfigProperty(name = "quarkus.application.version") String version) {
        this.latest = latest;
        this.version = version;
    }

    void addTo(@Observes Router router) {
        router.route(HttpMethod.GET, PATH).handler(this::answer);
        router.route(HttpMethod.HEAD, PATH).handler(this::answer);
    }

    private void answer(RoutingContext request) {
        Answer.of(
                request,
                "application/json",
                TablesJson.of(latest.snapshot(), version).encodePrettily());
    }
}
