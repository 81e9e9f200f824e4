package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

@Postgres
class EndConversionTest {

    private static final String SCHEMAS =
            "SELECT nspname FROM pg_namespace WHERE nspname IN ('partman_sidecar', 'partman_work_public') ORDER BY 1";

    private final TestDatabase database;
    private final EndConversion step;

    EndConversionTest(TestDatabase database) {
        this.database = database;
        this.step = (EndConversion) StepCase.END_CONVERSION.begin(database);
    }

    @Test
    void keepsWhatIsKnownOfAnotherConversion() {
        database.execute(
                "INSERT INTO partman_sidecar.batch VALUES (7, 0, 1, 10)",
                """
                INSERT INTO partman_sidecar.conversion (id, schema_name, table_name, work_schema, phase, key_columns, control_column,
                    partition_interval, fingerprint, row_count)
                VALUES (7, 'public', 'others', 'partman_work_public', 'journal', '{id}', 'at', '1 month', '', 0)
                """,
                "CREATE TABLE partman_work_public.others (id bigint)");

        StepCase.run(database, step);

        assertThat(database.strings("SELECT id FROM partman_sidecar.conversion"))
                .containsExactly("7");
        assertThat(database.strings("SELECT conversion_id FROM partman_sidecar.batch"))
                .containsExactly("7");
        assertThat(database.strings(SCHEMAS)).containsExactly("partman_sidecar", "partman_work_public");
    }

    @Test
    void keepsASchemaInWhichSomebodyElseHasSomething() {
        database.execute("CREATE VIEW partman_work_public.mine AS SELECT 1 AS one");

        StepCase.run(database, step);

        assertThat(database.strings(SCHEMAS)).containsExactly("partman_work_public");
    }
}
