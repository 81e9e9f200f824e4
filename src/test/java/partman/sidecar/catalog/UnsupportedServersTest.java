package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Planner;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

@Postgres({Server.PG15, Server.PG17_WITHOUT_PARTMAN})
class UnsupportedServersTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC = Parts.spec(EVENTS, "at").build();

    @Test
    void observesAServerThatItCantUse(Server server, TestDatabase database) {
        TableShapes.controlledBy(database, "timestamp");

        Observation observation = new Catalog(100).observe(database.session(), List.of(SPEC));

        boolean old = server == Server.PG15;
        assertThat(observation.server().extension())
                .isEqualTo(old ? new Extension.Available("4.7.2") : new Extension.Unavailable());
        Plan plan = Planner.plan(SPEC, observation.server(), table(observation));
        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(old ? TableState.EXTENSION_UNSUPPORTED : TableState.EXTENSION_UNAVAILABLE);
    }

    private static ObservedTable table(Observation observation) {
        return Objects.requireNonNull(observation.tables().get(EVENTS));
    }
}
