package partman.sidecar.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;

@Postgres
class TableShapesTest {

    private final TestDatabase database;

    TableShapesTest(TestDatabase database) {
        this.database = database;
    }

    static Stream<Arguments> shapes() {
        return Stream.of(
                shape("everything", TableShapes::everything),
                shape("timestamp", d -> TableShapes.controlledBy(d, "timestamp")),
                shape("timestamptz", d -> TableShapes.controlledBy(d, "timestamptz")),
                shape("date", d -> TableShapes.controlledBy(d, "date")),
                shape("bigint", d -> TableShapes.controlledBy(d, "bigint")),
                shape("composite key", TableShapes::compositeKey),
                shape("without key", TableShapes::withoutKey),
                shape("quoted names", TableShapes::quotedNames),
                shape("long names", TableShapes::longNames),
                shape("inbound foreign key", TableShapes::inboundForeignKey),
                shape("hash", TableShapes::partitionedByHash),
                shape("list", TableShapes::partitionedByList),
                shape("inheritance child", TableShapes::inheritanceChild),
                shape("inheritance parent", TableShapes::inheritanceParent),
                shape("rule", TableShapes::withRule),
                shape("view", TableShapes::view),
                shape("materialized view", TableShapes::underMaterializedView));
    }

    private static Arguments shape(String name, Function<TestDatabase, Shape> create) {
        return Arguments.of(Named.of(name, create));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void holdsRowsOfThreeMonths(Function<TestDatabase, Shape> create) {
        Shape shape = create.apply(database);

        assertThat(TableShapes.content(database, shape.table()).rows()).isEqualTo(TableShapes.ROWS);
        assertThat(database.single("SELECT count(DISTINCT %s) BETWEEN 80 AND 300 FROM %s"
                        .formatted(shape.controlColumn().sql(), shape.table().sql())))
                .isEqualTo(true);
    }

    static Stream<Arguments> statesOfLagosTable() {
        return Stream.of(
                shape("plain", TableShapes::lagoPlain),
                shape("unregistered", TableShapes::lagoUnregistered),
                shape("registered", TableShapes::lagoRegistered));
    }

    @ParameterizedTest
    @MethodSource("statesOfLagosTable")
    void loadsTheSameRowsIntoLagosTableInEveryState(Function<TestDatabase, Shape> create) {
        QualifiedName table = create.apply(database).table();

        TableShapes.loadLagoRows(database, 1000, 6);
        Content content = TableShapes.content(database, table);
        database.execute("CREATE TABLE public.copy AS TABLE public.enriched_events ORDER BY event_id");

        assertThat(content.rows()).isEqualTo(1000);
        assertThat(content).isEqualTo(TableShapes.content(database, QualifiedName.of("public", "copy")));
        assertThat(database.query("SELECT * FROM public.enriched_events LIMIT 1")
                        .getFirst())
                .hasSize(18);
    }

    @Test
    void registersLagosTableSoThatNoRowLandsInTheDefaultPartition() {
        TableShapes.lagoRegistered(database);

        TableShapes.loadLagoRows(database, 1000, 6);

        assertThat(database.single("SELECT count(*) FROM public.enriched_events_default"))
                .isEqualTo(0L);
        assertThat(database.query("SELECT retention, premake, infinite_time_partitions FROM partman.part_config"))
                .containsExactly(List.of("14 months", 3, true));
    }

    @Test
    void tellsContentsApartByOneValue() {
        QualifiedName table = TableShapes.controlledBy(database, "timestamp").table();
        Content before = TableShapes.content(database, table);

        database.execute("UPDATE public.events SET note = 'another' WHERE id = 7");

        assertThat(TableShapes.content(database, table)).isNotEqualTo(before);
    }
}
