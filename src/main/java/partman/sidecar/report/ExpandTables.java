package partman.sidecar.report;

import io.smallrye.health.api.HealthContentFilter;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import java.io.StringReader;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Puts the checks that {@link TablesCheck} carries in its place in a health report. The report's status stays as it is: the
 * HTTP status was chosen by it before any filter ran.
 */
@ApplicationScoped
class ExpandTables implements HealthContentFilter {

    private static final JsonProvider JSON = JsonProvider.provider();

    @Override
    public JsonObject filter(JsonObject report) {
        // readiness and wellness say the same of a database that is away: once is enough
        Set<JsonValue> checks = new LinkedHashSet<>();
        for (JsonObject check : report.getJsonArray("checks").getValuesAs(JsonObject.class)) {
            if (check.getString("name").equals(TablesCheck.NAME)) {
                String carried = check.getJsonObject("data").getString(TablesCheck.CARRIED);
                try (JsonReader reader = JSON.createReader(new StringReader(carried))) {
                    checks.addAll(reader.readArray());
                }
            } else {
                checks.add(check);
            }
        }
        return JSON.createObjectBuilder(report)
                .add("checks", JSON.createArrayBuilder(checks))
                .build();
    }
}
