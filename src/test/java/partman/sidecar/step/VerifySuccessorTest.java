package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.RowKey;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** Of each of eight months there are ten rows; partitions begin with February, and none is for April. */
@Postgres
class VerifySuccessorTest {

    /** Types of a column; of the second, values can't be hashed, nor even compared. */
    enum Comparison {
        BY_VALUE("text"),
        BY_TEXT("json");

        private final String type;

        Comparison(String type) {
            this.type = type;
        }
    }

    private static final long CONVERSION = 7;
    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private static final RowKey KEY = new RowKey(
            List.of(new Identifier("id"), new Identifier("at")),
            new Definition(
                    "s.id OPERATOR(pg_catalog.=) k.partman_key_1 AND s.at OPERATOR(pg_catalog.=) k.partman_key_2"));

    private static final List<LocalDateTime> BOUNDS =
            Stream.of(2, 3, 4, 5, 6, 7, 8).map(month -> month(month)).toList();

    private final TestDatabase database;

    VerifySuccessorTest(TestDatabase database) {
        this.database = database;
    }

    private static LocalDateTime month(int month) {
        return LocalDateTime.of(2026, month, 1, 0, 0);
    }

    private void create(Comparison comparison) {
        create(comparison, "timestamp");
    }

    private void create(Comparison comparison, String controlType) {
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.events (id bigint, at %s NOT NULL, note %s, PRIMARY KEY (id, at))"
                        .formatted(controlType, comparison.type),
                """
                INSERT INTO public.events
                SELECT i, timestamp '2026-01-01' + i / 10 * interval '1 month' + i %% 10 * interval '1 day',
                       CASE WHEN i %% 3 > 0 THEN ('"note ' || i || '"')::%s END
                FROM generate_series(0, 79) AS i
                """.formatted(comparison.type),
                "CREATE SCHEMA partman_work_public",
                "CREATE TABLE partman_work_public.events (LIKE public.events) PARTITION BY RANGE (at)",
                "CREATE TABLE partman_work_public.others PARTITION OF partman_work_public.events DEFAULT");
        for (Map.Entry<String, String> partition : Map.of(
                        "2026-02-01", "2026-03-01",
                        "2026-03-01", "2026-04-01",
                        "2026-05-01", "2026-06-01",
                        "2026-06-01", "2026-07-01",
                        "2026-07-01", "2026-08-01")
                .entrySet()) {
            database.execute(
                    "CREATE TABLE partman_work_public.\"%1$s\" PARTITION OF partman_work_public.events FOR VALUES FROM ('%1$s') TO ('%2$s')"
                            .formatted(partition.getKey(), partition.getValue()));
        }
        database.execute(
                "INSERT INTO partman_work_public.events SELECT * FROM public.events ORDER BY id DESC",
                "CREATE SCHEMA partman_sidecar",
                """
                CREATE TABLE partman_sidecar.journal_%d (
                    partman_key_1 bigint, partman_key_2 %s, seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)
                """.formatted(CONVERSION, controlType));
    }

    private void verify(Comparison comparison) {
        verify(comparison, "timestamp");
    }

    private void verify(Comparison comparison, String controlType) {
        VerifySuccessor step = new VerifySuccessor(
                EVENTS,
                List.of(new Identifier("id"), new Identifier("at"), new Identifier("note")),
                comparison == Comparison.BY_VALUE,
                CONVERSION,
                KEY,
                new Identifier("at"),
                new Identifier(controlType),
                BOUNDS);
        step.run(database.session());
    }

    private DatabaseException failure(Comparison comparison) {
        DatabaseException failure = catchThrowableOfType(DatabaseException.class, () -> verify(comparison));
        assertThat(failure).isNotNull();
        assertThat(failure.kind()).isEqualTo(DatabaseException.Kind.PERMANENT);
        return failure;
    }

    @ParameterizedTest
    @EnumSource
    void acceptsTheSameRowsInAnyOrder(Comparison comparison) {
        create(comparison);

        assertThatCode(() -> verify(comparison)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"timestamp", "timestamptz", "date"})
    void acceptsEveryTypeOfControlColumn(String controlType) {
        create(Comparison.BY_VALUE, controlType);

        assertThatCode(() -> verify(Comparison.BY_VALUE, controlType)).doesNotThrowAnyException();
    }

    @Test
    void comparesByTextWhatHasNoHash() {
        create(Comparison.BY_TEXT);

        assertThatThrownBy(() -> verify(Comparison.BY_VALUE)).hasMessageContaining("hash function");
        assertThatCode(() -> verify(Comparison.BY_TEXT)).doesNotThrowAnyException();
    }

    static Stream<Arguments> differences() {
        return Stream.of(Comparison.values())
                .flatMap(
                        comparison -> Stream.of(
                                Arguments.of(
                                        comparison,
                                        "a row missing",
                                        "DELETE FROM partman_work_public.events WHERE id = 25",
                                        "from 2026-03-01T00:00 to 2026-04-01T00:00: 10 rows in the table, 9 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "a row too many",
                                        "INSERT INTO partman_work_public.events VALUES (80, '2026-03-05', NULL)",
                                        "from 2026-03-01T00:00 to 2026-04-01T00:00: 10 rows in the table, 11 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "a row twice",
                                        "INSERT INTO partman_work_public.events SELECT * FROM public.events WHERE id = 25",
                                        "from 2026-03-01T00:00 to 2026-04-01T00:00: 10 rows in the table, 11 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "a row that is gone from the table",
                                        "DELETE FROM public.events WHERE id = 25",
                                        "from 2026-03-01T00:00 to 2026-04-01T00:00: 9 rows in the table, 10 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "another value",
                                        "UPDATE partman_work_public.events SET note = '\"other\"' WHERE id = 25",
                                        "from 2026-03-01T00:00 to 2026-04-01T00:00: 10 rows in the table, 10 in its successor, with other contents"),
                                Arguments.of(
                                        comparison,
                                        "null for a value",
                                        "UPDATE partman_work_public.events SET note = NULL WHERE id = 25",
                                        "from 2026-03-01T00:00 to 2026-04-01T00:00: 10 rows in the table, 10 in its successor, with other contents"),
                                Arguments.of(
                                        comparison,
                                        "values of two rows exchanged",
                                        "UPDATE partman_work_public.events SET id = 53 - id WHERE id IN (26, 27)",
                                        "from 2026-03-01T00:00 to 2026-04-01T00:00: 10 rows in the table, 10 in its successor, with other contents"),
                                Arguments.of(
                                        comparison,
                                        "a row missing before the first partition",
                                        "DELETE FROM partman_work_public.events WHERE id = 5",
                                        "from the oldest to 2026-02-01T00:00: 10 rows in the table, 9 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "a row missing between two partitions",
                                        "DELETE FROM partman_work_public.events WHERE id = 35",
                                        "from 2026-04-01T00:00 to 2026-05-01T00:00: 10 rows in the table, 9 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "a row too many after the last partition",
                                        "INSERT INTO partman_work_public.events VALUES (80, 'infinity', NULL)",
                                        "from 2026-08-01T00:00 to the newest: 10 rows in the table, 11 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "all rows of a partition missing",
                                        "TRUNCATE partman_work_public.\"2026-06-01\"",
                                        "from 2026-06-01T00:00 to 2026-07-01T00:00: 10 rows in the table, 0 in its successor"),
                                Arguments.of(
                                        comparison,
                                        "all rows of a partition too many",
                                        "DELETE FROM public.events WHERE id BETWEEN 50 AND 59",
                                        "from 2026-06-01T00:00 to 2026-07-01T00:00: 0 rows in the table, 10 in its successor")));
    }

    @ParameterizedTest(name = "{0} finds {1}")
    @MethodSource("differences")
    void failsForGoodAndNamesThePartitionAndItsRows(
            Comparison comparison, String what, String difference, String told) {
        create(comparison);
        database.execute(difference);

        DatabaseException failure = failure(comparison);

        assertThat(failure).hasMessage("the copy of public.events differs in 1 partition(s): " + told);
    }

    @ParameterizedTest
    @EnumSource
    void namesEachPartitionThatDiffers(Comparison comparison) {
        create(comparison);
        database.execute(
                "DELETE FROM partman_work_public.events WHERE id = 15",
                "UPDATE partman_work_public.events SET at = at + interval '1 month' WHERE id = 25");

        DatabaseException failure = failure(comparison);

        assertThat(failure)
                .hasMessage("the copy of public.events differs in 3 partition(s): "
                        + "from 2026-02-01T00:00 to 2026-03-01T00:00: 10 rows in the table, 9 in its successor; "
                        + "from 2026-03-01T00:00 to 2026-04-01T00:00: 10 rows in the table, 9 in its successor; "
                        + "from 2026-04-01T00:00 to 2026-05-01T00:00: 10 rows in the table, 11 in its successor");
    }

    @Test
    void namesFivePartitionsAtMostAndCountsTheOthers() {
        create(Comparison.BY_VALUE);
        database.execute("UPDATE partman_work_public.events SET note = 'other' WHERE id % 10 = 1");

        DatabaseException failure = failure(Comparison.BY_VALUE);

        assertThat(failure)
                .hasMessageStartingWith("the copy of public.events differs in 8 partition(s): from the oldest to ")
                .hasMessageContaining("from 2026-05-01T00:00 to 2026-06-01T00:00")
                .hasMessageNotContaining("from 2026-06-01T00:00")
                .hasMessageEndingWith("; and 3 more");
    }

    @ParameterizedTest
    @EnumSource
    void leavesOutRowsWhoseKeysAreInTheJournal(Comparison comparison) {
        create(comparison);
        database.execute(
                "DELETE FROM partman_work_public.events WHERE id = 25",
                "UPDATE partman_work_public.events SET note = NULL WHERE id = 37",
                "INSERT INTO partman_work_public.events VALUES (80, '2026-06-05', NULL)",
                """
                INSERT INTO partman_sidecar.journal_7
                SELECT id, at FROM public.events WHERE id IN (25, 37) UNION ALL SELECT 80, '2026-06-05'
                """);

        assertThatCode(() -> verify(comparison)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @EnumSource
    void leavesOutNoOtherRowOfAKeyThatIsInTheJournalInPartOnly(Comparison comparison) {
        create(comparison);
        database.execute(
                "DELETE FROM partman_work_public.events WHERE id = 25",
                "INSERT INTO partman_sidecar.journal_7 SELECT 25, at FROM public.events WHERE id = 26");

        DatabaseException failure = failure(comparison);

        assertThat(failure).hasMessageContaining("10 rows in the table, 9 in its successor");
    }
}
