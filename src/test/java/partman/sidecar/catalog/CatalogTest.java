package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.TestSessions;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

@Postgres
class CatalogTest {

    private static final TableSpec EVENTS =
            Parts.spec(QualifiedName.of("public", "events"), "at").premake(2).build();
    private static final TableSpec DAYS = Parts.spec(QualifiedName.of("public", "days"), "at")
            .interval("1 day")
            .premake(20)
            .build();

    private final TestDatabase database;

    CatalogTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        create("events", "1 month", 2);
    }

    private void create(String table, String interval, int premake) {
        database.execute(
                "CREATE TABLE public.%s (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)".formatted(table),
                "SELECT partman.create_parent('public.%s', 'at', '%s', p_premake => %d)"
                        .formatted(table, interval, premake));
    }

    private static Observation observe(Session session, TableSpec... specs) {
        return new Catalog(1000).observe(session, List.of(specs));
    }

    private static PartitionSet set(Observation observation, TableSpec spec) {
        return ((ObservedTable.Partitioned)
                        Objects.requireNonNull(observation.tables().get(spec.table())))
                .set();
    }

    /** Statements that an observation sends to the server. */
    private int statements(TableSpec... specs) {
        AtomicInteger statements = new AtomicInteger();
        Connection real = database.connect();
        Connection counting = (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (_, method, arguments) -> {
                    if (List.of("createStatement", "prepareStatement").contains(method.getName())) {
                        statements.incrementAndGet();
                    }
                    return method.invoke(real, arguments);
                });
        Session session = TestSessions.of(counting);
        int before = statements.get();
        observe(session, specs);
        return statements.get() - before;
    }

    @Test
    void sendsAFixedNumberOfStatementsHoweverManyTablesAndPartitionsThereAre() {
        int few = statements(EVENTS);
        create("days", "1 day", 20);
        for (String table : List.of("one", "two", "three")) {
            create(table, "1 week", 4);
        }

        int many = statements(EVENTS, DAYS);

        assertThat(few).isBetween(1, 10);
        assertThat(many).isEqualTo(few);
    }

    @Test
    void seesPartitionsBoundsAndRowsOfTheDefault() {
        database.execute(
                "INSERT INTO public.events VALUES (1, '2001-02-03 04:05:06+00'), (2, '2099-01-01 00:00+00'), (3, 'infinity')");

        PartitionSet set = set(observe(database.session(), EVENTS), EVENTS);

        PartitionSet.DefaultPartition rest = Objects.requireNonNull(set.defaultPartition());
        assertThat(List.of(rest.rows(), rest.capped(), rest.counted())).containsExactly(3L, false, true);
        assertThat(String.valueOf(rest.oldest())).isEqualTo("2001-02-03T04:05:06");
        assertThat(String.valueOf(rest.newest())).isEqualTo("2099-01-01T00:00");
        assertThat(set.children()).hasSizeGreaterThanOrEqualTo(5).isSortedAccordingTo(PartitionSet.Child.OLDEST_FIRST);
        assertThat(set.children()).allSatisfy(child -> {
            assertThat(Objects.requireNonNull(child.from()).plusMonths(1)).isEqualTo(child.to());
            assertThat(child.empty()).isTrue();
            assertThat(child.sizeBytes()).isNotNull();
        });
        assertThat(Objects.requireNonNull(set.registration()).premake()).isEqualTo(2);
    }

    @Test
    void countsTheDefaultUpToTheCap() {
        database.execute("INSERT INTO public.events SELECT i, '2099-01-01' FROM generate_series(1, 1500) AS i");

        PartitionSet.DefaultPartition rest = Objects.requireNonNull(
                set(observe(database.session(), EVENTS), EVENTS).defaultPartition());

        assertThat(rest.rows()).isEqualTo(1000);
        assertThat(rest.capped()).isTrue();
    }

    @Test
    void doesNotWaitForATableThatAnotherSessionLocks() {
        Client other = database.client();
        other.execute("BEGIN", "LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE");

        // waiting for a lock would end with a failure: a session's lock_timeout is 2 s
        Observation observation = observe(database.session(), EVENTS);

        PartitionSet set = set(observation, EVENTS);
        assertThat(set.children())
                .isNotEmpty()
                .allSatisfy(child -> assertThat(child.sizeBytes()).isNull());
        assertThat(Objects.requireNonNull(set.defaultPartition()).counted()).isFalse();
    }

    @Test
    void letsARoleWithReadRightsLook() {
        database.createRole("looker");
        database.execute(
                "INSERT INTO public.events VALUES (1, '2099-01-01')",
                "GRANT USAGE ON SCHEMA partman TO looker",
                "GRANT SELECT ON ALL TABLES IN SCHEMA partman, public TO looker");

        PartitionSet set = set(observe(database.session("looker"), EVENTS), EVENTS);

        assertThat(set.ownedByRole()).isFalse();
        assertThat(set.children()).isNotEmpty();
        assertThat(Objects.requireNonNull(set.registration()).premake()).isEqualTo(2);
        assertThat(Objects.requireNonNull(set.defaultPartition()).rows()).isEqualTo(1);
    }

    @Test
    void seesWhatOthersRegisteredAndWhatIsNoTable() {
        create("days", "1 day", 2);
        database.execute(
                "CREATE TABLE public.numbers (id bigint NOT NULL) PARTITION BY RANGE (id)",
                "SELECT partman.create_parent('public.numbers', 'id', '1000')",
                "CREATE VIEW public.view AS SELECT 1 AS at",
                "CREATE SEQUENCE public.sequence",
                "CREATE MATERIALIZED VIEW public.matview AS SELECT 1 AS at");
        List<String> names = List.of("view", "sequence", "matview", "missing", "events_default", "numbers_default");
        TableSpec[] specs = names.stream()
                .map(name -> Parts.spec(QualifiedName.of("public", name), "at").build())
                .toArray(TableSpec[]::new);

        Observation observation = observe(database.session(), specs);

        assertThat(observation.otherSets())
                .extracting(other -> other.parent().unquoted())
                .containsExactlyInAnyOrder("public.events", "public.days", "public.numbers");
        assertThat(names.stream().map(name -> observation.tables().get(QualifiedName.of("public", name))))
                .containsExactly(
                        new ObservedTable.NotATable("a view"),
                        new ObservedTable.NotATable("a sequence"),
                        new ObservedTable.NotATable("a materialized view"),
                        new ObservedTable.Missing(),
                        new ObservedTable.NotATable("a child of another table"),
                        new ObservedTable.NotATable("a child of another table"));
    }
}
