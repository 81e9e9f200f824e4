package partman.sidecar.step;

import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** {@link RenameChild} by the contract of all steps. */
@Postgres
class RenameChildTest extends StepContract {

    RenameChildTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "CREATE TABLE public.\"One 2026\" PARTITION OF public.events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')");
        return new RenameChild(QualifiedName.of("public", "One 2026"), new Identifier("events_p20260101"));
    }

    @Override
    boolean isDone() {
        return !database.strings("""
                SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass('public.events_p20260101') AND inhparent = 'public.events'::regclass
                """).isEmpty();
    }

    @Override
    String lock() {
        return "LOCK TABLE public.\"One 2026\" IN ACCESS SHARE MODE";
    }
}
