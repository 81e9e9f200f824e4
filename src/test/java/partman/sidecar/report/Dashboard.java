package partman.sidecar.report;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The Grafana dashboard as Grafana reads it. */
final class Dashboard {

    static final String FLEET = "Fleet";

    private static final Path FILE = Path.of("docker/grafana/partman.json");

    private Dashboard() {}

    /** One panel, with the title of the row that it stands in. */
    record Panel(String row, String title, JsonObject json) {

        /** What it asks Prometheus for, with variables in it. */
        List<String> expressions() {
            return objects(json.getJsonArray("targets")).stream()
                    .map(target -> target.getString("expr"))
                    .toList();
        }
    }

    static JsonObject json() {
        try {
            return new JsonObject(Files.readString(FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Panel> panels() {
        List<Panel> panels = new ArrayList<>();
        String row = "";
        for (JsonObject panel : objects(json().getJsonArray("panels"))) {
            if (panel.getString("type").equals("row")) {
                row = panel.getString("title");
            } else {
                panels.add(new Panel(row, panel.getString("title"), panel));
            }
        }
        return panels;
    }

    /** What all panels ask for. */
    static List<String> expressions() {
        return panels().stream().flatMap(panel -> panel.expressions().stream()).toList();
    }

    static List<JsonObject> objects(JsonArray array) {
        return array.stream().map(JsonObject.class::cast).toList();
    }
}
