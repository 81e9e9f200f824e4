package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.catalog.TableProperties;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.PlanText;
import partman.sidecar.plan.Undo;
import partman.sidecar.plan.UndoText;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** The way back to a plain table, as psql takes it: on tables of every kind, and with everything that can go wrong on it. */
@Postgres
class UndoTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    /** Parts of a script that has not begun: check, begin, move, build, exchange, clean up. */
    private static final int PARTS = 6;

    private static final String DETACHED = """
            SELECT 'public.' || relname
            FROM pg_class
            WHERE relname LIKE 'events_p2%' AND relkind = 'r' AND NOT relispartition
            ORDER BY 1
            """;

    private final TestDatabase database;

    UndoTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
    }

    private static String script(TableSpec spec, Undo undo) {
        return UndoText.PSQL + "\n" + PlanText.SESSION + "\n" + UndoText.of(spec.table(), undo);
    }

    private Undo undo(TableSpec spec) {
        return Parts.in(database).tables(spec).build().reconciler().planUndo(spec);
    }

    private String script(TableSpec spec) {
        Undo undo = undo(spec);
        assertThat(undo).isInstanceOf(Undo.Script.class);
        return script(spec, undo);
    }

    /** The script up to the end of a part. */
    private static String upTo(int part, String script) {
        int end = 0;
        for (int i = 0; i < part; i++) {
            end = script.indexOf("\\endif\n", end) + "\\endif\n".length();
        }
        return script.substring(0, end);
    }

    /** The script as it would end if pg_partman were stopped after so many batches. */
    private static String moving(int batches, String script) {
        String call = "p_wait            => 0";
        assertThat(script).contains(call);
        return upTo(3, script.replace(call, call + ", p_loop_count => " + batches));
    }

    private String psql(String script) {
        return database.server().psql(database, script);
    }

    private void convert(TableSpec spec) {
        Parts parts = Parts.in(database).tables(spec).build();
        assertThat(parts.reconcile(spec).failure()).isEmpty();
        parts.leader().release();
        assertThat(kind(spec)).isEqualTo("p");
    }

    private TableSpec converted(Shape shape) {
        TableSpec spec = Parts.spec(shape).build();
        convert(spec);
        return spec;
    }

    private TableSpec convertedEvents() {
        return converted(TableShapes.controlledBy(database, "timestamp"));
    }

    private String oldestPartition() {
        return database.strings("SELECT tableoid::regclass FROM public.events ORDER BY at LIMIT 1")
                .getFirst();
    }

    private String kind(TableSpec spec) {
        return database.strings("SELECT relkind FROM pg_class WHERE oid = %s::regclass"
                        .formatted(Literal.of(spec.table().sql()).sql()))
                .getFirst();
    }

    private Content content(TableSpec spec) {
        return TableShapes.content(database, spec.table());
    }

    private TableProperties properties(TableSpec spec) {
        return TableProperties.of(database.session(), spec.table());
    }

    private void assertUndone(TableSpec spec, Content content, TableProperties properties) {
        assertThat(kind(spec)).isEqualTo("r");
        assertThat(content(spec)).isEqualTo(content);
        assertThat(properties.differencesTo(properties(spec))).isEmpty();
        assertThat(database.strings("SELECT parent_table FROM partman.part_config"))
                .isEmpty();
        assertThat(
                        database.strings(
                                "SELECT relid::regclass FROM pg_partition_tree((SELECT max(partrelid) FROM pg_partitioned_table))"))
                .isEmpty();
        assertThat(database.strings(
                        "SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relname ~ '_p[0-9]{8}$|_default$'"))
                .isEmpty();
        assertThat(database.strings("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'partman\\_und%'"))
                .isEmpty();
        assertThat(undo(spec)).isEqualTo(new Undo.Nothing("it is a plain table"));
    }

    @Test
    void keepsEveryRowAndPropertyAndFiresNoTrigger() {
        Shape shape = TableShapes.everything(database);
        database.execute("DROP PUBLICATION everything, large_amounts");
        TableSpec spec = converted(shape);
        database.execute("""
                INSERT INTO app.everything (created_at, amount, note, customer_id)
                VALUES ('2199-01-01', 7, 'late', 3), ('infinity', 8, 'never', 4), ('-infinity', 9, 'always', 5)
                """, "TRUNCATE app.audit");
        Content content = content(spec);
        TableProperties properties = properties(spec);

        psql(script(spec));

        assertUndone(spec, content, properties);
        assertThat(database.strings("SELECT trigger_name FROM app.audit")).isEmpty();
        assertThat(
                        database.query(
                                "INSERT INTO app.everything (amount, note) VALUES (1, 'new') RETURNING id, serial_number, with_tax::text"))
                .containsExactly(List.<@Nullable Object>of(5015L, 41004, "1.1900"));
        assertThat(database.strings("SELECT trigger_name FROM app.audit ORDER BY 1"))
                .containsExactly("after_row", "after_row_always", "after_statement");
    }

    private static Arguments shape(String name, Function<TestDatabase, Shape> create) {
        return Arguments.of(Named.of(name, create));
    }

    static Stream<Arguments> shapes() {
        return Stream.of(
                shape("timestamptz", d -> TableShapes.controlledBy(d, "timestamptz")),
                shape("date", d -> TableShapes.controlledBy(d, "date")),
                shape("without key", TableShapes::withoutKey),
                shape("quoted names", TableShapes::quotedNames),
                shape("long names", TableShapes::longNames));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void undoesSetsOfEveryNameAndControlColumn(Function<TestDatabase, Shape> create) {
        TableSpec spec = converted(create.apply(database));
        Content content = content(spec);
        TableProperties properties = properties(spec);

        psql(script(spec));

        assertUndone(spec, content, properties);
    }

    @Test
    void keepsRowsWithoutAControlValue() {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp, note text) PARTITION BY RANGE (at)", """
                SELECT partman.create_parent('public.events', 'at', '1 month', p_premake := 2, p_control_not_null := false)
                """, """
                INSERT INTO public.events VALUES (1, NULL, 'no time'), (2, '2199-01-01', 'late'), (3, now(), 'now'), (4, NULL, NULL)
                """);
        TableSpec spec = Parts.spec(EVENTS, "at").build();
        Content content = content(spec);
        TableProperties properties = properties(spec);

        psql(script(spec));

        assertUndone(spec, content, properties);
    }

    @Test
    void givesThePlainTableNoGrantThatItsParentDidNotHave() {
        Shape shape = TableShapes.everything(database);
        database.execute("DROP PUBLICATION everything, large_amounts");
        TableSpec spec = converted(shape);
        database.execute(
                "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO reader, PUBLIC",
                "ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO reader, PUBLIC",
                "ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO reader, PUBLIC");
        Content content = content(spec);
        TableProperties properties = properties(spec);
        String script = script(spec);

        psql(upTo(3, script));

        assertThat(
                        database.strings(
                                "SELECT has_table_privilege('reader', 'partman_undo_app.everything', 'SELECT, INSERT, UPDATE, DELETE')"))
                .containsExactly("false");
        psql(script);
        assertUndone(spec, content, properties);
    }

    @Test
    void worksForAMemberOfTheOwnerWithTheSidecarsRights() {
        database.createRole("sidecar", "BYPASSRLS");
        Shape shape = TableShapes.everything(database);
        database.execute(
                "DROP PUBLICATION everything, large_amounts",
                "GRANT owner TO sidecar",
                "GRANT CREATE ON DATABASE " + database.name() + " TO sidecar",
                "GRANT ALL ON SCHEMA partman TO sidecar",
                "GRANT ALL ON ALL TABLES IN SCHEMA partman TO sidecar",
                "GRANT ALL ON ALL ROUTINES IN SCHEMA partman TO sidecar");
        TableSpec spec = Parts.spec(shape).build();
        Parts parts = Parts.in(database).role("sidecar").tables(spec).build();
        assertThat(parts.reconcile(spec).failure()).isEmpty();
        Content content = content(spec);
        TableProperties properties = properties(spec);

        psql("SET SESSION AUTHORIZATION sidecar;\n"
                + script(spec, parts.reconciler().planUndo(spec)));

        assertUndone(spec, content, properties);
    }

    // What goes wrong

    @Test
    void goesOnWhereItWasStopped() {
        TableSpec spec = convertedEvents();
        Content content = content(spec);
        TableProperties properties = properties(spec);
        String script = script(spec);

        for (int part = 1; part <= PARTS; part++) {
            psql(upTo(part, script));
        }
        assertUndone(spec, content, properties);
        psql(script);

        assertUndone(spec, content, properties);
    }

    @Test
    void goesOnWhereItWasStoppedAlsoIfItIsPrintedAnew() {
        TableSpec spec = convertedEvents();
        database.execute("INSERT INTO public.events VALUES (0, '2199-01-01')");
        Content content = content(spec);
        TableProperties properties = properties(spec);
        psql(moving(2, script(spec)));
        assertThat(List.of(
                        database.strings("SELECT count(*) > 0 FROM public.events"),
                        database.strings("SELECT count(*) > 0 FROM partman_undo_public.events")))
                .containsExactly(List.of("true"), List.of("true"));

        // without the beginning: check, move, build, exchange, clean up
        for (int part = 2; part < PARTS - 1; part++) {
            String script = script(spec);
            assertThat(script).contains("ITS UNDO HAS BEGUN").doesNotContain("CREATE TABLE");
            psql(upTo(part, script));
        }
        String rest = script(spec);
        assertThat(rest).contains("part 1 of 1: clean up");
        psql(rest);

        assertUndone(spec, content, properties);
    }

    @Test
    void stopsIfTheTableHasChangedSinceTheScriptWasPrinted() {
        TableSpec spec = convertedEvents();

        for (String change : List.of(
                "CREATE POLICY late ON public.events USING (id < 100)",
                "ALTER TABLE public.events ENABLE ROW LEVEL SECURITY",
                "CREATE INDEX late ON public.events (note)",
                "GRANT SELECT (id) ON public.events TO PUBLIC",
                "CREATE VIEW public.late_view AS SELECT id FROM public.events",
                "CREATE OR REPLACE VIEW public.late_view AS SELECT id FROM public.events WHERE id > 0",
                "ALTER TABLE public.events ADD COLUMN late text")) {
            String script = script(spec);
            psql(upTo(1, script));
            database.execute(change);

            assertThatThrownBy(() -> psql(script))
                    .as(change)
                    .hasMessageContaining("has changed since this was printed");
        }
        assertThat(kind(spec)).isEqualTo("p");
    }

    @Test
    void stopsIfRowsWereWrittenToWhatWasDetached() {
        TableSpec spec = convertedEvents();
        String detached = oldestPartition();
        String script = script(spec);
        psql(upTo(3, script));
        database.execute("INSERT INTO %s VALUES (0, now(), 'astray')".formatted(detached));

        assertThatThrownBy(() -> psql(script)).hasMessageContaining("is detached and has rows");

        assertThat(database.strings("SELECT note FROM " + detached)).containsExactly("astray");
        assertThat(kind(spec)).isEqualTo("p");
    }

    @Test
    void stopsIfARowIsMissing() {
        TableSpec spec = convertedEvents();
        String script = script(spec);
        psql(moving(2, script));
        database.execute(
                "DELETE FROM partman_undo_public.events WHERE id = (SELECT min(id) FROM partman_undo_public.events)");

        assertThatThrownBy(() -> psql(script))
                .hasMessageContaining("has 299 rows, and")
                .hasMessageContaining("had 300");

        assertThat(kind(spec)).isEqualTo("p");
        assertThat(TableShapes.content(database, QualifiedName.of("partman_undo_public", "events"))
                        .rows())
                .isEqualTo(299);
    }

    @Test
    void dropsNoPartitionThatHasARow() {
        TableSpec spec = convertedEvents();
        String detached = oldestPartition();
        String script = script(spec);
        psql(upTo(5, script));
        database.execute("INSERT INTO %s VALUES (0, now(), 'astray')".formatted(detached));

        assertThatThrownBy(() -> psql(script)).hasMessageContaining("has rows, which somebody has written since");

        assertThat(database.strings("SELECT note FROM " + detached)).containsExactly("astray");
        assertThat(kind(spec)).isEqualTo("r");
    }

    @Test
    void leavesWhatTheRetentionHasDetachedAndNamesIt() {
        TableSpec spec = Parts.spec(TableShapes.controlledBy(database, "timestamp"))
                .retention("1 month")
                .build();
        convert(spec);
        List<String> detached = database.strings(DETACHED);
        String script = script(spec);

        psql(script);

        assertThat(detached).isNotEmpty();
        assertThat(script.lines().filter(line -> line.contains("the retention has detached these")))
                .singleElement()
                .asString()
                .endsWith(": " + String.join(", ", detached));
        assertThat(database.strings(DETACHED)).isEqualTo(detached);
    }

    // What it can't do, and says

    @Test
    void isBlockedByWhatWouldBeLost() {
        TableSpec spec = convertedEvents();

        for (List<String> other : List.of(
                List.of("MATERIALIZED VIEW public.other", "AS SELECT * FROM public.events"),
                List.of(
                        "TABLE public.other",
                        "(id bigint, at timestamp, FOREIGN KEY (id, at) REFERENCES public.events ON DELETE CASCADE)"),
                List.of(
                        "FUNCTION public.other()",
                        "RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM public.events; END"),
                List.of("RULE other ON public.events", ""),
                List.of("PUBLICATION other", "FOR TABLE public.events WITH (publish_via_partition_root = true)"))) {
            String name = other.getFirst();
            database.execute(
                    name.startsWith("RULE")
                            ? "CREATE RULE other AS ON DELETE TO public.events DO INSTEAD NOTHING"
                            : "CREATE " + name + " " + other.getLast());

            Undo undo = undo(spec);

            assertThat(undo)
                    .isInstanceOfSatisfying(
                            Undo.Blocked.class,
                            blocked -> assertThat(blocked.reason())
                                    .as(name)
                                    .contains("other")
                                    .doesNotContain(";"));
            database.execute("DROP " + name);
        }
        assertThat(undo(spec)).isInstanceOf(Undo.Script.class);
    }

    @Test
    void isBlockedByAnUndoThatSomebodyElseHasBegun() {
        TableSpec spec = convertedEvents();
        database.execute(
                "CREATE TABLE public.elsewhere (LIKE public.events)",
                "CALL partman.undo_partition_proc('public.events', 'public.elsewhere', p_loop_count => 1)");

        Undo undo = undo(spec);

        assertThat(undo)
                .isInstanceOfSatisfying(
                        Undo.Blocked.class,
                        blocked -> assertThat(blocked.reason()).contains("undo_in_progress"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void leavesASetAloneWhileSomebodyUndoesIt(boolean configured) {
        TableSpec spec = convertedEvents();
        database.execute(
                "CREATE TABLE public.elsewhere (LIKE public.events)",
                "CALL partman.undo_partition_proc('public.events', 'public.elsewhere', p_loop_count => 1)");
        List<String> partitions = partitions();
        Parts parts = Parts.in(database)
                .tables(configured ? new TableSpec[] {spec} : new TableSpec[0])
                .build();

        Snapshot snapshot = parts.observer().observe();
        Map<QualifiedName, Snapshot.MaintenanceRun> runs = parts.maintenance().run(snapshot, _ -> true);
        parts.turns().observeAndWork();

        assertThat(snapshot.tables()).singleElement().satisfies(table -> {
            assertThat(table.state()).isEqualTo(TableState.BLOCKED);
            assertThat(table.reason()).contains("undo of it is under way", "part_config SET undo_in_progress = false");
        });
        assertThat(runs).isEmpty();
        assertThat(partitions()).isEqualTo(partitions);
    }

    private List<String> partitions() {
        return database.strings("SELECT inhrelid::regclass::text FROM pg_inherits ORDER BY 1");
    }

    @Test
    void keepsForeignKeysToPartitionedTablesAndExclusionConstraints() {
        database.execute("""
                CREATE EXTENSION btree_gist;
                CREATE TABLE public.kinds (id bigint PRIMARY KEY) PARTITION BY RANGE (id);
                CREATE TABLE public.kinds_1 PARTITION OF public.kinds FOR VALUES FROM (1) TO (2);
                CREATE TABLE public.kinds_2 PARTITION OF public.kinds FOR VALUES FROM (2) TO (3);
                INSERT INTO public.kinds VALUES (1), (2);
                CREATE TABLE public.events (
                    id bigint,
                    at timestamp NOT NULL,
                    kind bigint REFERENCES public.kinds,
                    span int4range,
                    CONSTRAINT apart EXCLUDE USING gist (at WITH =, span WITH &&) WITH (fillfactor = 70) WHERE (id > 0)
                ) PARTITION BY RANGE (at);
                SELECT partman.create_parent('public.events', 'at', '1 month', p_premake := 2);
                INSERT INTO public.events SELECT i, now(), i % 2 + 1, int4range(i, i + 1) FROM generate_series(1, 100) AS i;
                """);
        TableSpec spec = Parts.spec(EVENTS, "at").build();
        Content content = content(spec);

        psql(script(spec));

        assertThat(content(spec)).isEqualTo(content);
        assertThat(database.strings(
                        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'public.events'::regclass"
                                + " AND conparentid = 0 AND contype IN ('f', 'x') ORDER BY 1"))
                .containsExactly(
                        "EXCLUDE USING gist (at WITH =, span WITH &&) WITH (fillfactor='70') WHERE ((id > 0))",
                        "FOREIGN KEY (kind) REFERENCES kinds(id)");
    }

    @Test
    void pointsToAbortWhileAConversionIsUnderWay() {
        TableSpec spec = Parts.spec(TableShapes.controlledBy(database, "timestamp"))
                .method(TableSpec.Method.ONLINE)
                .build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, Phase.BACKFILL);

        Undo undo = parts.reconciler().planUndo(spec);

        assertThat(undo)
                .isInstanceOfSatisfying(
                        Undo.Blocked.class,
                        blocked -> assertThat(blocked.reason()).endsWith("partman-sidecar abort"));
    }

    @Test
    void namesWhatItDoesNotCarryOver() {
        TableSpec spec = convertedEvents();
        String part = "public." + oldestPartition();
        database.execute(
                "CREATE INDEX own ON %s (note)".formatted(part),
                "ALTER TABLE %s ADD CONSTRAINT own CHECK (id > 0)".formatted(part),
                "ALTER TABLE %s SET (fillfactor = 50)".formatted(part),
                "CREATE PUBLICATION all_of_them FOR ALL TABLES WITH (publish = 'insert')");

        String script = script(spec);

        assertThat(script)
                .contains(
                        "not carried over: 1 indexes of single partitions: public.own",
                        "not carried over: 1 constraints of single partitions: own on " + part,
                        "since not all partitions have it: the storage option fillfactor=50",
                        "the publication all_of_them publishes every table");
    }
}
