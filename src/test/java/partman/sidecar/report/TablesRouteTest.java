package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.report.Snapshots.EVENTS;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.reconcile.Pace;

class TablesRouteTest {

    private static final Latest LATEST = new Latest(new SettableClock(), new Pace(Duration.ofSeconds(30)));
    private static final Vertx VERTX = Vertx.vertx();
    private static final HttpServer SERVER = VERTX.createHttpServer();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @BeforeAll
    static void serve() {
        Router router = Router.router(VERTX);
        new ReadOnly().addTo(router);
        new TablesRoute(LATEST, "1.2.3").addTo(router);
        SERVER.requestHandler(router)
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }

    @AfterAll
    static void stop() {
        CLIENT.close();
        VERTX.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void answersWithTheLatestSnapshot() throws IOException, InterruptedException {
        LATEST.keep(Snapshots.of(Snapshots.plain(EVENTS)));

        HttpResponse<String> response = request("GET");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(response.headers().firstValue("Cache-Control")).contains("no-store");
        assertThat(new JsonObject(response.body())).isEqualTo(TablesJson.of(LATEST.snapshot(), "1.2.3"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    void refusesWhateverIsNoReading(String method) throws IOException, InterruptedException {
        HttpResponse<String> response = request(method);

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("Allow")).contains("GET, HEAD");
    }

    private static HttpResponse<String> request(String method) throws IOException, InterruptedException {
        URI address = URI.create("http://127.0.0.1:" + SERVER.actualPort() + "/api/tables");
        return CLIENT.send(
                HttpRequest.newBuilder(address)
                        .method(method, BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
    }
}
