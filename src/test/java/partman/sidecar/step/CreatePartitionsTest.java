package partman.sidecar.step;

import java.time.LocalDateTime;
import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** {@link CreatePartitions} by the contract of all steps. */
@Postgres
class CreatePartitionsTest extends StepContract {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private static final Identifier PARTMAN = new Identifier("partman");

    CreatePartitionsTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)");
        return new CreatePartitions(
                EVENTS,
                PARTMAN,
                QualifiedName.of("public", "events_default"),
                List.of(LocalDateTime.of(2031, 1, 1, 0, 0), LocalDateTime.of(2031, 2, 1, 0, 0)));
    }

    @Override
    boolean isDone() {
        return !database.strings("""
                SELECT 1 WHERE to_regclass('public.events_p20310101') IS NOT NULL AND to_regclass('public.events_p20310201') IS NOT NULL
                """).isEmpty();
    }

    @Override
    String lock() {
        return "LOCK TABLE public.events_default IN ACCESS SHARE MODE";
    }
}
