package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

@Postgres
class CopyBlocksTest {

    private static final String COPIED = "SELECT count(*) FROM partman_work_public.events";

    private final TestDatabase database;
    private final CopyBlocks all;

    CopyBlocksTest(TestDatabase database) {
        this.database = database;
        this.all = (CopyBlocks) StepCase.COPY_BLOCKS.begin(database);
    }

    private void run(long from, long to) {
        StepCase.run(database, all.of(new Blocks(from, to)));
    }

    @Test
    void copiesEachRowOnceInWhateverOrderTheRangesCome() {
        long end = all.blocks().to();

        run(1, end);
        run(0, 1);

        assertThat(end).as("blocks of the table").isGreaterThan(1);
        assertThat(TableShapes.content(database, WorkSchema.shadowOf(StepCase.EVENTS)))
                .isEqualTo(TableShapes.content(database, StepCase.EVENTS));
        assertThat(database.strings("SELECT from_block || '-' || to_block FROM partman_sidecar.batch ORDER BY 1"))
                .containsExactly("0-1", "1-" + end);
        assertThat(database.single("SELECT sum(row_count)::bigint FROM partman_sidecar.batch"))
                .isEqualTo(300L);
    }

    @Test
    void leavesOutRowsThatCameToLaterBlocks() {
        long end = all.blocks().to();
        database.execute(
                "INSERT INTO public.events SELECT i, now() AT TIME ZONE 'UTC', 'new' FROM generate_series(301, 3000) AS i");

        run(0, end);

        assertThat((Long) database.single("SELECT max((ctid::text::point)[0])::bigint FROM public.events"))
                .isGreaterThan(end);
        assertThat((Long) database.single(COPIED)).isBetween(300L, 500L);
    }

    /** Other rows lie in the blocks of such a file, and some may lie where they were copied from already. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "VACUUM FULL public.events",
                "TRUNCATE public.events",
                "CLUSTER public.events USING by_note",
                "ALTER TABLE public.events ALTER COLUMN note TYPE varchar(40) USING note || ''"
            })
    void failsAsRetryableAndCopiesNothingOnceTheTableHasAnotherFile(String rewrite) {
        database.execute(rewrite);

        ThrowingCallable copying = () -> StepCase.run(database, all);

        assertThatThrownBy(copying)
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE))
                .hasMessage("public.events was rewritten while it was being copied");
        assertThat(database.single(COPIED)).isEqualTo(0L);
        assertThat(database.query("SELECT * FROM partman_sidecar.batch")).isEmpty();
    }
}
