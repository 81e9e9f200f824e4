package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static partman.sidecar.testing.SidecarProcess.with;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import partman.sidecar.catalog.TableProperties;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;

/** The way back to a plain table, from the command that prints it to the table that psql makes. */
@Postgres
class UndoIT {

    private static final QualifiedName LAGO = QualifiedName.of("public", "enriched_events");
    private static final QualifiedName ORDERS = QualifiedName.of("public", "orders");

    private final TestDatabase database;

    UndoIT(TestDatabase database) {
        this.database = database;
    }

    private Map<String, String> environment() {
        return Map.of("DATABASE_URL", database.databaseUrl());
    }

    private Map<String, String> environmentOfOrders() {
        return with(
                environment(),
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false",
                "PARTMAN_TABLES_ORDERS_NAME",
                ORDERS.unquoted(),
                "PARTMAN_TABLES_ORDERS_CONTROL",
                "created_at",
                "PARTMAN_TABLES_ORDERS_INTERVAL",
                "1 month");
    }

    /** What a command ended with. */
    private record Ended(int code, String out, String err) {}

    private static Ended run(Map<String, String> environment, String command) {
        try (SidecarProcess process = SidecarProcess.start(environment, command.split(" "))) {
            int code = process.exitCode();
            return new Ended(code, process.out(), process.err());
        }
    }

    private static void convert(Map<String, String> environment) {
        Ended convert = run(environment, "convert");
        assertThat(convert.code()).as(convert.err()).isEqualTo(0);
    }

    private static String script(Map<String, String> environment) {
        Ended plan = run(environment, "plan --undo");
        assertThat(plan.code()).as(plan.out() + plan.err()).isEqualTo(0);
        return plan.out();
    }

    private String psql(String script) {
        return database.server().psql(database, script);
    }

    private void convertLago() {
        database.installPartman();
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 3000, 6);
        convert(environment());
        database.execute("""
                INSERT INTO public.enriched_events
                SELECT e.id, e.organization_id, e.event_id, e.transaction_id, e.external_subscription_id, e.code, late.at, e.subscription_id,
                       e.plan_id, e.charge_id, e.charge_filter_id, e.grouped_by, e.value, e.decimal_value, e.enriched_at
                FROM (SELECT * FROM public.enriched_events LIMIT 1) AS e,
                     (VALUES (timestamp '2199-01-01'), ('infinity'), ('-infinity')) AS late (at)
                """);
        assertThat(database.single("SELECT count(*) FROM public.enriched_events_default"))
                .isEqualTo(3L);
    }

    /** Owned by one role, seen in part by another. */
    private void convertOrders() {
        database.installPartman();
        String seller = "seller_" + database.name();
        String buyer = "buyer_" + database.name();
        database.createRole(seller);
        database.createRole(buyer);
        database.execute("GRANT USAGE, CREATE ON SCHEMA public TO " + seller, """
                CREATE TABLE public.customers (id bigint PRIMARY KEY);
                INSERT INTO public.customers SELECT generate_series(1, 10);
                CREATE TABLE public.orders (
                    id bigint GENERATED ALWAYS AS IDENTITY,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    customer_id bigint NOT NULL REFERENCES public.customers,
                    amount numeric(12, 2) NOT NULL CHECK (amount > 0),
                    PRIMARY KEY (id, created_at)
                );
                CREATE INDEX ON public.orders (customer_id);
                COMMENT ON TABLE public.orders IS 'it''s what was ordered';
                INSERT INTO public.orders (created_at, customer_id, amount)
                SELECT now() - i * interval '3 hours', i %% 10 + 1, i FROM generate_series(1, 1000) AS i;
                ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
                CREATE POLICY first_customer ON public.orders TO %2$s USING (customer_id = 1);
                GRANT SELECT, INSERT ON public.orders TO %2$s;
                ALTER TABLE public.orders OWNER TO %1$s;
                """.formatted(seller, buyer));
        convert(environmentOfOrders());
        database.execute(
                "INSERT INTO public.orders (created_at, customer_id, amount) VALUES ('2199-01-01', 1, 5), ('infinity', 2, 5)");
        assertThat(database.single("SELECT count(*) FROM public.orders_default"))
                .isEqualTo(2L);
    }

    private void assertUndone(QualifiedName table, Content content, TableProperties properties) {
        assertThat(database.strings("SELECT relkind FROM pg_class WHERE oid = '%s'::regclass".formatted(table)))
                .containsExactly("r");
        assertThat(TableShapes.content(database, table)).isEqualTo(content);
        assertThat(properties.differencesTo(TableProperties.of(database.session(), table)))
                .isEmpty();
        assertThat(database.strings("SELECT parent_table FROM partman.part_config"))
                .isEmpty();
        assertThat(
                        database.strings(
                                "SELECT relname FROM pg_class WHERE relname ~ '^(orders|enriched_events)_(p[0-9]+|default)$' OR relispartition"))
                .isEmpty();
        assertThat(database.strings("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'partman\\_und%'"))
                .isEmpty();
    }

    @Test
    void makesLagosTableAPlainOneAgainAlsoIfPsqlIsKilledOnTheWay() {
        convertLago();
        Content content = TableShapes.content(database, LAGO);
        TableProperties properties = TableProperties.of(database.session(), LAGO);
        String untouched = CatalogFingerprint.of(database);

        String script = script(environment());

        assertThat(CatalogFingerprint.of(database)).isEqualTo(untouched);
        assertThat(script)
                .contains(
                        "partman.tables.enriched-events.enabled=false",
                        "partman_retired_public.enriched_events still is the plain table as of its conversion");
        killPsqlOnTheWay(script);
        psql(script);
        assertUndone(LAGO, content, properties);
        Ended again = run(environment(), "plan --undo");
        assertThat(again.code()).isEqualTo(0);
        assertThat(again.out()).contains("-- nothing to undo: it is a plain table");
        Ended leftAlone = run(with(environment(), "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED", "false"), "check");
        assertThat(leftAlone).isEqualTo(new Ended(0, "", leftAlone.err()));
        assertThat(leftAlone.err()).doesNotContain("enriched_events");
    }

    /** Leaves rows in both tables. */
    private void killPsqlOnTheWay(String script) {
        String slow = script.replace("p_wait            => 0", "p_wait            => 1");
        assertThat(slow).isNotEqualTo(script);
        CompletableFuture<String> psql = CompletableFuture.supplyAsync(() -> psql(slow));
        Awaitility.await("moved rows")
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> database.strings("SELECT to_regclass('partman_undo_public.enriched_events') IS NOT NULL")
                                .contains("true")
                        && database.strings("SELECT count(*) > 3 FROM partman_undo_public.enriched_events")
                                .contains("true"));
        database.execute("""
                SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE 'CALL%undo_partition_proc%' AND pid <> pg_backend_pid()
                """);
        assertThatThrownBy(psql::join).hasMessageContaining("psql ended with");
        assertThat(database.strings("SELECT count(*) > 0 FROM public.enriched_events"))
                .containsExactly("true");
    }

    @Test
    void keepsWhatATableHasAlsoIfARolePrintsItThatMayOnlyRead() {
        convertOrders();
        Client buyer = database.client("buyer_" + database.name());
        String reader = "reader_" + database.name();
        database.createRole(reader, "SET default_transaction_read_only = on");
        database.execute(
                "GRANT USAGE ON SCHEMA partman TO " + reader,
                "GRANT SELECT ON ALL TABLES IN SCHEMA partman TO " + reader);
        Content content = TableShapes.content(database, ORDERS);
        TableProperties properties = TableProperties.of(database.session(), ORDERS);
        Map<String, String> reading =
                with(environmentOfOrders(), "DATABASE_URL", database.databaseUrl(reader), "PARTMAN_MODE", "observe");

        String script = script(reading);
        psql(script.substring(0, script.indexOf("-- part 4 of ")));
        String rest = script(reading);
        psql(rest);

        assertThat(rest).contains("ITS UNDO HAS BEGUN");
        assertUndone(ORDERS, content, properties);
        assertThat(buyer.strings("SELECT DISTINCT customer_id FROM public.orders"))
                .containsExactly("1");
        assertThat(buyer.query("INSERT INTO public.orders (customer_id, amount) VALUES (1, 7) RETURNING id"))
                .containsExactly(List.<@Nullable Object>of(1003L));
        assertThatThrownBy(() -> database.execute("INSERT INTO public.orders (customer_id, amount) VALUES (99, 7)"))
                .isInstanceOf(Client.Refused.class);
    }

    @Test
    void saysWhereThereIsNothingToUndoAndWhereItCant() {
        TableShapes.lagoUnregistered(database);
        TableShapes.controlledBy(database, "timestamp");
        Map<String, String> environment = with(
                environment(),
                "PARTMAN_TABLES_EVENTS_NAME",
                "public.events",
                "PARTMAN_TABLES_EVENTS_CONTROL",
                "at",
                "PARTMAN_TABLES_EVENTS_INTERVAL",
                "1 month");

        Ended plan = run(environment, "plan --undo");

        assertThat(plan.code()).isEqualTo(4);
        assertThat(plan.out().lines().toList())
                .containsSubsequence(
                        "-- table public.enriched_events: the way back to a plain table",
                        "-- table public.events: the way back to a plain table",
                        "-- nothing to undo: it is a plain table");
        assertThat(plan.out()).contains("\n-- blocked: pg_partman's undo works on sets that are in part_config");
        psql(plan.out());
    }
}
