package partman.sidecar.step;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** {@link RunMaintenance} by the contract of all steps. */
@Postgres
class RunMaintenanceTest extends StepContract {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private static final Identifier PARTMAN = new Identifier("partman");

    RunMaintenanceTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)",
                "UPDATE partman.part_config SET premake = 6, infinite_time_partitions = true");
        return new RunMaintenance(EVENTS, PARTMAN);
    }

    @Override
    boolean isDone() {
        return !database.strings("""
                SELECT 1 FROM pg_inherits WHERE inhparent = 'public.events'::regclass HAVING count(*) >= 3 + 1 + 6 + 1
                """).isEmpty()
                && !database.strings("SELECT 1 FROM partman.part_config WHERE maintenance_last_run IS NOT NULL")
                        .isEmpty();
    }

    @Override
    String lock() {
        return "";
    }

    @Override
    List<String> state() {
        List<String> state = new ArrayList<>(super.state());
        state.removeIf(row -> row.startsWith("(public.events,"));
        return state;
    }
}
