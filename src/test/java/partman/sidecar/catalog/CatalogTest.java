package partman.sidecar.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.time.LocalDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Planner;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.TestSessions;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

@Postgres
class CatalogTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC = Parts.spec(EVENTS, "at").build();

    private final TestDatabase database;

    CatalogTest(TestDatabase database) {
        this.database = database;
    }

    // Kinds of tables

    @Test
    void seesThatATableIsMissing() {
        assertThat(observe().tables()).containsExactly(Map.entry(EVENTS, new ObservedTable.Missing()));
    }

    @Test
    void seesAPlainTableWithItsSize() {
        TableShapes.controlledBy(database, "timestamp");
        database.execute("ANALYZE public.events");

        ObservedTable.Plain plain = (ObservedTable.Plain) table(observe());

        assertThat(plain.estimatedRows()).isEqualTo(TableShapes.ROWS);
        assertThat(plain.ownedByRole()).isTrue();
        assertThat(plain.sizeBytes()).isEqualTo(database.single("SELECT pg_total_relation_size('public.events')"));
        assertThat(plain.shape()).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            CREATE VIEW public.events AS SELECT 1 AS at                          | a view
            CREATE MATERIALIZED VIEW public.events AS SELECT 1 AS at             | a materialized view
            CREATE SEQUENCE public.events                                        | a sequence
            CREATE TYPE public.events AS (at timestamp)                          | a composite type
            CREATE TABLE public.t (at date); CREATE INDEX events ON public.t (at) | an index
            CREATE TABLE public.t (at date); CREATE TABLE public.events () INHERITS (public.t) | a child of another table
            CREATE TABLE public.t (at date) PARTITION BY RANGE (at); CREATE TABLE public.events PARTITION OF public.t DEFAULT | a child of another table
            CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE public.events (at date) SERVER s | a foreign table
            """)
    void seesWhatIsNoTableOfItsOwn(String ddl, String kind) {
        database.execute(ddl);

        assertThat(table(observe())).isEqualTo(new ObservedTable.NotATable(kind));
    }

    @ParameterizedTest
    @ValueSource(strings = {"LIST (kind)", "HASH (id)", "RANGE (id, at)", "RANGE (date_trunc('day'::text, at))"})
    void seesATableThatIsPartitionedOtherwise(String key) {
        database.execute("CREATE TABLE public.events (id bigint, at timestamp, kind text) PARTITION BY " + key);

        assertThat(table(observe()))
                .isInstanceOfSatisfying(
                        ObservedTable.PartitionedOtherwise.class,
                        other -> assertThat(other.key()).startsWith(key.substring(0, key.indexOf(' '))));
    }

    // Partition sets

    @ParameterizedTest
    @ValueSource(strings = {"timestamp", "timestamptz", "date"})
    void readsThePartitionsOldestFirst(String type) {
        partitioned(type);
        child("b", "'2026-02-01'", "'2026-03-01'");
        child("a", "'2026-01-01'", "'2026-02-01'");
        child("young", "'2026-03-01'", "'infinity'");
        child("old", "MINVALUE", "'2025-01-01'");
        database.execute("INSERT INTO public.events VALUES (1, '2026-01-05')");

        PartitionSet set = set(observe());

        assertThat(set.controlColumn()).isEqualTo(new Identifier("at"));
        assertThat(set.controlType()).isEqualTo(type);
        assertThat(set.columns()).containsExactly(new Identifier("id"), new Identifier("at"));
        assertThat(set.registration()).isNull();
        assertThat(set.children())
                .extracting(child -> child.name().name().name())
                .containsExactly("old", "a", "b", "young");
        assertThat(set.children())
                .extracting(Child::from)
                .containsExactly(null, day("2026-01-01"), day("2026-02-01"), day("2026-03-01"));
        assertThat(set.children())
                .extracting(Child::to)
                .containsExactly(day("2025-01-01"), day("2026-02-01"), day("2026-03-01"), null);
        assertThat(set.children()).extracting(Child::empty).containsExactly(true, false, true, true);
        assertThat(set.children()).extracting(Child::sizeBytes).doesNotContainNull();
    }

    @Test
    void leavesOutTheSizesThatAnotherLookHasSeenAndNothingElse() {
        partitioned("date");
        child("old", "'2026-01-01'", "'2026-02-01'");
        Observation before = observe();
        child("young", "'2026-02-01'", "'2026-03-01'");
        database.execute("INSERT INTO public.events VALUES (1, '2026-01-05'), (2, '2026-02-05'), (3, '2026-03-05')");

        PartitionSet again = set(new Catalog(1_000).observe(database.session(), List.of(SPEC), before));

        assertThat(again.children()).extracting(Child::sizeBytes).containsExactly(0L, 8192L);
        assertThat(again.children()).extracting(Child::empty).containsExactly(true, false);
        assertThat(Objects.requireNonNull(again.defaultPartition()).rows()).isEqualTo(1);
        assertThat(set(observe()).children()).extracting(Child::sizeBytes).containsExactly(8192L, 8192L);
    }

    @Test
    void countsTheRowsOfTheDefaultPartitionByDay() {
        partitioned("timestamp");
        database.execute("""
                INSERT INTO public.events VALUES
                    (1, '2026-01-05 10:00'), (2, '2026-01-05 11:30'), (3, '2026-03-01'), (4, 'infinity'), (5, '-infinity')
                """);

        DefaultPartition rest = Objects.requireNonNull(set(observe()).defaultPartition());

        assertThat(rest.name()).isEqualTo(QualifiedName.of("public", "events_default"));
        assertThat(rest.counted()).isTrue();
        assertThat(rest.rows()).isEqualTo(5);
        assertThat(rest.capped()).isFalse();
        assertThat(rest.oldest()).isEqualTo(LocalDateTime.parse("2026-01-05T10:00"));
        assertThat(rest.newest()).isEqualTo(day("2026-03-01"));
        assertThat(rest.infinite()).isEqualTo(2);
        assertThat(rest.spread())
                .containsExactly(
                        new ObservedTable.Interval(day("2026-01-05"), 2),
                        new ObservedTable.Interval(day("2026-03-01"), 1));
    }

    @Test
    void countsNoMoreRowsThanTheCap() {
        partitioned("date");
        database.execute("INSERT INTO public.events SELECT i, '2026-01-05' FROM generate_series(1, 20) AS i");

        DefaultPartition rest = Objects.requireNonNull(set(observe(10, SPEC)).defaultPartition());

        assertThat(rest.rows()).isEqualTo(10);
        assertThat(rest.capped()).isTrue();
    }

    @Test
    void knowsAnEmptyDefaultPartition() {
        partitioned("timestamptz");

        DefaultPartition rest = Objects.requireNonNull(set(observe()).defaultPartition());

        assertThat(rest.counted()).isTrue();
        assertThat(rest.rows()).isZero();
        assertThat(rest.oldest()).isNull();
        assertThat(rest.newest()).isNull();
    }

    @Test
    void countsPartitionsThatWereDetached() {
        partitioned("timestamp");
        database.execute(
                "CREATE TABLE public.events_p20250101 (id bigint)",
                "CREATE TABLE public.events_p20250201_120000 (id bigint)",
                "CREATE TABLE public.events_p2025 (id bigint)",
                "CREATE TABLE public.others_p20250101 (id bigint)");
        child("events_p20260101", "'2026-01-01'", "'2026-02-01'");

        assertThat(set(observe()).detached().tables()).isEqualTo(2);
    }

    @Test
    void countsDetachedPartitionsOfATableWithTheLongestName() {
        String name = "t".repeat(63);
        TableSpec spec = Parts.spec(QualifiedName.of("public", name), "at").build();
        database.execute(
                "CREATE TABLE public." + name + " (at timestamp NOT NULL) PARTITION BY RANGE (at)",
                "CREATE TABLE public." + "t".repeat(53) + "_p20250101 (at timestamp)");

        ObservedTable observed = observe(100, spec).tables().get(spec.table());

        assertThat(observed)
                .isInstanceOfSatisfying(
                        ObservedTable.Partitioned.class,
                        partitioned -> assertThat(partitioned.set().detached().tables())
                                .isEqualTo(1));
    }

    @Test
    void findsTheForeignKeysThatReferToASet() {
        partitioned("timestamp");
        child("events_p20260101", "'2026-01-01'", "'2026-02-01'");
        database.execute(
                "ALTER TABLE public.events ADD UNIQUE (id, at)",
                "CREATE SCHEMA \"Odd\"",
                "CREATE TABLE public.refs (id bigint, at timestamp, CONSTRAINT refs_of_events FOREIGN KEY (id, at) REFERENCES public.events (id, at))",
                "CREATE TABLE \"Odd\".refs (id bigint, at timestamp, day date) PARTITION BY RANGE (day)",
                "CREATE TABLE \"Odd\".refs_1 PARTITION OF \"Odd\".refs DEFAULT",
                "ALTER TABLE \"Odd\".refs ADD CONSTRAINT \"of events\" FOREIGN KEY (id, at) REFERENCES public.events (id, at)",
                "CREATE TABLE public.others (id bigint, at timestamp, FOREIGN KEY (id, at) REFERENCES public.events_p20260101 (id, at))");

        assertThat(set(observe()).referencedBy())
                .containsExactly("\"Odd\".refs (\"of events\")", "public.refs (refs_of_events)");
    }

    @Test
    void findsTheRetiredTable() {
        database.execute(
                "CREATE SCHEMA partman_retired_public", "CREATE TABLE partman_retired_public.events AS SELECT 1 AS id");

        assertThat(observe().retired()).containsExactly(Map.entry(EVENTS, (Long) Objects.requireNonNull(
                database.single("SELECT pg_total_relation_size('partman_retired_public.events')"))));
    }

    // Registrations

    @ParameterizedTest
    @ValueSource(strings = {"partman", "parts"})
    void readsTheRegistrationWhereverPartmanIs(String schema) {
        String partman = new Identifier(schema).sql();
        database.execute("CREATE SCHEMA " + partman, "CREATE EXTENSION pg_partman SCHEMA " + partman);
        database.execute("CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY RANGE (at)");
        database.execute("SET search_path = public, " + partman);
        database.execute(
                "SELECT create_parent(p_parent_table => 'public.events', p_control => 'at', p_interval => '1 month', p_premake => 2)");
        database.execute("UPDATE part_config SET retention = '1 year 2 mons', infinite_time_partitions = true");

        Observation observation = observe();

        assertThat(observation.server().partmanSchema()).isEqualTo(new Identifier(schema));
        Registration registration = Objects.requireNonNull(set(observation).registration());
        assertThat(registration.controlColumn()).isEqualTo("at");
        assertThat(registration.partitionInterval()).isEqualTo(PartitionInterval.parse("1 month"));
        assertThat(registration.premake()).isEqualTo(2);
        assertThat(registration.retention()).isEqualTo(PartitionInterval.parse("14 months"));
        assertThat(registration.retentionText()).isEqualTo("1 year 2 mons");
        assertThat(registration.retentionKeepTable()).isTrue();
        assertThat(registration.infiniteTimePartitions()).isTrue();
        assertThat(registration.automaticMaintenance()).isEqualTo("on");
        assertThat(registration.maintenanceLastRun()).isNull();
        YearMonth now = YearMonth.now(ZoneOffset.UTC);
        assertThat(set(observation).children())
                .extracting(Child::from)
                .contains(now.plusMonths(2).atDay(1).atStartOfDay());
    }

    @Test
    void observesSetsThatAreNotConfiguredToo() {
        TableShapes.lagoRegistered(database);

        Observation observation = observe();

        assertThat(table(observation)).isEqualTo(new ObservedTable.Missing());
        assertThat(observation.otherSets()).hasSize(1);
        PartitionSet other = observation.otherSets().getFirst();
        assertThat(other.parent()).isEqualTo(QualifiedName.of("public", "enriched_events"));
        assertThat(Objects.requireNonNull(other.registration()).maintenanceLastRun())
                .isNotNull();
    }

    @Test
    void observesASetThatOthersPartitionedByNumber() {
        database.installPartman();
        database.execute(
                "CREATE TABLE public.numbers (id bigint NOT NULL) PARTITION BY RANGE (id)",
                "SELECT partman.create_parent('public.numbers', 'id', '1000')",
                "INSERT INTO public.numbers VALUES (-5)");

        PartitionSet numbers = observe().otherSets().getFirst();

        assertThat(numbers.controlType()).isEqualTo("int8");
        assertThat(Objects.requireNonNull(numbers.registration()).partitionInterval())
                .isNull();
        DefaultPartition rest = Objects.requireNonNull(numbers.defaultPartition());
        assertThat(rest.rows()).isEqualTo(1);
        assertThat(rest.oldest()).isNull();
    }

    // Cost, locks and rights

    @Test
    void asksAsManyQuestionsForManyTablesAndPartitionsAsForOne() {
        database.installPartman();
        partitioned("timestamp");
        int few = statements();
        database.execute(
                "CREATE TABLE public.numbers (id bigint NOT NULL) PARTITION BY RANGE (id)",
                "SELECT partman.create_parent('public.numbers', 'id', '1000')");
        for (int i = 1; i <= 60; i++) {
            child("c" + i, "'%d-01-01'".formatted(1900 + i), "'%d-01-01'".formatted(1901 + i));
        }

        int many = statements();

        assertThat(set(observe()).children()).hasSize(60);
        assertThat(many).isEqualTo(few);
    }

    @ParameterizedTest
    @ValueSource(strings = {"public.events", "public.a", "public.events_default"})
    @Timeout(10)
    void doesNotWaitForATableThatAnotherSessionLocks(String locked) {
        partitioned("timestamp");
        child("a", "'2026-01-01'", "'2026-02-01'");
        Client other = database.client();
        other.execute("BEGIN", "LOCK TABLE " + locked + " IN ACCESS EXCLUSIVE MODE");

        PartitionSet set = set(observe());

        assertThat(set.children()).hasSize(1);
        assertThat(set.children().getFirst().sizeBytes() == null).isEqualTo(!locked.equals("public.events_default"));
        assertThat(Objects.requireNonNull(set.defaultPartition()).counted()).isEqualTo(locked.equals("public.a"));
    }

    @Test
    @Timeout(10)
    void doesNotWaitForAPlainTableThatAnotherSessionLocks() {
        TableShapes.controlledBy(database, "timestamp");
        database.client().execute("BEGIN", "LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE");

        ObservedTable.Plain plain = (ObservedTable.Plain) table(observe());

        assertThat(plain.sizeBytes()).isNull();
    }

    @Test
    void needsNoMoreThanTheRightsToObserve() {
        TableShapes.lagoRegistered(database);
        database.createRole("watcher");
        database.execute(
                "GRANT USAGE ON SCHEMA partman TO watcher",
                "GRANT SELECT ON ALL TABLES IN SCHEMA partman TO watcher",
                "GRANT SELECT ON TABLE public.enriched_events_default TO watcher");
        QualifiedName lago = QualifiedName.of("public", "enriched_events");
        TableSpec spec = Parts.spec(lago, "timestamp").retention("14 months").build();

        Observation observation = new Catalog(100).observe(database.session("watcher"), List.of(spec));

        ObservedTable observed = Objects.requireNonNull(observation.tables().get(lago));
        assertThat(((ObservedTable.Partitioned) observed).set().ownedByRole()).isFalse();
        assertThat(Planner.plan(spec, observation.server(), observed)).isEqualTo(new Plan.Nothing());
    }

    @Test
    void saysThatARoleMayNotReadPartmansTables() {
        database.installPartman();
        TableShapes.controlledBy(database, "timestamp");
        database.createRole("stranger");

        Observation observation = new Catalog(100).observe(database.session("stranger"), List.of(SPEC));

        assertThat(observation.server().extension())
                .isInstanceOfSatisfying(
                        Extension.Installed.class,
                        installed -> assertThat(installed.mayUse()).isFalse());
        assertThat(((ObservedTable.Plain) table(observation)).ownedByRole()).isFalse();
    }

    private int statements() {
        AtomicInteger count = new AtomicInteger();
        Connection counted = counting(database.connect(), count);
        Session session = TestSessions.of(counted);
        count.set(0);
        new Catalog(100).observe(session, List.of(SPEC));
        return count.get();
    }

    private static Connection counting(Connection connection, AtomicInteger count) {
        return (Connection) Proxy.newProxyInstance(
                CatalogTest.class.getClassLoader(), new Class<?>[] {Connection.class}, (_, method, arguments) -> {
                    if (Set.of("createStatement", "prepareStatement").contains(method.getName())) {
                        count.incrementAndGet();
                    }
                    try {
                        return method.invoke(connection, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private void partitioned(String type) {
        database.execute(
                "CREATE TABLE public.events (id bigint, at " + type + " NOT NULL) PARTITION BY RANGE (at)",
                "CREATE TABLE public.events_default PARTITION OF public.events DEFAULT");
    }

    private void child(String name, String from, String to) {
        database.execute(
                "SET TimeZone = 'UTC'",
                "CREATE TABLE public.%s PARTITION OF public.events FOR VALUES FROM (%s) TO (%s)"
                        .formatted(name, from, to));
    }

    private Observation observe() {
        return observe(1_000, SPEC);
    }

    private Observation observe(long cap, TableSpec spec) {
        return new Catalog(cap).observe(database.session(), List.of(spec));
    }

    private static ObservedTable table(Observation observation) {
        return Objects.requireNonNull(observation.tables().get(EVENTS));
    }

    private static PartitionSet set(Observation observation) {
        return ((ObservedTable.Partitioned) table(observation)).set();
    }

    private static LocalDateTime day(String date) {
        return LocalDateTime.parse(date + "T00:00");
    }
}
