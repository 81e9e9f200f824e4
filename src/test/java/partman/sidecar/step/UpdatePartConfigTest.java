package partman.sidecar.step;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** {@link UpdatePartConfig} by the contract of all steps. */
@Postgres
class UpdatePartConfigTest extends StepContract {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC =
            Parts.spec(EVENTS, "at").retention("14 months").build();

    private static final Identifier PARTMAN = new Identifier("partman");

    UpdatePartConfigTest(TestDatabase database) {
        super(database);
    }

    @Override
    Step prepare() {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.events', 'at', '1 month', p_premake => 3)");
        return new UpdatePartConfig(SPEC, PARTMAN, List.of("retention null → 14 months"));
    }

    @Override
    boolean isDone() {
        return !database.strings("""
                SELECT 1 FROM partman.part_config WHERE retention = '14 months' AND infinite_time_partitions AND retention_keep_table
                """).isEmpty();
    }

    @Override
    String lock() {
        return "SELECT FROM partman.part_config FOR UPDATE";
    }
}
