package partman.sidecar.testing;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/**
 * A headless Chromium with one window, driven by WebDriver. Its container shares this machine's network on every engine, since the
 * pages are on the loopback address.
 *
 * <p>It speaks to chromedriver itself: the dozen commands that it needs are plain JSON over HTTP, and what it has to look into (console,
 * requests, colour scheme) no client library hides the JSON of.
 *
 * @see <a href="https://www.w3.org/TR/webdriver2/">WebDriver</a>
 * @see <a href="https://chromedevtools.github.io/devtools-protocol/">Chrome DevTools Protocol</a>
 */
public final class Browser implements AutoCloseable {

    /** The width of a phone. */
    public static final int PHONE = 360;

    private static final int DESKTOP = 1100;

    private final GenericContainer<?> container;
    private final HttpClient client = HttpClient.newHttpClient();
    private final String driver;
    private final String session;

    private Browser(GenericContainer<?> container, int port) {
        this.container = container;
        this.driver = "http://127.0.0.1:" + port;
        JsonObject options = new JsonObject()
                .put(
                        "args",
                        JsonArray.of(
                                "--headless=new",
                                // the container is the sandbox
                                "--no-sandbox",
                                "--disable-dev-shm-usage",
                                "--hide-scrollbars",
                                "--user-data-dir=/tmp/profile"))
                .put("perfLoggingPrefs", new JsonObject().put("enableNetwork", true));
        JsonObject wanted = new JsonObject()
                .put("browserName", "chrome")
                .put("goog:chromeOptions", options)
                .put("goog:loggingPrefs", new JsonObject().put("browser", "ALL").put("performance", "ALL"));
        this.session = request(
                        "POST",
                        "/session",
                        new JsonObject().put("capabilities", new JsonObject().put("alwaysMatch", wanted)))
                .getJsonObject("value")
                .getString("sessionId");
    }

    /** Starts one. */
    // the container lives on in what is returned; Testcontainers removes it at the JVM's end at the latest
    @SuppressWarnings("resource")
    public static Browser start() {
        int port = Engine.freePort();
        GenericContainer<?> container = new GenericContainer<>("partman-sidecar/chromium:test")
                .withEnv("PORT", Integer.toString(port))
                .withNetworkMode("host")
                .waitingFor(Wait.forLogMessage(".*started successfully.*", 1));
        Engine.start(container);
        try {
            return new Browser(container, port);
        } catch (RuntimeException e) {
            container.stop();
            throw e;
        }
    }

    /** Opens a page, and waits until it is there. */
    public void open(String address) {
        command("/url", new JsonObject().put("url", address));
    }

    /** Shows pages to a reader who prefers dark ones, or light ones, on a screen of a desktop or of a phone. */
    public void look(boolean dark, boolean phone) {
        devtools(
                "Emulation.setEmulatedMedia",
                new JsonObject()
                        .put(
                                "features",
                                JsonArray.of(new JsonObject()
                                        .put("name", "prefers-color-scheme")
                                        .put("value", dark ? "dark" : "light"))));
        devtools(
                "Emulation.setDeviceMetricsOverride",
                new JsonObject()
                        .put("width", phone ? PHONE : DESKTOP)
                        .put("height", phone ? 740 : 900)
                        .put("deviceScaleFactor", 1)
                        .put("mobile", phone));
    }

    /** Whether the scripts of pages run, from the next one on. */
    public void allowScripts(boolean allowed) {
        devtools("Emulation.setScriptExecutionDisabled", new JsonObject().put("value", !allowed));
    }

    /** The value of a JavaScript expression in the page, whether or not its own scripts run. */
    public Object value(String expression) {
        JsonObject answer = devtools(
                "Runtime.evaluate",
                new JsonObject().put("expression", expression).put("returnByValue", true));
        if (answer.getJsonObject("exceptionDetails") != null) {
            throw new IllegalStateException(answer.encode());
        }
        return answer.getJsonObject("result").getValue("value", "");
    }

    /** The text that a reader sees. */
    public String text() {
        return value("document.body.innerText").toString();
    }

    /** What the console has told since it was asked last: errors, and what the page's policy has refused. */
    public List<String> console() {
        return log("browser").stream().map(JsonObject::encode).toList();
    }

    /** The addresses that were asked for since that was asked last, without data that stands in the page itself. */
    public List<String> requests() {
        return log("performance").stream()
                .map(entry -> new JsonObject(entry.getString("message")).getJsonObject("message"))
                .filter(message -> message.getString("method").equals("Network.requestWillBeSent"))
                .map(message ->
                        message.getJsonObject("params").getJsonObject("request").getString("url"))
                .filter(address -> !address.startsWith("data:"))
                .toList();
    }

    private List<JsonObject> log(String type) {
        return command("/se/log", new JsonObject().put("type", type)).getJsonArray("value").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    /** Puts a picture of the whole page into a file of the tests' output. */
    public void shoot(String name) {
        String picture = devtools(
                        "Page.captureScreenshot",
                        new JsonObject()
                                .put("format", "png")
                                .put("captureBeyondViewport", true)
                                .put("clip", wholePage()))
                .getString("data");
        try {
            Path directory = Files.createDirectories(Path.of("target", "screenshots"));
            Files.write(directory.resolve(name + ".png"), Base64.getDecoder().decode(picture));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JsonObject wholePage() {
        JsonObject size = devtools("Page.getLayoutMetrics", new JsonObject()).getJsonObject("cssContentSize");
        return new JsonObject()
                .put("x", 0)
                .put("y", 0)
                .put("width", size.getValue("width"))
                .put("height", size.getValue("height"))
                .put("scale", 1);
    }

    private JsonObject devtools(String method, JsonObject parameters) {
        return command("/goog/cdp/execute", new JsonObject().put("cmd", method).put("params", parameters))
                .getJsonObject("value");
    }

    private JsonObject command(String path, JsonObject body) {
        return request("POST", "/session/" + session + path, body);
    }

    private JsonObject request(String method, String path, JsonObject body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(driver + path))
                .timeout(Duration.ofMinutes(1))
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(body.encode()))
                .build();
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IllegalStateException("%s: %s".formatted(path, response.body()));
            }
            return new JsonObject(response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        client.close();
        container.stop();
    }
}
