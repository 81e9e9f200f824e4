package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** Conversion of tables of every name, key, control column and interval. */
@Postgres
class ConversionOfNamesTest {

    private final TestDatabase database;

    ConversionOfNamesTest(TestDatabase database) {
        this.database = database;
    }

    private static Arguments shape(String name, Function<TestDatabase, Shape> create) {
        return Arguments.of(Named.of(name, create));
    }

    private static Shape renamed(TestDatabase database, String schema, String table) {
        TableShapes.controlledBy(database, "timestamp");
        QualifiedName name = QualifiedName.of(schema, table);
        database.execute(
                "CREATE SCHEMA IF NOT EXISTS " + name.schema().sql(),
                "ALTER TABLE public.events SET SCHEMA " + name.schema().sql(),
                "ALTER TABLE %s.events RENAME TO %s"
                        .formatted(name.schema().sql(), name.name().sql()));
        return new Shape(name, new Identifier("at"));
    }

    static Stream<Arguments> shapes() {
        return Stream.of(
                shape("composite key", TableShapes::compositeKey),
                shape("without key", TableShapes::withoutKey),
                shape("quoted names", TableShapes::quotedNames),
                shape("long names", TableShapes::longNames),
                shape("timestamp", d -> TableShapes.controlledBy(d, "timestamp")),
                shape("timestamptz", d -> TableShapes.controlledBy(d, "timestamptz")),
                shape("timestamp(3)", d -> TableShapes.controlledBy(d, "timestamp(3)")),
                shape("date", d -> TableShapes.controlledBy(d, "date")),
                shape("another schema", d -> renamed(d, "app", "occurrences")),
                shape("upper case", d -> renamed(d, "App", "Events")),
                shape("key words", d -> renamed(d, "select", "table")),
                shape("63 bytes of umlauts", d -> renamed(d, "ö".repeat(31) + "s", "ü".repeat(31) + "t")),
                shape("braces, colons, quotes", d -> renamed(d, "it's {a} :b $c$ ?", "?::{table} '' \"\" $$ --")));
    }

    private void assertConverted(TableSpec spec, Content before) {
        SetView set = new SetView(database, spec);
        assertThat(TableShapes.content(database, spec.table())).isEqualTo(before);
        assertThat(TableShapes.content(database, WorkSchema.retiredOf(spec.table())))
                .isEqualTo(before);
        assertThat(set.defaultRows()).isZero();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
        assertThat(set.configuration())
                .containsExactly(List.of(spec.controlColumn().name(), true, spec.premake(), true, true, true, "on"));
    }

    private Reconciler.Result reconcile(TableSpec spec) {
        return Parts.in(database).tables(spec).build().reconcile(spec);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void convertsTheTable(Function<TestDatabase, Shape> create) {
        Shape shape = create.apply(database);
        TableSpec spec = Parts.spec(shape).retention("1 year").build();
        Content before = TableShapes.content(database, shape.table());
        List<String> indexes = new SetView(database, spec).indexes();

        Reconciler.Result result = reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertConverted(spec, before);
        assertThat(new SetView(database, spec).indexes()).isEqualTo(indexes);
    }

    @ParameterizedTest
    @CsvSource({
        "1 year, timestamp",
        "3 months, timestamp",
        "1 month, timestamptz",
        "1 week, timestamp",
        "1 week, date",
        "10 days, timestamptz",
        "1 day, date",
        "1 day, timestamptz",
        "6 hours, timestamp",
        "15 minutes, timestamptz"
    })
    void convertsToPartitionsOfEveryLength(String interval, String type) {
        Shape shape = TableShapes.controlledBy(database, type);
        if (interval.equals("15 minutes") || interval.equals("6 hours")) {
            database.execute("DELETE FROM public.events WHERE at < now() - interval '%s'"
                    .formatted(interval.equals("6 hours") ? "20 days" : "1 day"));
        }
        TableSpec spec = Parts.spec(shape)
                .interval(interval)
                .premake(2)
                .retention("2 years")
                .build();
        Content before = TableShapes.content(database, shape.table());

        Reconciler.Result result = reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertConverted(spec, before);
    }

    @Test
    void convertsTwoTablesEachByItself() {
        Shape one = TableShapes.quotedNames(database);
        Shape two = TableShapes.compositeKey(database);
        TableSpec first = Parts.spec(one).retention("1 year").build();
        TableSpec second = Parts.spec(two)
                .interval("1 week")
                .premake(5)
                .retention("2 years")
                .build();
        Content firstBefore = TableShapes.content(database, one.table());
        Content secondBefore = TableShapes.content(database, two.table());

        Parts parts = Parts.in(database).tables(first, second).build();
        parts.reconcile(first);
        parts.reconcile(second);

        assertConverted(first, firstBefore);
        assertConverted(second, secondBefore);
    }

    @Test
    void convertsTablesWhoseNamesBeginAlike() {
        Shape one = TableShapes.controlledBy(database, "timestamp");
        database.execute(
                "CREATE TABLE public.events_default_p (LIKE public.events INCLUDING ALL)",
                "INSERT INTO public.events_default_p TABLE public.events");
        TableSpec first = Parts.spec(one).retention("1 year").build();
        TableSpec second = Parts.spec(QualifiedName.of("public", "events_default_p"), "at")
                .retention("1 year")
                .build();
        Content before = TableShapes.content(database, one.table());

        Parts parts = Parts.in(database).tables(first, second).build();
        parts.reconcile(first);
        parts.reconcile(second);

        assertConverted(first, before);
        assertConverted(second, before);
    }

    @Test
    void keepsGeneratedColumnsAndTheOrderOfColumnsAfterADroppedOne() {
        database.execute(
                "CREATE TABLE public.events (gone text, id bigint, at timestamp NOT NULL, gone_too int,"
                        + " twice bigint GENERATED ALWAYS AS (id * 2) STORED, note text DEFAULT 'none')",
                "ALTER TABLE public.events DROP gone, DROP gone_too",
                "INSERT INTO public.events (id, at) SELECT i, now() - i * interval '1 day' FROM generate_series(1, 60) AS i");
        TableSpec spec = Parts.spec(QualifiedName.of("public", "events"), "at").build();
        Content before = TableShapes.content(database, spec.table());

        Reconciler.Result result = reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(TableShapes.content(database, spec.table())).isEqualTo(before);
        assertThat(database.query("INSERT INTO public.events VALUES (7, now()) RETURNING id, twice, note"))
                .containsExactly(List.of(7L, 14L, "none"));
    }

    @Test
    void makesNoPartitionsForRowsBeyondTheHorizonAndReportsThem() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        database.execute(
                "INSERT INTO public.events VALUES (-1, '2099-01-01', 'bogus'), (-2, 'infinity', 'never ends')");
        TableSpec spec = Parts.spec(shape).build();
        Content before = TableShapes.content(database, shape.table());
        Parts parts = Parts.in(database).tables(spec).build();

        Plan planned = parts.plan(spec);
        Reconciler.Result result = parts.reconcile(spec);

        assertThat(planned)
                .isInstanceOfSatisfying(
                        Plan.Convert.class,
                        convert -> assertThat(convert.notes())
                                .anySatisfy(
                                        note -> assertThat(note).contains("2 rows lie after", "default partition")));
        SetView set = new SetView(database, spec);
        assertThat(TableShapes.content(database, shape.table())).isEqualTo(before);
        assertThat(set.defaultRows()).isEqualTo(2);
        assertThat(set.holes()).isEmpty();
        assertThat(set.partitions().getLast().to()).isLessThan("2090");
        assertThat(result.plan())
                .isInstanceOfSatisfying(
                        Plan.Blocked.class,
                        blocked -> assertThat(blocked.reason())
                                .contains("2 row(s) in the default partition", "2099-01-01"));
    }

    @Test
    void makesPartitionsOfOldRowsOnlyWhereThereAreSome() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        database.execute("INSERT INTO public.events VALUES (-1, '2001-02-03', 'old'), (-2, '2003-04-05', 'old')");
        TableSpec spec = Parts.spec(shape).retention("1 year").build();
        Content before = TableShapes.content(database, shape.table());

        Reconciler.Result result = reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(database.strings("SELECT at::date || note FROM public.events_p20010201"))
                .containsExactly("2001-02-03old");
        assertThat(database.strings("SELECT at::date || note FROM public.events_p20030401"))
                .containsExactly("2003-04-05old");
        assertThat(TableShapes.content(database, shape.table()).rows()).isEqualTo(before.rows() - 2);
        assertThat(new SetView(database, spec).holes()).isEmpty();
        assertThat(TableShapes.content(database, WorkSchema.retiredOf(shape.table())))
                .isEqualTo(before);
    }
}
