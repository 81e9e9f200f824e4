package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** Tables that can't be converted: the reason says what to change, and nothing is changed. */
@Postgres
class ConversionRefusalTest {

    private final TestDatabase database;

    ConversionRefusalTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
    }

    private static Arguments on(String name, Function<TestDatabase, Shape> create, String... words) {
        return Arguments.of(Named.of(name, create), List.of(words));
    }

    /** {@code public.events} with what these statements add. */
    private static Arguments with(String name, String statements, String... words) {
        return on(
                name,
                database -> {
                    Shape shape = TableShapes.controlledBy(database, "timestamp");
                    database.execute(statements);
                    return shape;
                },
                words);
    }

    static Stream<Arguments> obstacles() {
        return Stream.of(
                on("inbound foreign key", TableShapes::inboundForeignKey, "event_exists", "public.details"),
                on("inheritance child", TableShapes::inheritanceChild, "a child of another table"),
                on("inheritance parent", TableShapes::inheritanceParent, "public.special_events", "NO INHERIT"),
                on("rule", TableShapes::withRule, "rule keep"),
                on("materialized view", TableShapes::underMaterializedView, "events_by_day", "drop it"),
                on("bigint", d -> TableShapes.controlledBy(d, "bigint"), "int8", "timestamp, timestamptz or date"),
                with(
                        "unique index",
                        "CREATE UNIQUE INDEX by_note ON public.events (note, id)",
                        "by_note",
                        "control column"),
                with(
                        "unique index that only includes it",
                        "CREATE UNIQUE INDEX by_id ON public.events (id) INCLUDE (at)",
                        "by_id",
                        "control column"),
                with(
                        "nullable",
                        "ALTER TABLE public.events DROP CONSTRAINT events_pkey, ALTER at DROP NOT NULL",
                        "ALTER COLUMN at SET NOT NULL"),
                with("missing", "ALTER TABLE public.events RENAME at TO moment", "no column at", "set control"),
                with(
                        "exclusion constraint",
                        "ALTER TABLE public.events ADD CONSTRAINT apart EXCLUDE USING btree (at WITH =)",
                        "apart",
                        "exclusion"),
                with(
                        "check not valid",
                        "ALTER TABLE public.events ADD CONSTRAINT later CHECK (id > 0) NOT VALID",
                        "VALIDATE CONSTRAINT later"),
                with(
                        "foreign key not valid",
                        "CREATE TABLE public.ids (id bigint PRIMARY KEY);"
                                + " ALTER TABLE public.events ADD CONSTRAINT known FOREIGN KEY (id) REFERENCES public.ids NOT VALID",
                        "VALIDATE CONSTRAINT known"),
                with(
                        "check no inherit",
                        "ALTER TABLE public.events ADD CONSTRAINT mine CHECK (id > 0) NO INHERIT",
                        "mine",
                        "NO INHERIT"),
                with(
                        "publication",
                        "CREATE PUBLICATION partly FOR TABLE public.events",
                        "ALTER PUBLICATION partly SET (publish_via_partition_root = true)"),
                with("unlogged", "ALTER TABLE public.events SET UNLOGGED", "SET LOGGED"),
                with(
                        "function with a body of its own",
                        "CREATE FUNCTION public.number() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM public.events; END",
                        "function public.number()",
                        "drop it"),
                with(
                        "function on its rows",
                        "CREATE FUNCTION public.shown(e public.events) RETURNS text LANGUAGE sql AS 'SELECT e.note'",
                        "function public.shown(public.events)"),
                with(
                        "column of its type",
                        "CREATE TABLE public.copies (copy public.events)",
                        "column copy of table public.copies"),
                with(
                        "view with a column of its type",
                        "CREATE VIEW public.whole AS SELECT e FROM public.events AS e",
                        "whole"),
                with("clustered", "ALTER TABLE public.events CLUSTER ON events_pkey", "SET WITHOUT CLUSTER"),
                with(
                        "typed",
                        "DROP TABLE public.events; CREATE TYPE public.event AS (id bigint, at timestamp);"
                                + " CREATE TABLE public.events OF public.event (at WITH OPTIONS NOT NULL)",
                        "NOT OF"),
                with(
                        "row trigger with transition table",
                        "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                                + " CREATE TRIGGER compare AFTER UPDATE ON public.events REFERENCING OLD TABLE AS old_rows"
                                + " FOR EACH ROW EXECUTE FUNCTION public.f()",
                        "compare",
                        "transition"),
                with(
                        "generated control",
                        "ALTER TABLE public.events DROP CONSTRAINT events_pkey, DROP at;"
                                + " ALTER TABLE public.events ADD at timestamp NOT NULL GENERATED ALWAYS AS (timestamp '2020-01-01') STORED",
                        "generated"),
                with(
                        "partition name taken",
                        "CREATE TABLE public.events_p20260101 (id bigint)",
                        "public.events_p20260101",
                        "rename"),
                with("default name taken", "CREATE TABLE public.events_default (id bigint)", "public.events_default"),
                with(
                        "retired table present",
                        "CREATE SCHEMA partman_retired_public; CREATE TABLE partman_retired_public.events (id bigint)",
                        "partman_retired_public",
                        "drop it"),
                with(
                        "work table present",
                        "CREATE SCHEMA partman_work_public; CREATE TABLE partman_work_public.events (id bigint)",
                        "partman_work_public",
                        "drop it"),
                with(
                        "stale registration",
                        "CREATE TABLE public.other (at timestamp NOT NULL) PARTITION BY RANGE (at);"
                                + " SELECT partman.create_parent('public.other', 'at', '1 month');"
                                + " UPDATE partman.part_config SET parent_table = 'public.events'",
                        "DELETE FROM partman.part_config"),
                on(
                        "period in its name",
                        d -> {
                            TableShapes.controlledBy(d, "timestamp");
                            d.execute("ALTER TABLE public.events RENAME TO \"my.events\"");
                            return new Shape(
                                    QualifiedName.of("public", "my.events"),
                                    new partman.sidecar.model.Identifier("at"));
                        },
                        "period"),
                on("view", TableShapes::view, "a view"),
                on("by hash", TableShapes::partitionedByHash, "HASH", "not by ranges of at"),
                on("by list", TableShapes::partitionedByList, "LIST"));
    }

    private Plan.Blocked assertRefused(TableSpec spec, UnaryOperator<Parts.Builder> how) {
        Content content = TableShapes.content(database, spec.table());
        List<String> schema = SetView.schema(database);
        Parts parts = how.apply(Parts.in(database).tables(spec)).build();

        Plan plan = parts.plan(spec);
        Reconciler.Result result = parts.reconcile(spec);

        assertThat(SetView.schema(database)).isEqualTo(schema);
        assertThat(TableShapes.content(database, spec.table())).isEqualTo(content);
        assertThat(result).isEqualTo(new Reconciler.Result(plan, ""));
        assertThat(plan).isInstanceOf(Plan.Blocked.class);
        return (Plan.Blocked) plan;
    }

    @ParameterizedTest
    @MethodSource("obstacles")
    void saysWhatToChangeAndChangesNothing(Function<TestDatabase, Shape> create, List<String> words) {
        Shape shape = create.apply(database);

        Plan.Blocked blocked = assertRefused(Parts.spec(shape).build(), builder -> builder);

        assertThat(blocked.reason()).contains(shape.table().unquoted()).contains(words);
        assertThat(blocked.state()).isIn(TableState.BLOCKED, TableState.FOREIGN);
    }

    @Test
    void namesEveryObstacleAtOnce() {
        Shape shape = TableShapes.inboundForeignKey(database);
        database.execute(
                "CREATE RULE keep AS ON DELETE TO public.events DO INSTEAD NOTHING",
                "CREATE UNIQUE INDEX by_id ON public.events (id)");

        Plan.Blocked blocked = assertRefused(Parts.spec(shape).build(), builder -> builder);

        assertThat(blocked.reason()).contains("event_exists", "keep", "by_id");
    }

    @Test
    void refusesMorePartitionsThanAllowed() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        database.execute("INSERT INTO public.events VALUES (-1, '1987-03-02 04:05', 'old'), (-2, '1987-03-03', 'old')");

        Plan.Blocked blocked = assertRefused(
                Parts.spec(shape).interval("1 day").maxPartitions(500).build(), builder -> builder);

        assertThat(blocked.reason()).contains("max-partitions (500)", "1987-03-02", "raise the limit");
    }

    @Test
    void refusesARoleThatDoesNotOwnTheTable() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        database.createRole("stranger");
        database.execute(
                "GRANT SELECT ON public.events TO stranger",
                "GRANT USAGE ON SCHEMA partman TO stranger",
                "GRANT SELECT ON ALL TABLES IN SCHEMA partman TO stranger");

        Plan.Blocked blocked = assertRefused(Parts.spec(shape).build(), builder -> builder.role("stranger"));

        assertThat(blocked.reason()).contains("public.events", "stranger", "GRANT");
    }

    @Test
    void refusesAnOwnerWhoLacksRightsAroundTheTable() {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        database.createRole("app");
        database.execute(
                "ALTER TABLE public.events OWNER TO app",
                "ALTER TABLE public.events FORCE ROW LEVEL SECURITY",
                "CREATE VIEW public.seen AS SELECT id FROM public.events",
                "CREATE PUBLICATION all_of_it FOR TABLE public.events WITH (publish_via_partition_root = true)",
                "GRANT USAGE ON SCHEMA partman TO app",
                "GRANT SELECT ON ALL TABLES IN SCHEMA partman TO app");

        Plan.Blocked blocked = assertRefused(Parts.spec(shape).build(), builder -> builder.role("app"));

        assertThat(blocked.reason())
                .contains("GRANT CREATE ON SCHEMA public TO app", "GRANT CREATE ON DATABASE")
                .contains("GRANT CREATE ON SCHEMA partman TO app", "ALTER ROLE app BYPASSRLS")
                .contains("the view public.seen", "the publication all_of_it");
    }
}
