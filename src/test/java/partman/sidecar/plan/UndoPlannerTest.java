package partman.sidecar.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.plan.Given.EVENTS;
import static partman.sidecar.plan.Given.definitions;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.UndoShape;
import partman.sidecar.step.UndoPart;

class UndoPlannerTest {

    private static final TableSpec SPEC = Given.spec().build();
    private static final String WITHOUT_CONTROL = "WHERE \"at\" IS NULL";

    private static Observation observation(ObservedTable table) {
        return Given.observation(table, false);
    }

    private static Observation observation(ObservedTable table, ObservedServer server) {
        Observation usual = observation(table);
        return new Observation(usual.at(), usual.took(), server, usual.tables(), List.of(), List.of(), Map.of());
    }

    private static UndoShape shape(
            boolean begun,
            boolean controlMayBeNull,
            List<String> obstacles,
            List<String> notes,
            List<String> detached) {
        return new UndoShape(
                begun,
                obstacles,
                notes,
                controlMayBeNull,
                List.of(new Identifier("total")),
                detached,
                new ObservedTable.Ddl(
                        definitions("identity"),
                        List.of(),
                        definitions("index"),
                        definitions("foreign key"),
                        List.of(),
                        definitions("release"),
                        definitions("carry over")),
                definitions("storage"),
                "abc",
                new Definition("fingerprint of c"));
    }

    private static UndoShape shape() {
        return shape(false, false, List.of(), List.of(), List.of());
    }

    private static Undo plan(ObservedTable table, @Nullable UndoShape shape) {
        return UndoPlanner.plan(SPEC, observation(table), shape, false);
    }

    private static Undo.Script script(Undo undo) {
        assertThat(undo).isInstanceOf(Undo.Script.class);
        return (Undo.Script) undo;
    }

    private static String firstWord(UndoPart part) {
        return part.title().replaceFirst("[ :].*", "");
    }

    private static List<String> titles(Undo.Script script) {
        return script.parts().stream().map(UndoPlannerTest::firstWord).toList();
    }

    static Stream<Arguments> tablesThatAreNotPartitioned() {
        return Stream.of(
                Arguments.of(new ObservedTable.Missing(), "it does not exist"),
                Arguments.of(new ObservedTable.NotATable("a view"), "it is a view"),
                Arguments.of(Given.plain(true, null), "it is a plain table"));
    }

    @ParameterizedTest
    @MethodSource("tablesThatAreNotPartitioned")
    void hasNothingToUndoOnATableThatIsNotPartitioned(ObservedTable table, String reason) {
        assertThat(plan(table, null)).isEqualTo(new Undo.Nothing(reason));
    }

    static Stream<Arguments> tablesThatMustWait() {
        return Stream.of(
                Arguments.of(new ObservedTable.PartitionedOtherwise("HASH (id)"), "it is partitioned by HASH (id)"),
                Arguments.of(Given.converting(Phase.BACKFILL).build(), "the way back is: partman-sidecar abort"),
                Arguments.of(Given.converting(Phase.FOREIGN_KEYS).build(), "is about to end: let it"),
                Arguments.of(
                        Given.set()
                                .defaultPartition(Given.largeDefault(
                                        Given.converting(Phase.BACKFILL).build()))
                                .build(),
                        "the rows of its default partition are being moved"));
    }

    @ParameterizedTest
    @MethodSource("tablesThatMustWait")
    void isBlockedWhereTheWayBackIsAnother(ObservedTable table, String reason) {
        assertThat(plan(table, null))
                .isInstanceOfSatisfying(
                        Undo.Blocked.class,
                        blocked -> assertThat(blocked.reason()).contains(reason));
    }

    @Test
    void isBlockedForASetThatPartmanDoesNotKnow() {
        assertThat(plan(Given.set().registration(null).build(), shape()))
                .isInstanceOfSatisfying(
                        Undo.Blocked.class,
                        blocked -> assertThat(blocked.reason()).contains("part_config", "The Role may not read"));
    }

    @Test
    void isBlockedWithoutAPartmanThatItKnows() {
        ObservedServer server = Given.server(new Extension.Installed("4.7.4", Given.PARTMAN, "4.7.4", true));

        Undo undo = UndoPlanner.plan(SPEC, observation(Given.set().build(), server), shape(), false);

        assertThat(undo)
                .isInstanceOfSatisfying(
                        Undo.Blocked.class,
                        blocked -> assertThat(blocked.reason()).contains("4.7.4 is installed, 5.0 or newer is needed"));
    }

    @Test
    void isNotBlockedByWhatKeepsTheSidecarAlone() {
        assertThat(plan(Given.set().owned(false).build(), shape())).isInstanceOf(Undo.Script.class);
    }

    @Test
    void isBlockedByEveryObstacle() {
        Undo undo = plan(Given.set().build(), shape(false, false, List.of("one", "two"), List.of(), List.of()));

        assertThat(undo).isEqualTo(new Undo.Blocked("one; two"));
    }

    @Test
    void hasAllPartsBeforeItHasBegun() {
        Undo.Script script = script(plan(Given.set().build(), shape()));

        assertThat(titles(script)).containsExactly("make", "begin", "move", "keys", "exchange", "clean");
        assertThat(script.parts().stream().filter(UndoPart::atOnce).map(UndoPlannerTest::firstWord))
                .containsExactly("begin", "keys", "exchange");
        assertThat(script.notes().getFirst()).startsWith("stop the application");
    }

    @Test
    void leavesOutTheBeginningOnceItHasBegunAlsoIfPartmanHasForgottenTheSet() {
        Undo.Script script = script(plan(
                Given.set().registration(null).children(List.of()).build(),
                shape(true, false, List.of(), List.of(), List.of())));

        assertThat(titles(script)).containsExactly("make", "move", "keys", "exchange", "clean");
        assertThat(script.notes().getFirst()).startsWith("ITS UNDO HAS BEGUN");
    }

    @Test
    void onlyCleansUpOnceThePlainTableIsInItsPlace() {
        Undo.Script script = script(UndoPlanner.plan(SPEC, observation(Given.plain(true, null)), null, true));

        assertThat(titles(script)).containsExactly("clean");
    }

    @Test
    void leavesOutKeysAndIndexesWhereThereAreNone() {
        UndoShape full = shape();
        UndoShape bare = new UndoShape(
                false,
                List.of(),
                List.of(),
                false,
                List.of(),
                List.of(),
                new ObservedTable.Ddl(
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        full.ddl().carryOver()),
                List.of(),
                "abc",
                full.fingerprintOfC());

        assertThat(titles(script(plan(Given.set().build(), bare))))
                .containsExactly("make", "begin", "move", "exchange", "clean");
    }

    @Test
    void movesRowsWithoutAControlValueWhereTheyMayBe() {
        UndoShape nullable = shape(false, true, List.of(), List.of(), List.of());

        String withDefault = UndoText.of(EVENTS, plan(Given.set().build(), nullable));
        String withoutDefault =
                UndoText.of(EVENTS, plan(Given.set().defaultPartition(null).build(), nullable));
        String notNull = UndoText.of(EVENTS, plan(Given.set().build(), shape()));

        assertThat(withDefault).contains("DELETE FROM \"public\".\"events_default\" " + WITHOUT_CONTROL);
        assertThat(withoutDefault).doesNotContain(WITHOUT_CONTROL);
        assertThat(notNull).doesNotContain(WITHOUT_CONTROL);
    }

    @Test
    void tellsWhatToKnowBeforehand() {
        UndoShape shape = shape(
                false,
                false,
                List.of(),
                List.of("not carried over: x"),
                List.of("public.events_p20250101", "public.b"));
        Observation retired = Given.observation(Given.set().build(), true);

        List<String> notes =
                script(UndoPlanner.plan(SPEC, retired, shape, false)).notes();

        assertThat(String.join("\n", notes))
                .containsSubsequence(
                        "stop the application, or keep it out of public.events",
                        "partman.tables.events.enabled=false",
                        "run it as superuser",
                        "the disk must hold the table twice",
                        "run the same file again",
                        "10 s for a lock",
                        "the retention has detached these",
                        "public.events_p20250101, public.b",
                        "partman_retired_public.events still is the plain table",
                        "not carried over: x");
    }

    @Test
    void tellsNothingOfWhatIsNotThere() {
        List<String> notes = script(plan(Given.set().build(), shape())).notes();

        assertThat(String.join("\n", notes)).doesNotContain("retention", "partman_retired", "replica", "HAS BEGUN");
    }

    @Test
    void tellsThatAReplicaPrintedIt() {
        ObservedServer server = Given.server();
        ObservedServer replica = new ObservedServer(
                server.now(), server.version(), server.database(), server.role(), true, false, server.extension());

        List<String> notes = script(
                        UndoPlanner.plan(SPEC, observation(Given.set().build(), replica), shape(), false))
                .notes();

        assertThat(notes).contains("this was printed by a replica: run it on the primary server");
    }

    // Its text

    @Test
    void isCommentsAloneWhereThereIsNothingToRun() {
        String text =
                UndoText.of(EVENTS, new Undo.Nothing("it is\rplain")) + UndoText.of(EVENTS, new Undo.Blocked("a\nb"));

        assertThat(text.lines()).hasSize(6).allMatch(line -> line.startsWith("-- "));
    }

    @Test
    void asksBeforeEachPartWhetherItIsDueAndCommitsPartsAtOnce() {
        String text = UndoText.of(EVENTS, plan(Given.set().build(), shape()));

        assertThat(text.lines().toList())
                .containsSubsequence(
                        "-- table public.events: the way back to a plain table",
                        "-- READ THIS FIRST; nothing of it has been run",
                        "SET lock_timeout = 10000;",
                        "SET partman_sidecar.undo_table = '\"public\".\"events\"';",
                        "\\if :partman_sidecar_due",
                        "SET partman_sidecar.undo_fingerprint = 'abc';",
                        "\\endif",
                        "\\if :partman_sidecar_due",
                        "BEGIN;",
                        "SET LOCAL lock_timeout = 10000;",
                        "storage;",
                        "COMMIT;",
                        "\\endif",
                        "\\if :partman_sidecar_due",
                        "CALL \"partman\".undo_partition_proc(",
                        "    p_ignored_columns => ARRAY['total']::text[]);  -- takes ACCESS EXCLUSIVE on \"public\".\"events\"",
                        "\\endif",
                        "\\if :partman_sidecar_due",
                        "BEGIN;",
                        "identity;",
                        "index;",
                        "foreign key;  -- takes SHARE ROW EXCLUSIVE on the referenced table",
                        "COMMIT;",
                        "BEGIN;",
                        "LOCK TABLE \"public\".\"events\" IN ACCESS EXCLUSIVE MODE;  -- takes ACCESS EXCLUSIVE on \"public\".\"events\"",
                        "release;",
                        "ALTER TABLE \"public\".\"events\" SET SCHEMA \"partman_undone_public\";",
                        "ALTER TABLE \"partman_undo_public\".\"events\" SET SCHEMA \"public\";",
                        "ALTER TABLE \"public\".\"events\" OWNER TO \"owner\";",
                        "carry over;",
                        "DROP TABLE \"partman_undone_public\".\"events\";",
                        "COMMIT;",
                        "\\endif",
                        "VACUUM (ANALYZE) \"public\".\"events\";  -- takes SHARE UPDATE EXCLUSIVE on \"public\".\"events\"",
                        "\\endif");
        assertThat(text.lines().filter(line -> line.endsWith("\\gset partman_sidecar_")))
                .hasSize(6);
    }
}
