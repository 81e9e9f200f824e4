package partman.sidecar.report;

import io.smallrye.health.api.HealthContentFilter;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.TableState;
import partman.sidecar.reconcile.Snapshot;

/** Puts one check for each configured table into the health reports that are about them. */
@ApplicationScoped
class TableEntries implements HealthContentFilter {

    private static final JsonProvider JSON = JsonProvider.provider();
    private static final String UP = "UP";
    private static final String DOWN = "DOWN";

    private final Latest latest;

    TableEntries(Latest latest) {
        this.latest = latest;
    }

    @Override
    public JsonObject filter(JsonObject report) {
        if (report.getJsonArray("checks").stream().noneMatch(TableEntries::isPlaceholder)) {
            return report;
        }
        JsonArrayBuilder checks = JSON.createArrayBuilder();
        for (JsonValue check : report.getJsonArray("checks")) {
            if (isPlaceholder(check)) {
                addTables(checks);
            } else {
                checks.add(check);
            }
        }
        JsonArray all = checks.build();
        boolean up = all.stream()
                .allMatch(check -> check.asJsonObject().getString("status").equals(UP));
        return JSON.createObjectBuilder(report)
                .add("status", up ? UP : DOWN)
                .add("checks", all)
                .build();
    }

    private static boolean isPlaceholder(JsonValue check) {
        return check.asJsonObject().getString("name").equals(TablesCheck.NAME);
    }

    private void addTables(JsonArrayBuilder checks) {
        Snapshot snapshot = latest.snapshot();
        String failure = snapshot.failure();
        if (failure != null) {
            checks.add(
                    entry(DatabaseCheck.NAME, false, JSON.createObjectBuilder().add("reason", failure)));
            return;
        }
        String staleness = latest.staleness();
        snapshot.tables().stream()
                .filter(Snapshot.Table::configured)
                .forEach(table -> checks.add(entry(table, staleness)));
    }

    private static JsonObjectBuilder entry(Snapshot.Table table, @Nullable String staleness) {
        JsonObjectBuilder data = JSON.createObjectBuilder()
                .add("state", table.state().label())
                .add("reason", staleness == null ? table.reason() : staleness);
        String trouble = table.trouble();
        if (trouble != null) {
            data.add("trouble", trouble);
        }
        return entry(table.name().unquoted(), staleness == null && table.state() == TableState.HEALTHY, data);
    }

    private static JsonObjectBuilder entry(String name, boolean up, JsonObjectBuilder data) {
        return JSON.createObjectBuilder()
                .add("name", name)
                .add("status", up ? UP : DOWN)
                .add("data", data);
    }
}
