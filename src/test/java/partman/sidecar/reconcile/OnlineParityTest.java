package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.catalog.TableProperties;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** Online conversion of tables of every name, key and column type, whose rows change meanwhile. */
@Postgres
class OnlineParityTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    private final TestDatabase database;

    OnlineParityTest(TestDatabase database) {
        this.database = database;
    }

    private static Parts.SpecBuilder online(QualifiedName table, String controlColumn) {
        return Parts.spec(table, controlColumn)
                .method(TableSpec.Method.ONLINE)
                .premake(1)
                .lockTimeout(Duration.ofMillis(300));
    }

    /** {@code public.events} with these columns and keys, filled with {@code i} and {@code at}. */
    private static Arguments table(String name, String columns, String values, String... more) {
        Function<TestDatabase, Shape> create = database -> {
            database.execute("CREATE TABLE public.events (%s)".formatted(columns));
            database.execute(more);
            database.execute("""
                    INSERT INTO public.events SELECT %s
                    FROM (SELECT i, now() AT TIME ZONE 'UTC' - i * interval '8 hours' FROM generate_series(1, 200) AS i) AS s (i, at)
                    """.formatted(values));
            return new Shape(EVENTS, new Identifier("at"));
        };
        return Arguments.of(Named.of(name, create));
    }

    private static Arguments withCitext() {
        Function<TestDatabase, Shape> create = database -> {
            database.execute(
                    "CREATE SCHEMA types",
                    "CREATE EXTENSION citext SCHEMA types",
                    "CREATE TABLE public.events (name types.citext, at timestamp NOT NULL, note text, PRIMARY KEY (name, at))",
                    "INSERT INTO public.events SELECT 'Name ' || i, now() - i * interval '8 hours', 'n' FROM generate_series(1, 200) AS i");
            return new Shape(EVENTS, new Identifier("at"));
        };
        return Arguments.of(Named.of("citext key", create));
    }

    static Stream<Arguments> shapes() {
        return Stream.concat(
                ConversionOfNamesTest.shapes()
                        .filter(shape -> !String.valueOf(shape.get()[0]).contains("without key")),
                Stream.of(
                        table(
                                "varchar key",
                                "name varchar(40), at timestamp NOT NULL, note text, PRIMARY KEY (name, at)",
                                "'name ' || i, at, 'note'"),
                        table(
                                "numeric key, date",
                                "n numeric, at date NOT NULL, note text, PRIMARY KEY (at, n)",
                                "i / 4.0, at, 'note'"),
                        withCitext(),
                        table(
                                "compared as text",
                                "id uuid DEFAULT gen_random_uuid(), at timestamptz NOT NULL, facts json, place point, papers xml,"
                                        + " UNIQUE (id, at), CHECK (id IS NOT NULL), PRIMARY KEY (at, id)",
                                "md5(i::text)::uuid, at, '{\"a\":  1}', point(i, i), '<a/>'"),
                        table(
                                "indexes with options",
                                "id bigint, at timestamp NOT NULL, note text, other text,"
                                        + " PRIMARY KEY (id, at) INCLUDE (note) WITH (fillfactor = 70),"
                                        + " CONSTRAINT once UNIQUE NULLS NOT DISTINCT (other, id, at),"
                                        + " CONSTRAINT later UNIQUE (at, other) DEFERRABLE INITIALLY DEFERRED",
                                "i, at, 'note ' || i, NULLIF('other ' || i, 'other 5')",
                                "CREATE UNIQUE INDEX partly ON public.events (at, id DESC NULLS LAST) WHERE note <> 'none'",
                                "CREATE UNIQUE INDEX computed ON public.events (lower(note) COLLATE \"C\" text_pattern_ops, at)",
                                "CREATE INDEX alike ON public.events (other)",
                                "CREATE INDEX alike_too ON public.events (other)",
                                "CREATE INDEX \"with \"\"quotes\"\"\" ON public.events USING hash (note)"),
                        table(
                                "foreign key to a partitioned table",
                                "id bigint, at timestamp NOT NULL, region int, PRIMARY KEY (id, at)",
                                "i, at, i % 4",
                                "CREATE TABLE public.regions (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                                "CREATE TABLE public.regions_0 PARTITION OF public.regions FOR VALUES FROM (0) TO (2)",
                                "CREATE TABLE public.regions_2 PARTITION OF public.regions FOR VALUES FROM (2) TO (4)",
                                "INSERT INTO public.regions SELECT generate_series(0, 3)",
                                "ALTER TABLE public.events ADD CONSTRAINT region_exists FOREIGN KEY (region) REFERENCES public.regions"),
                        table(
                                "dropped, generated and serial columns",
                                "gone text, id bigserial, at timestamp NOT NULL, gone_too int, twice bigint GENERATED ALWAYS AS (id * 2) STORED,"
                                        + " mine bigint GENERATED BY DEFAULT AS IDENTITY, note text DEFAULT 'none', UNIQUE (at, id)",
                                "'gone', i, at",
                                "ALTER TABLE public.events ALTER gone DROP NOT NULL")));
    }

    /** What the application changes in the middle of it: rows move to other partitions, go, and come back. */
    private void change(TableSpec spec) {
        String table = spec.table().sql();
        database.execute(
                "UPDATE %1$s SET %2$s = %2$s - interval '20 days' WHERE ctid IN (SELECT ctid FROM %1$s LIMIT 10)"
                        .formatted(table, spec.controlColumn().sql()),
                "CREATE TEMPORARY TABLE taken AS SELECT * FROM %s LIMIT 20".formatted(table),
                "DELETE FROM %1$s AS t WHERE EXISTS (SELECT FROM taken AS k WHERE k::text = t::text)".formatted(table));
        String columns =
                database.strings("""
                        SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
                        WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
                        """.formatted(table.replace("'", "''"))).getFirst();
        database.execute(
                "INSERT INTO %1$s (%2$s) SELECT %2$s FROM taken LIMIT 10".formatted(table, columns),
                "DROP TABLE taken");
    }

    private void assertConverted(TableSpec spec, Content content, Reconciler.Result result) {
        SetView set = new SetView(database, spec);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, spec.table())).isEqualTo(content);
        assertThat(set.defaultRows()).isZero();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(
                        database.strings(
                                "SELECT nspname FROM pg_namespace WHERE nspname = 'partman_sidecar' OR nspname LIKE 'partman\\_work%'"))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void keepsEveryRowAndProperty(Function<TestDatabase, Shape> create) {
        Shape shape = create.apply(database);
        TableSpec spec = online(shape.table(), shape.controlColumn().name())
                .retention("1 year")
                .build();
        Parts parts = Parts.in(database).tables(spec).build();
        if (parts.plan(spec) instanceof Plan.Run extension) {
            parts.runner().run(spec.table(), extension.transactions().getFirst());
        }
        TableProperties properties = TableProperties.of(database.session(), shape.table());
        parts.carryOnTo(spec, Phase.BACKFILL);
        change(spec);
        parts.carryOnTo(spec, Phase.KEYS_ONCE);
        change(spec);
        parts.carryOnTo(spec, Phase.SWAP);
        change(spec);
        Content content = TableShapes.content(database, shape.table());

        Reconciler.Result result = parts.reconcile(spec);

        assertConverted(spec, content, result);
        assertThat(properties.differencesTo(TableProperties.of(database.session(), shape.table())))
                .isEmpty();
        assertThat(TableShapes.content(database, WorkSchema.retiredOf(spec.table())))
                .isEqualTo(content);
    }

    private TableSpec referring(String onDelete) {
        TableShapes.controlledBy(database, "timestamp");
        database.execute(
                "CREATE TABLE public.notes (note text PRIMARY KEY)",
                "INSERT INTO public.notes SELECT note FROM public.events",
                "ALTER TABLE public.events ADD CONSTRAINT known FOREIGN KEY (note) REFERENCES public.notes " + onDelete,
                "COMMENT ON CONSTRAINT known ON public.events IS 'it''s known'");
        database.installPartman();
        return online(EVENTS, "at").build();
    }

    private List<String> foreignKeys() {
        return database.strings("""
                SELECT DISTINCT format('%s %s %s', CASE conparentid WHEN 0 THEN conrelid::regclass::text ELSE 'a partition' END,
                    convalidated, CASE conparentid WHEN 0 THEN obj_description(oid) END)
                FROM pg_constraint WHERE contype = 'f' AND conname LIKE 'known%' AND conrelid <> 'public.notes'::regclass
                """);
    }

    /** Rows in the copy that are gone from the table hold nothing back. */
    @Test
    void neverKeepsReferencedRowsFromBeingDeleted() {
        TableSpec spec = referring("ON DELETE CASCADE");
        Parts parts = Parts.in(database).tables(spec).build();
        int note = 1;

        for (Phase phase : List.of(
                Phase.JOURNAL,
                Phase.BACKFILL,
                Phase.KEYS_ONCE,
                Phase.INDEXES,
                Phase.CATCH_UP,
                Phase.SWAP,
                Phase.FOREIGN_KEYS)) {
            parts.carryOnTo(spec, phase);
            database.execute("DELETE FROM public.notes WHERE note = 'note %d'".formatted(note++));
        }
        Content content = TableShapes.content(database, EVENTS);
        Reconciler.Result result = parts.reconcile(spec);

        assertConverted(spec, content, result);
        assertThat(content.rows()).isEqualTo(TableShapes.ROWS - 7);
        assertThat(foreignKeys()).containsExactlyInAnyOrder("events t it's known", "a partition t ");
    }

    @Test
    void enforcesForeignKeysRightAfterTheSwapAndChecksOldRowsInAnotherProcess() {
        TableSpec spec = referring("");
        Parts killed = Parts.in(database).tables(spec).build();
        killed.carryOnTo(spec, Phase.FOREIGN_KEYS);
        killed.leader().release();

        assertThatThrownBy(() -> database.execute("INSERT INTO public.events VALUES (500, now(), 'unknown')"))
                .isInstanceOfSatisfying(
                        Client.Refused.class,
                        refused -> assertThat(refused.sqlState()).isEqualTo("23503"));
        assertThatThrownBy(() -> database.execute("DELETE FROM public.notes WHERE note = 'note 7'"))
                .isInstanceOf(Client.Refused.class);
        database.execute(
                "DELETE FROM public.events WHERE note = 'note 7'", "DELETE FROM public.notes WHERE note = 'note 7'");
        Content content = TableShapes.content(database, EVENTS);
        Reconciler.Result result = Parts.in(database).tables(spec).build().reconcile(spec);

        assertConverted(spec, content, result);
        assertThat(foreignKeys()).containsExactlyInAnyOrder("events t it's known", "a partition t ");
    }

    @Test
    void dropsTheRetiredTableWhereThatIsAskedFor() {
        TableShapes.controlledBy(database, "timestamp");
        TableSpec spec = online(EVENTS, "at").dropRetired(true).build();
        Content content = TableShapes.content(database, EVENTS);

        Reconciler.Result result = Parts.in(database).tables(spec).build().reconcile(spec);

        assertConverted(spec, content, result);
        assertThat(
                        database.strings(
                                "SELECT relname FROM pg_class WHERE relnamespace::regnamespace::text LIKE 'partman\\_retired%'"))
                .isEmpty();
    }

    @Test
    void announcesRowsOlderThanTheRetentionAndKeepsThemInDetachedPartitions() {
        TableShapes.controlledBy(database, "timestamp");
        database.execute("INSERT INTO public.events VALUES (-1, '2001-02-03', 'old'), (-2, '2003-04-05', 'old')");
        TableSpec spec = online(EVENTS, "at").retention("14 months").build();
        Parts parts = Parts.in(database).tables(spec).build();
        database.installPartman();
        Content content = TableShapes.content(database, EVENTS);

        Plan planned = parts.plan(spec);
        Reconciler.Result result = parts.reconcile(spec);

        assertThat(planned)
                .isInstanceOfSatisfying(
                        Plan.Online.class,
                        online -> assertThat(online.notes())
                                .anySatisfy(note -> assertThat(note)
                                        .contains("14 months detaches 2 partition(s) with 2 rows", "stay as tables")));
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(
                        database.strings(
                                "SELECT id FROM public.events_p20010201 UNION SELECT id FROM public.events_p20030401 ORDER BY 1"))
                .containsExactly("-2", "-1");
        assertThat(database.strings("SELECT id FROM public.events WHERE id < 0"))
                .isEmpty();
        assertThat(TableShapes.content(database, EVENTS).rows()).isEqualTo(content.rows() - 2);
        assertThat(TableShapes.content(database, WorkSchema.retiredOf(EVENTS))).isEqualTo(content);
    }

    @Test
    void leavesRowsBeyondTheHorizonInTheDefaultPartition() {
        TableShapes.controlledBy(database, "timestamp");
        database.installPartman();
        database.execute(
                "INSERT INTO public.events VALUES (-1, '2099-01-01', 'bogus'), (-2, 'infinity', 'never'), (-3, '-infinity', 'ever')");
        TableSpec spec = online(EVENTS, "at").build();
        Parts parts = Parts.in(database).tables(spec).build();
        Content content = TableShapes.content(database, EVENTS);

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan().reason()).contains("3 row(s) in the default partition");
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
        assertThat(new SetView(database, spec).defaultRows()).isEqualTo(3);
    }

    @Test
    void changesNothingOfATableWithoutRowKeyAndSaysWhatToDo() {
        Shape shape = TableShapes.withoutKey(database);
        database.installPartman();
        TableSpec spec = online(shape.table(), "at").build();
        Parts parts = Parts.in(database).tables(spec).build();
        List<String> schema = SetView.schema(database);

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.plan()).isInstanceOf(Plan.Blocked.class);
        assertThat(result.plan().reason())
                .contains("no unique index", "create one", "partman.conversion.method to offline");
        assertThat(SetView.schema(database)).isEqualTo(schema);
    }
}
