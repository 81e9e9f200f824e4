package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.reconcile.Reconciler;
import partman.sidecar.reconcile.SetView;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** Servers whose pg_partman is too old, or that have none: the reason says so, and nothing is changed. */
@Postgres({Server.PG15, Server.PG17_WITHOUT_PARTMAN})
class ServersTest {

    private final TestDatabase database;
    private final Server server;
    private final TableSpec spec;

    ServersTest(TestDatabase database, Server server) {
        this.database = database;
        this.server = server;
        spec = Parts.spec(TableShapes.controlledBy(database, "timestamp")).build();
    }

    @Test
    void areBlockedAndStayAsTheyAre() {
        List<String> schema = SetView.schema(database);
        Parts parts = Parts.in(database).tables(spec).build();

        Plan plan = parts.reconcile(spec).plan();

        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.state())
                .isEqualTo(server == Server.PG15 ? TableState.EXTENSION_UNSUPPORTED : TableState.EXTENSION_UNAVAILABLE);
        assertThat(plan.reason()).contains(server == Server.PG15 ? "4.7" : "postgresql-17-partman", "install");
        assertThat(SetView.schema(database)).isEqualTo(schema);
    }

    @Test
    void areBlockedAlsoWhereTheOldVersionIsInstalled() {
        if (server == Server.PG15) {
            database.installPartman();
            database.execute(
                    "CREATE TABLE public.old (at timestamp NOT NULL) PARTITION BY RANGE (at)",
                    "SELECT partman.create_parent('public.old', 'at', 'native', 'monthly')");
        }
        List<String> schema = SetView.schema(database);

        Reconciler.Result result = Parts.in(database).tables(spec).build().reconcile(spec);
        Plan plan = result.plan();

        assertThat(result.failure()).isEmpty();
        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        assertThat(plan.reason()).contains(server == Server.PG15 ? "ALTER EXTENSION pg_partman UPDATE" : "install");
        assertThat(SetView.schema(database)).isEqualTo(schema);
    }
}
