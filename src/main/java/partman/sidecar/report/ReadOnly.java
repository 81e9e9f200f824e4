package partman.sidecar.report;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/** Refuses every request that is more than a look. */
@ApplicationScoped
class ReadOnly {

    /** Before the routes of anything that answers. */
    private static final int FIRST = -10_000;

    void addTo(@Observes Router router) {
        router.route().order(FIRST).handler(request -> {
            HttpMethod method = request.request().method();
            if (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD)) {
                request.next();
            } else {
                request.response()
                        .setStatusCode(405)
                        .putHeader("Allow", "GET, HEAD")
                        .end();
            }
        });
    }
}
