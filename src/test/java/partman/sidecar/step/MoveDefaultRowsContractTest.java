package partman.sidecar.step;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** {@link MoveDefaultRows}, which also registers the set, by the contract of all steps. */
@Postgres
class MoveDefaultRowsContractTest extends StepContract {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC =
            Parts.spec(EVENTS, "at").retention("14 months").build();

    MoveDefaultRowsContractTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "CREATE TABLE public.events_default PARTITION OF public.events DEFAULT",
                "INSERT INTO public.events SELECT i, now() - i * interval '1 day' FROM generate_series(0, 99) AS i");
        Plan.Run plan = (Plan.Run) Parts.in(database).tables(SPEC).build().plan(SPEC);
        return plan.transactions().getFirst().steps().getFirst();
    }

    @Override
    boolean isDone() {
        return database.strings("SELECT 1 FROM public.events_default").isEmpty()
                && database.strings("SELECT 1 FROM public.events").size() == 100;
    }

    @Override
    String lock() {
        return "LOCK TABLE public.events IN ACCESS SHARE MODE";
    }

    @Override
    List<String> state() {
        List<String> state = new ArrayList<>(super.state());
        state.add(TableShapes.content(database, EVENTS).toString());
        return state;
    }
}
