package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import partman.sidecar.model.ObservedTable.Successor;

class SuccessorTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, false, false",
        "1, 0, 0, true,  true",
        "0, 1, 0, true,  true",
        "0, 0, 1, false, true",
        "1, 1, 1, true,  true",
    })
    void tellsIndexesThatItLacksFromThoseThatItHasTooMany(
            int ofPartitions, int ofParent, int superfluous, boolean lacks, boolean differs) {
        Successor successor = new Successor(
                List.of(),
                List.of(),
                Collections.nCopies(ofPartitions, ddl(1)),
                ddl(ofParent),
                ddl(superfluous),
                List.of(),
                List.of(),
                List.of());

        assertThat(successor.lacksIndexes()).isEqualTo(lacks);
        assertThat(successor.differsInIndexes()).isEqualTo(differs);
    }

    private static List<Definition> ddl(int number) {
        return List.of(new Definition("index")).subList(0, number);
    }
}
