package partman.sidecar.step;

import partman.sidecar.model.Identifier;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** {@link CreateExtension} by the contract of all steps. */
@Postgres
class CreateExtensionTest extends StepContract {

    CreateExtensionTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        return new CreateExtension(new Identifier("Part man"));
    }

    @Override
    boolean isDone() {
        return !database.strings("""
                SELECT 1 FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace WHERE n.nspname = 'Part man'
                """).isEmpty();
    }

    @Override
    String lock() {
        return "";
    }
}
