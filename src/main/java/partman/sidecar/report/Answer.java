package partman.sidecar.report;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/** What every page and document is sent with: nobody keeps it, and no browser takes it for something else. */
final class Answer {

    private Answer() {}

    /** Ends the request with this text. */
    static void of(RoutingContext request, String type, String text) {
        HttpServerResponse response = request.response()
                .putHeader("Content-Type", type)
                .putHeader("Cache-Control", "no-store")
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer");
        Buffer body = Buffer.buffer(text);
        if (request.request().method().equals(HttpMethod.HEAD)) {
            // over HTTP/2 Vert.x would send the body, too
            response.putHeader("Content-Length", Integer.toString(body.length()))
                    .end();
        } else {
            response.end(body);
        }
    }
}
