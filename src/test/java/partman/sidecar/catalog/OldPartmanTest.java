package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Planner;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.TestDatabase;

@Postgres(Server.PG15)
class OldPartmanTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC = Parts.spec(EVENTS, "at").build();

    @Test
    void observesASetOfPartman4(TestDatabase database) {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', 'native', 'monthly')");

        Observation observation = new Catalog(100).observe(database.session(), List.of(SPEC));

        assertThat(observation.server().partmanVersion()).isEqualTo("4.7.2");
        assertThat(((ObservedTable.Partitioned) table(observation)).set().registration())
                .isNotNull();
        Plan plan = Planner.plan(SPEC, observation.server(), table(observation));
        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state()).isEqualTo(TableState.EXTENSION_UNSUPPORTED);
    }

    private static ObservedTable table(Observation observation) {
        return Objects.requireNonNull(observation.tables().get(EVENTS));
    }
}
