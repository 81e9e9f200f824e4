package partman.sidecar.step;

import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** {@link DropRetired} by the contract of all steps. */
@Postgres
class DropRetiredTest extends StepContract {

    DropRetiredTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        database.execute(
                "CREATE SCHEMA partman_retired_public",
                "CREATE TABLE public.events (id bigint)",
                "CREATE TABLE partman_retired_public.events (id bigint)");
        return new DropRetired(QualifiedName.of("public", "events"));
    }

    @Override
    boolean isDone() {
        return !database.strings("""
                SELECT 1 WHERE to_regclass('partman_retired_public.events') IS NULL AND to_regclass('public.events') IS NOT NULL
                """).isEmpty();
    }

    @Override
    String lock() {
        return "LOCK TABLE partman_retired_public.events IN ACCESS SHARE MODE";
    }
}
