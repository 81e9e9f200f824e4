package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RowKeyTest {

    /** The table's own names can't be taken: one of them may be that of the journal's own column. */
    @Test
    void namesTheJournalsColumnsByTheirPlaceInTheKey() {
        RowKey key =
                new RowKey(List.of(new Identifier("seq"), new Identifier("At")), new Definition("the keys are equal"));

        assertThat(key.journalColumns())
                .containsExactly(new Identifier("partman_key_1"), new Identifier("partman_key_2"));
    }
}
