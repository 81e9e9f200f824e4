package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

@Postgres
class VerifyCopyTest {

    private final TestDatabase database;

    VerifyCopyTest(TestDatabase database) {
        this.database = database;
        database.execute(
                "CREATE TABLE public.events (id bigint, note text)",
                "INSERT INTO public.events SELECT i, CASE WHEN i % 3 > 0 THEN 'note ' || i END FROM generate_series(1, 50) AS i",
                "CREATE SCHEMA partman_work_public",
                "CREATE TABLE partman_work_public.events AS TABLE public.events ORDER BY note");
    }

    private void verify(boolean hashable) {
        new VerifyCopy(
                        QualifiedName.of("public", "events"),
                        List.of(new Identifier("id"), new Identifier("note")),
                        hashable)
                .run(database.session());
    }

    @Test
    void acceptsTheSameRowsInAnyOrder() {
        assertThatCode(() -> verify(true)).doesNotThrowAnyException();
        assertThatCode(() -> verify(false)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM partman_work_public.events WHERE id = 7",
                "UPDATE partman_work_public.events SET note = 'other' WHERE id = 7",
                "UPDATE partman_work_public.events SET note = NULL WHERE id = 7",
                "INSERT INTO partman_work_public.events SELECT * FROM public.events WHERE id = 7",
                "UPDATE partman_work_public.events SET id = 8 WHERE id = 7",
                "UPDATE partman_work_public.events SET id = 15 - id WHERE id IN (7, 8)",
                "UPDATE partman_work_public.events SET id = 1 + id % 50",
                "TRUNCATE partman_work_public.events",
            })
    void failsForGoodWhereTheCopyDiffers(String difference) {
        database.execute(difference);

        for (boolean hashable : List.of(true, false)) {
            DatabaseException failure = catchThrowableOfType(DatabaseException.class, () -> verify(hashable));

            assertThat(failure).isNotNull();
            assertThat(failure.kind()).isEqualTo(DatabaseException.Kind.PERMANENT);
            assertThat(failure).hasMessageContaining("the copy differs: 50 rows in the table");
        }
    }
}
