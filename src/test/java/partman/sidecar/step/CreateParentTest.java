package partman.sidecar.step;

import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** {@link CreateParent} by the contract of all steps. */
@Postgres
class CreateParentTest extends StepContract {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC =
            Parts.spec(EVENTS, "at").retention("14 months").build();

    private static final Identifier PARTMAN = new Identifier("partman");

    CreateParentTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        database.installPartman();
        database.execute("CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)");
        return new CreateParent(SPEC, PARTMAN, null, true);
    }

    @Override
    boolean isDone() {
        return !database.strings("""
                SELECT 1 FROM partman.part_config WHERE parent_table = 'public.events' AND retention = '14 months'
                    AND to_regclass('public.events_default') IS NOT NULL
                """).isEmpty()
                && !database.strings(
                                "SELECT 1 WHERE to_regclass('public.events_p' || to_char(now(), 'YYYYMM') || '01') IS NOT NULL")
                        .isEmpty();
    }

    @Override
    String lock() {
        return "LOCK TABLE public.events IN ACCESS SHARE MODE";
    }
}
