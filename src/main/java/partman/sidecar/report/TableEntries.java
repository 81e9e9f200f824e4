package partman.sidecar.report;

import io.smallrye.health.api.HealthContentFilter;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import java.util.stream.Stream;
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
        JsonArray checks = report.getJsonArray("checks");
        if (!has(checks, TablesCheck.NAME)) {
            return report;
        }
        JsonArrayBuilder expanded = JSON.createArrayBuilder();
        for (JsonValue check : checks) {
            if (!isNamed(check, TablesCheck.NAME)) {
                expanded.add(check);
            } else {
                entries(has(checks, DatabaseCheck.NAME)).forEach(expanded::add);
            }
        }
        JsonArray all = expanded.build();
        boolean up = all.stream()
                .allMatch(check -> check.asJsonObject().getString("status").equals(UP));
        return JSON.createObjectBuilder(report)
                .add("status", up ? UP : DOWN)
                .add("checks", all)
                .build();
    }

    private static boolean has(JsonArray checks, String name) {
        return checks.stream().anyMatch(check -> isNamed(check, name));
    }

    private static boolean isNamed(JsonValue check, String name) {
        return check.asJsonObject().getString("name").equals(name);
    }

    /**
     * What stands for the tables: nothing can be said about them while the database can't be used, and one check says why.
     *
     * @param databaseIsThere whether the report has that check already
     */
    private Stream<JsonObjectBuilder> entries(boolean databaseIsThere) {
        Snapshot snapshot = latest.snapshot();
        String failure = snapshot.failure();
        if (failure != null) {
            return databaseIsThere
                    ? Stream.empty()
                    : Stream.of(entry(
                            DatabaseCheck.NAME,
                            false,
                            JSON.createObjectBuilder().add("reason", failure)));
        }
        String staleness = latest.staleness();
        return snapshot.tables().stream().filter(Snapshot.Table::configured).map(table -> entry(table, staleness));
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
