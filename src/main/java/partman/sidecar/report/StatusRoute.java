package partman.sidecar.report;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.InstantSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import partman.sidecar.plan.PlanText;
import partman.sidecar.reconcile.Pace;
import partman.sidecar.reconcile.Snapshot;

/** Serves the status page at {@code /}, and at {@code /plan} the SQL that is pending; both of the latest snapshot. */
@ApplicationScoped
class StatusRoute {

    private static final String PAGE = "/";
    private static final String PLAN = "/plan";

    private final Latest latest;
    private final Pace pace;
    private final InstantSource clock;
    private final String version;

    StatusRoute(
            Latest latest,
            Pace pace,
            InstantSource clock,
            @ConfigProperty(name = "quarkus.application.version") String version) {
        this.latest = latest;
        this.pace = pace;
        this.clock = clock;
        this.version = version;
    }

    void addTo(@Observes Router router) {
        for (HttpMethod method : new HttpMethod[] {HttpMethod.GET, HttpMethod.HEAD}) {
            router.route(method, PAGE).handler(this::page);
            router.route(method, PLAN).handler(this::plan);
        }
    }

    private void page(RoutingContext request) {
        boolean paused = request.queryParams().contains("pause");
        Html page = StatusPage.of(
                latest.snapshot(), latest.staleness(), version, clock.instant(), pace.observeEvery(), paused);
        request.response().putHeader("Content-Security-Policy", StatusStyle.POLICY);
        Answer.of(request, "text/html; charset=utf-8", page.toString());
    }

    private void plan(RoutingContext request) {
        Snapshot snapshot = latest.snapshot();
        StringBuilder text = new StringBuilder();
        String failure = snapshot.failure() != null ? snapshot.failure() : latest.staleness();
        if (failure != null) {
            text.append("-- as last seen; the database can't be used now: ")
                    .append(failure.replaceAll("\\R", " "))
                    .append("\n\n");
        }
        text.append("-- ")
                .append(PlanText.SESSION_PURPOSE)
                .append('\n')
                .append(PlanText.SESSION)
                .append("\n\n");
        text.append(PlanText.of(snapshot.maintenance()));
        for (Snapshot.Table table : snapshot.tables()) {
            if (table.plan() != null) {
                text.append(PlanText.of(table.name(), table.plan())).append('\n');
            }
        }
        Answer.of(request, "text/plain; charset=utf-8", text.toString());
    }
}
