package partman.sidecar.report;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.spi.JsonProvider;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.TableState;
import partman.sidecar.reconcile.Snapshot;

/**
 * Well while each configured table is healthy.
 *
 * <p>Its answer carries one check for each table, and {@link ExpandTables} puts these in its place. They can't be checks of
 * their own: the number of those that are beans is fixed at build time, and the registry for others is not safe to change
 * while a probe reads it.
 */
@Wellness
@ApplicationScoped
class TablesCheck implements HealthCheck {

    /** A name that no table has: theirs hold a dot. */
    static final String NAME = "tables";

    /** Where the answer carries the checks, as the text of a JSON array. */
    static final String CARRIED = "checks";

    private static final JsonProvider JSON = JsonProvider.provider();
    private static final String UP = "UP";
    private static final String DOWN = "DOWN";

    private final Latest latest;

    TablesCheck(Latest latest) {
        this.latest = latest;
    }

    @Override
    public HealthCheckResponse call() {
        JsonArray checks = checks();
        boolean up = checks.stream()
                .allMatch(check -> check.asJsonObject().getString("status").equals(UP));
        return HealthCheckResponse.named(NAME)
                .status(up)
                .withData(CARRIED, checks.toString())
                .build();
    }

    /** One check that says why while the database can't be used, since nothing is known of the tables then. */
    private JsonArray checks() {
        Snapshot snapshot = latest.snapshot();
        String failure = snapshot.failure();
        JsonArrayBuilder checks = JSON.createArrayBuilder();
        if (failure != null) {
            JsonObjectBuilder reason = JSON.createObjectBuilder().add("reason", failure);
            return checks.add(check(DatabaseCheck.NAME, false, reason)).build();
        }
        String staleness = latest.staleness();
        snapshot.tables().stream()
                .filter(Snapshot.Table::configured)
                .forEach(table -> checks.add(check(table, staleness)));
        return checks.build();
    }

    private static JsonObjectBuilder check(Snapshot.Table table, @Nullable String staleness) {
        JsonObjectBuilder data = JSON.createObjectBuilder()
                .add("state", table.state().label())
                .add("reason", staleness == null ? table.reason() : staleness);
        Snapshot.Copying copying = table.copying();
        if (copying != null) {
            data.add("phase", copying.conversion().phase().label())
                    .add("rowsCopied", copying.conversion().rowsCopied())
                    .add("rowsTotal", copying.conversion().rowsTotal());
        }
        String trouble = table.trouble();
        if (trouble != null) {
            data.add("trouble", trouble);
        }
        return check(table.name().unquoted(), staleness == null && table.state() == TableState.HEALTHY, data);
    }

    private static JsonObjectBuilder check(String name, boolean up, JsonObjectBuilder data) {
        return JSON.createObjectBuilder()
                .add("name", name)
                .add("status", up ? UP : DOWN)
                .add("data", data);
    }
}
