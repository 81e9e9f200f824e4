package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Ledger;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TestDatabase;
import partman.sidecar.testing.Writers;

/** Online conversion with the rights that README names, and no more, while an application writes that has none on the copy. */
@Postgres
class OnlineRightsTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    private static final TableSpec SPEC = Parts.spec(EVENTS, "at")
            .method(TableSpec.Method.ONLINE)
            .workers(2)
            .lockTimeout(Duration.ofMillis(500))
            .build();

    private final TestDatabase database;
    private final String owner;
    private final String application;

    OnlineRightsTest(TestDatabase database) {
        this.database = database;
        owner = "owner_" + database.name();
        application = "application_" + database.name();
        database.createRole(owner);
        database.createRole(application);
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at))",
                """
                INSERT INTO public.events
                SELECT i, now() AT TIME ZONE 'UTC' - i * interval '30 minutes', 'note ' || i FROM generate_series(1, 3000) AS i
                """,
                "CREATE VIEW public.seen AS SELECT id, at FROM public.events",
                "ALTER TABLE public.events OWNER TO " + owner,
                "ALTER VIEW public.seen OWNER TO " + owner);
    }

    /** As README has it. */
    private void grantRights(String role) {
        database.execute(
                "GRANT CREATE ON DATABASE %s TO %s".formatted(database.name(), role),
                "GRANT USAGE, CREATE ON SCHEMA public TO " + role);
    }

    private void grantRightsOnPartman(String role) {
        database.installPartman();
        database.execute(
                "GRANT USAGE, CREATE ON SCHEMA partman TO " + role,
                "GRANT ALL ON ALL TABLES IN SCHEMA partman TO " + role,
                "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA partman TO " + role);
    }

    /** A role with README's rights that is a member of the owner's. */
    private String memberOfTheOwner() {
        String sidecar = "sidecar_" + database.name();
        database.createRole(sidecar);
        database.execute(
                "GRANT %s TO %s".formatted(owner, sidecar), "GRANT USAGE, CREATE ON SCHEMA public TO " + owner);
        grantRights(sidecar);
        grantRightsOnPartman(sidecar);
        return sidecar;
    }

    private void assertConverts(String role) {
        Parts parts = Parts.in(database).role(role).tables(SPEC).build();
        Writers writers = Writers.onEvents(database)
                .role(application)
                .transactionsPerSecond(100)
                .start();
        Reconciler.Result result;

        try (writers) {
            writers.awaitTransactions(20);
            result = parts.reconcile(SPEC);
            writers.awaitTransactions(20);
        }
        parts.leader().release();

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(Ledger.difference(database, EVENTS)).isEmpty();
        assertThat(database.strings(
                        "SELECT DISTINCT c.relowner::regrole::text FROM pg_partition_tree('public.events') AS p"
                                + " JOIN pg_class AS c ON c.oid = p.relid"))
                .containsExactly(owner);
        assertThat(database.client(application).strings("SELECT count(*) > 0 FROM public.events"))
                .containsExactly("true");
    }

    @Test
    void convertsForTheOwner() {
        grantRights(owner);
        grantRightsOnPartman(owner);

        assertConverts(owner);
    }

    @Test
    void convertsForAMemberOfTheOwner() {
        String sidecar = memberOfTheOwner();

        assertConverts(sidecar);
    }

    /** Somebody has dropped partitions, and brings their rows back. */
    @Test
    void movesTheRowsOfALargeDefaultPartitionForAMemberOfTheOwner() {
        String sidecar = memberOfTheOwner();
        assertConverts(sidecar);
        TableSpec spec = Parts.spec(EVENTS, "at")
                .method(TableSpec.Method.ONLINE)
                .moveRows(10)
                .build();
        SetView set = new SetView(database, spec);
        Content before = TableShapes.content(database, EVENTS);
        database.execute("CREATE TABLE public.kept AS SELECT * FROM public.events");
        set.partitions()
                .forEach(part -> database.execute("DROP TABLE " + part.name().sql()));
        database.execute("TRUNCATE public.events", "INSERT INTO public.events SELECT * FROM public.kept");
        long lying = set.defaultRows();

        Reconciler.Result result =
                Parts.in(database).role(sidecar).tables(spec).build().reconcile(spec);

        assertThat(lying).isGreaterThan(1000);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(set.defaultRows()).isZero();
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(before);
        assertThat(database.strings(
                        "SELECT DISTINCT c.relowner::regrole::text FROM pg_partition_tree('public.events') AS p"
                                + " JOIN pg_class AS c ON c.oid = p.relid"))
                .containsExactly(owner);
    }
}
