package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import partman.sidecar.catalog.TableProperties;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** That a converted table still is the table its users know, in every property that it can have. */
@Postgres
class ConversionOfEverythingTest {

    private final TestDatabase database;
    private final Shape shape;
    private final TableSpec spec;
    private final SetView set;

    ConversionOfEverythingTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
        shape = TableShapes.everything(database);
        database.execute("INSERT INTO app.everything (amount, note) VALUES (200000, 'large')");
        spec = Parts.spec(shape).method(method()).build();
        set = new SetView(database, spec);
    }

    TableSpec.Method method() {
        return TableSpec.Method.OFFLINE;
    }

    private Parts convert() {
        Parts parts = Parts.in(database).tables(spec).build();
        Reconciler.Result result = parts.reconcile(spec);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        return parts;
    }

    /** Has pg_partman make further partitions. */
    private List<QualifiedName> laterPartitions(Parts parts) {
        List<String> before = set.partitionNames();
        parts.leader().release();
        TableSpec more = Parts.spec(shape).premake(6).build();
        Parts.in(database).tables(more).build().reconcile(more);
        List<QualifiedName> later = set.partitions().stream()
                .map(SetView.Part::name)
                .filter(name -> !before.contains(name.name().name()))
                .toList();
        assertThat(later).isNotEmpty();
        return later;
    }

    private List<String> parentAndPartitions() {
        return database.strings("SELECT relid::oid::text FROM pg_partition_tree('app.everything')");
    }

    @Test
    void keepsEveryRowAndProperty() {
        Content before = TableShapes.content(database, shape.table());
        TableProperties properties = TableProperties.of(database.session(), shape.table());

        convert();

        assertThat(TableShapes.content(database, shape.table())).isEqualTo(before);
        assertThat(properties.differencesTo(TableProperties.of(database.session(), shape.table())))
                .isEmpty();
        assertThat(set.defaultRows()).isZero();
        assertThat(set.misplacedRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(set.isPremade()).isTrue();
    }

    @Test
    void keepsOwnerAndGrantsAndGivesNoneOnPartitions() {
        String grants = """
                SELECT format('%s %s %s %s', grantor, grantee, privilege_type, is_grantable)
                FROM information_schema.table_privileges WHERE table_schema = 'app' AND table_name = 'everything'
                UNION ALL
                SELECT format('%s %s %s %s %s', column_name, grantor, grantee, privilege_type, is_grantable)
                FROM information_schema.column_privileges WHERE table_schema = 'app' AND table_name = 'everything'
                ORDER BY 1
                """;
        List<String> before = database.strings(grants);

        convert();

        assertThat(before).hasSizeGreaterThan(10);
        assertThat(database.strings(grants)).isEqualTo(before);
        assertThat(database.strings("SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid IN ("
                        + String.join(",", parentAndPartitions()) + ")"))
                .containsExactly("owner");
        assertThat(database.strings("""
                        SELECT p.relid::regclass || ' ' || r.rolname
                        FROM pg_partition_tree('app.everything') AS p, pg_roles AS r
                        WHERE p.level = 1 AND r.rolname IN ('reader', 'writer')
                          AND (has_table_privilege(r.oid, p.relid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                               OR has_any_column_privilege(r.oid, p.relid, 'SELECT'))
                        """)).isEmpty();
    }

    @Test
    void hidesTheRowsThatPoliciesHideAlsoInPartitionsWhereDefaultPrivilegesGrant() {
        database.execute(
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader, writer",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC",
                "ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT ON TABLES TO reader, writer");
        Client writer = database.client("writer");
        Client reader = database.client("reader");
        Object seenByWriter = writer.single("SELECT count(*) FROM app.everything");
        Object seenByReader = reader.single("SELECT count(id) FROM app.everything");

        convert();

        assertThat(List.of(String.valueOf(seenByWriter), String.valueOf(seenByReader)))
                .containsExactly("300", "0");
        assertThat(writer.single("SELECT count(*) FROM app.everything")).isEqualTo(300L);
        assertThat(reader.single("SELECT count(id) FROM app.everything")).isEqualTo(0L);
        assertThat(database.strings("SELECT count(*) FROM app.everything")).containsExactly("301");
        for (SetView.Part part : set.partitions()) {
            assertRefused(writer, "SELECT * FROM " + part.name().sql());
            assertRefused(reader, "SELECT * FROM " + part.name().sql());
        }
        assertRefused(writer, "SELECT * FROM " + set.defaultPartition().sql());
    }

    @Test
    void hidesThemAlsoInPartitionsMadeLater() {
        Parts parts = convert();
        database.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader, writer");

        List<QualifiedName> later = laterPartitions(parts);

        for (QualifiedName partition : later) {
            assertRefused(database.client("writer"), "SELECT * FROM " + partition.sql());
        }
    }

    private static void assertRefused(Client client, String sql) {
        assertThatThrownBy(() -> client.execute(sql))
                .isInstanceOfSatisfying(
                        Client.Refused.class,
                        refused -> assertThat(refused.sqlState()).as(sql).isEqualTo("42501"));
    }

    @Test
    void letsTheOwnerChangeTheTableAlsoWhenPartitionsWereMadeLater() {
        laterPartitions(convert());

        database.client("owner")
                .execute(
                        "ALTER TABLE app.everything ADD COLUMN more text",
                        "CREATE INDEX more ON app.everything (more)");

        assertThat(database.strings("SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid IN ("
                        + String.join(",", parentAndPartitions()) + ")"))
                .containsExactly("owner");
    }

    @Test
    void firesTheTriggersThatFiredBeforeAndNoneDuringTheConversion() {
        List<String> before = database.strings("SELECT a::text FROM app.audit AS a ORDER BY 1");

        convert();

        assertThat(database.strings("SELECT a::text FROM app.audit AS a ORDER BY 1"))
                .isEqualTo(before);
        updatable();
        database.execute("TRUNCATE app.audit");
        database.execute("INSERT INTO app.everything (amount, note) VALUES (5, 'new')");
        assertThat(fired())
                .containsExactly("(after_row,INSERT)", "(after_row_always,INSERT)", "(after_statement,INSERT)");
        assertThat(database.strings("SELECT touched FROM app.everything WHERE note = 'new'"))
                .containsExactly("1");
        database.execute("UPDATE app.everything SET amount = 6 WHERE note = 'new'");
        assertThat(fired()).containsExactly("(after_row,UPDATE)", "(after_row_with_condition,UPDATE)");
        database.execute("UPDATE app.everything SET amount = 4 WHERE note = 'new'");
        assertThat(fired()).containsExactly("(after_row,UPDATE)");
        database.execute("DELETE FROM app.everything WHERE note = 'new'");
        assertThat(fired()).containsExactly("(after_row,DELETE)");
        database.execute(
                "SET session_replication_role = replica",
                "INSERT INTO app.everything (amount, note) VALUES (5, 'replicated')",
                "SET session_replication_role = origin");
        assertThat(fired()).containsExactly("(after_row_always,INSERT)", "(after_row_on_replica,INSERT)");
    }

    /** From PostgreSQL 18 on a generated column that is not published forbids updates under this replica identity. */
    private void updatable() {
        database.execute("DROP PUBLICATION everything, large_amounts");
    }

    private List<String> fired() {
        List<String> fired = database.strings("SELECT a::text FROM app.audit AS a ORDER BY 1");
        database.execute("TRUNCATE app.audit");
        return fired;
    }

    @Test
    void keepsStorageOptionsAndReplicaIdentityOnEveryPartitionAlsoOnLaterOnes() {
        String options = "SELECT array_to_string(array_agg(o ORDER BY o), ', ') || ' ' || relreplident::text || ' ' ||"
                + " (SELECT reloptions::text FROM pg_class AS t WHERE t.oid = c.reltoastrelid)"
                + " FROM pg_class AS c, unnest(c.reloptions) AS o WHERE c.oid = '%s'::regclass GROUP BY c.oid, relreplident, reltoastrelid";
        String before = database.strings(options.formatted("app.everything")).getFirst();

        Parts parts = convert();

        assertThat(before).contains("fillfactor=80", "autovacuum_vacuum_scale_factor=0.05", " f ");
        for (SetView.Part part : set.partitions()) {
            assertThat(database.strings(options.formatted(part.name().sql()))).containsExactly(before);
        }
        for (QualifiedName later : laterPartitions(parts)) {
            assertThat(database.strings(options.formatted(later.sql()))).containsExactly(before);
        }
    }

    @Test
    void carriesOnCountingWhereSequencesWere() {
        List<String> names = sequenceNames();

        convert();

        assertThat(sequenceNames()).isEqualTo(names);
        assertThat(database.query("INSERT INTO app.everything (amount) VALUES (1) RETURNING id, serial_number"))
                .containsExactly(List.<@Nullable Object>of(5005L, 41002));
        assertThat(database.query("INSERT INTO app.everything (amount) VALUES (1) RETURNING id, serial_number"))
                .containsExactly(List.<@Nullable Object>of(5010L, 41003));
        assertThatThrownBy(() -> database.execute("INSERT INTO app.everything (id) VALUES (7)"))
                .isInstanceOfSatisfying(
                        Client.Refused.class,
                        refused -> assertThat(refused.sqlState()).isEqualTo("428C9"));
        assertThatThrownBy(() -> database.execute("DROP SEQUENCE app.everything_serial_number_seq"))
                .isInstanceOf(Client.Refused.class);
    }

    private List<String> sequenceNames() {
        return database.strings("""
                SELECT pg_get_serial_sequence('app.everything', c) || ' of ' ||
                       (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = pg_get_serial_sequence('app.everything', c)::regclass)
                FROM unnest(ARRAY['id', 'serial_number']) AS c
                """);
    }

    @Test
    void refusesTheRowsThatConstraintsRefuse() {
        convert();

        assertThat(List.of(
                        stateOf("INSERT INTO app.everything (amount) VALUES (-1)"),
                        stateOf("INSERT INTO app.everything (amount, note) VALUES (1, '??')"),
                        stateOf("INSERT INTO app.everything (amount, done) VALUES (1, 101)"),
                        stateOf("INSERT INTO app.everything (customer_id) VALUES (99)"),
                        stateOf(
                                "INSERT INTO app.everything (serial_number, created_at) SELECT serial_number, created_at"
                                        + " FROM app.everything LIMIT 1"),
                        stateOf("INSERT INTO app.everything (created_at) VALUES (NULL)")))
                .containsExactly("23514", "23514", "23514", "23503", "23505", "23502");
        assertThat(database.strings("SELECT count(*) FROM app.everything WHERE customer_id = 9"))
                .containsExactly("30");
        updatable();
        database.execute("DELETE FROM app.customers WHERE id = 9");
        assertThat(database.strings("SELECT count(*) FROM app.everything")).containsExactly("271");
        database.execute("BEGIN", "INSERT INTO app.everything (customer_id) VALUES (99)", "ROLLBACK");
    }

    private String stateOf(String sql) {
        try {
            database.execute(sql);
            return "";
        } catch (Client.Refused refused) {
            return refused.sqlState();
        }
    }

    @Test
    void keepsViewsThatShowTheNewTable() {
        String properties =
                "SELECT viewname || definition || viewowner || (SELECT COALESCE(reloptions::text, '') || COALESCE(relacl::text, '') ||"
                        + " COALESCE(obj_description(oid), '') || COALESCE(col_description(oid, 3), '') FROM pg_class"
                        + " WHERE oid = format('%I.%I', schemaname, viewname)::regclass)"
                        + " FROM pg_views WHERE schemaname = 'app' ORDER BY 1";
        database.execute("CREATE POLICY owner_sees_all ON app.everything TO owner USING (true)");
        List<String> before = database.strings(properties);
        List<List<@Nullable Object>> months = database.query("SELECT * FROM app.upon_careful ORDER BY 1");
        List<List<@Nullable Object>> careful = database.query("SELECT * FROM app.careful ORDER BY 1");

        convert();

        assertThat(before).hasSize(2).anySatisfy(view -> assertThat(view).contains("security_barrier=true"));
        assertThat(database.strings(properties)).isEqualTo(before);
        assertThat(database.query("SELECT * FROM app.upon_careful ORDER BY 1")).isEqualTo(months);
        assertThat(database.query("SELECT * FROM app.careful ORDER BY 1")).isEqualTo(careful);
        database.execute("INSERT INTO app.everything (amount) VALUES (1)");
        assertThat(database.query("SELECT * FROM app.careful")).hasSize(careful.size() + 1);
        assertThat(careful).hasSize(200);
        database.execute("DROP TABLE partman_retired_app.everything");
    }

    @Test
    void staysInItsPublications() {
        String published = "SELECT p::text FROM pg_publication_tables AS p ORDER BY 1";
        List<String> before = database.strings(published);
        database.execute("SELECT pg_create_logical_replication_slot('kept', 'pgoutput')");

        try {
            convert();
            database.execute("INSERT INTO app.everything (amount, note) VALUES (500, 'seen by subscribers')");

            assertThat(before).hasSize(2);
            assertThat(database.strings(published)).isEqualTo(before);
            assertThat(database.strings("""
                            SELECT ('x' || encode(substring(data FROM 2 FOR 4), 'hex'))::bit(32)::bigint::oid::regclass
                            FROM pg_logical_slot_peek_binary_changes('kept', NULL, NULL, 'proto_version', '1',
                                'publication_names', 'everything')
                            WHERE get_byte(data, 0) = ascii('I')
                            """)).containsExactly("app.everything");
        } finally {
            database.execute("SELECT pg_drop_replication_slot('kept')");
        }
    }

    @Test
    void keepsStatisticsAndComments() {
        String comments = """
                SELECT d.classoid::regclass || ' ' || d.description
                FROM pg_description AS d
                WHERE d.description LIKE '%comment%' AND d.classoid::regclass::text <> 'pg_proc' AND d.objoid > 16384
                  AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = d.objoid AND (c.relispartition
                                  OR c.relnamespace::regnamespace::text LIKE 'partman%'))
                  AND NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.oid = d.objoid AND (c.conparentid <> 0
                                  OR EXISTS (SELECT FROM pg_class AS r WHERE r.oid = c.conrelid AND (r.relispartition
                                             OR r.relnamespace::regnamespace::text LIKE 'partman%'))))
                  AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.oid = d.objoid AND (t.tgparentid <> 0
                                  OR (SELECT r.relnamespace::regnamespace::text LIKE 'partman%' FROM pg_class AS r WHERE r.oid = t.tgrelid)))
                  AND NOT EXISTS (SELECT FROM pg_policy AS p JOIN pg_class AS r ON r.oid = p.polrelid WHERE p.oid = d.objoid
                                  AND r.relnamespace::regnamespace::text LIKE 'partman%')
                  AND NOT EXISTS (SELECT FROM pg_statistic_ext AS s WHERE s.oid = d.objoid
                                  AND (s.stxnamespace::regnamespace::text LIKE 'partman%'
                                       OR (SELECT r.relispartition FROM pg_class AS r WHERE r.oid = s.stxrelid)))
                ORDER BY 1
                """;
        String statistics =
                "SELECT pg_get_statisticsobjdef(oid) || stxstattarget || pg_get_userbyid(stxowner) FROM pg_statistic_ext"
                        + " WHERE stxrelid = 'app.everything'::regclass";
        List<String> before = database.strings(comments);
        List<String> statisticsBefore = database.strings(statistics);

        convert();

        assertThat(before).hasSizeGreaterThan(10);
        assertThat(database.strings(comments)).isEqualTo(before);
        assertThat(statisticsBefore).hasSize(1);
        assertThat(database.strings(statistics)).isEqualTo(statisticsBefore);
    }

    @Test
    void convertsForAMemberOfTheOwnerWhoMayBypassRowSecurity() {
        database.createRole("sidecar", "BYPASSRLS");
        database.execute(
                "GRANT owner TO sidecar",
                "GRANT CREATE ON DATABASE " + database.name() + " TO sidecar, owner",
                "ALTER PUBLICATION everything OWNER TO owner",
                "ALTER PUBLICATION large_amounts OWNER TO owner",
                "GRANT ALL ON SCHEMA partman TO sidecar",
                "GRANT ALL ON ALL TABLES IN SCHEMA partman TO sidecar",
                "GRANT ALL ON ALL ROUTINES IN SCHEMA partman TO sidecar");
        Content before = TableShapes.content(database, shape.table());
        TableProperties properties = TableProperties.of(database.session(), shape.table());
        Parts parts = Parts.in(database).role("sidecar").tables(spec).build();

        Reconciler.Result result = parts.reconcile(spec);

        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
        assertThat(TableShapes.content(database, shape.table())).isEqualTo(before);
        assertThat(properties.differencesTo(TableProperties.of(database.session(), shape.table())))
                .isEmpty();
    }
}
