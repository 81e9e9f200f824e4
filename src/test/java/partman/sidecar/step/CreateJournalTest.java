package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.catalog.Catalog;
import partman.sidecar.catalog.Shapes;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Session;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/**
 * The journal as an application meets it: its statements do what they did before, whatever it may do and however its columns
 * are called, and each leaves the keys that bring a copy of the table up to date.
 */
@Postgres
class CreateJournalTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    /** {@code i} of the rows (1, 2, 3) that a table begins with. */
    private static final String ROWS = "generate_series(1, 3) AS i";

    private final TestDatabase database;
    private final String application;

    CreateJournalTest(TestDatabase database) {
        this.database = database;
        this.application = "application_" + database.name();
    }

    private void createEvents() {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at))",
                "INSERT INTO public.events SELECT i, '2026-01-01', 'old' FROM " + ROWS);
    }

    /** A table, its copy in the work schema, and what says how rows get from one to the other. */
    private final class Copied {

        private final QualifiedName table;
        private final ObservedTable.Shape shape;
        private final QualifiedName shadow;

        private Copied(QualifiedName table, String controlColumn) {
            this.table = table;
            this.shadow = WorkSchema.shadowOf(table);
            TableSpec spec = Parts.spec(table, controlColumn)
                    .method(TableSpec.Method.ONLINE)
                    .build();
            try (Session session = database.session()) {
                shape = Shapes.of(session, spec, new Catalog(0).server(session));
                StepCase.run(session, new BeginConversion(spec, shape, Objects.requireNonNull(shape.rowKey())));
                StepCase.run(session, new CreateJournal(table, shape.oid(), Objects.requireNonNull(shape.rowKey())));
            }
            database.execute(
                    "CREATE SCHEMA " + shadow.schema().sql(),
                    "CREATE TABLE %s (LIKE %s INCLUDING ALL)".formatted(shadow.sql(), table.sql()),
                    "INSERT INTO %1$s (%3$s) SELECT %3$s FROM %2$s"
                            .formatted(
                                    shadow.sql(),
                                    table.sql(),
                                    String.join(
                                            ", ",
                                            shape.columns().stream()
                                                    .map(Identifier::sql)
                                                    .toList())));
        }

        /** The keys in the journal, oldest first, without the control column. */
        private List<String> keys() {
            return database.strings("SELECT partman_key_1::text FROM %s ORDER BY seq"
                    .formatted(WorkSchema.journalOf(shape.oid()).sql()));
        }

        /** Rows in which the table and its copy differ once the journal was applied. */
        private List<String> differencesWhenApplied() {
            StepCase.run(
                    database,
                    new ApplyJournal(
                            table, shape.columns(), shape.oid(), Objects.requireNonNull(shape.rowKey()), null));
            return database.strings("""
                    WITH held AS (SELECT "a row"::text AS line FROM %1$s AS "a row"),
                         copied AS (SELECT "a row"::text AS line FROM %2$s AS "a row")
                    (SELECT 'lost ' || line FROM (TABLE held EXCEPT ALL TABLE copied) AS lost)
                    UNION ALL
                    (SELECT 'too much ' || line FROM (TABLE copied EXCEPT ALL TABLE held) AS superfluous)
                    """.formatted(table.sql(), shadow.sql()));
        }
    }

    private Copied journalled() {
        return new Copied(EVENTS, "at");
    }

    @Test
    void journalsWhatAnApplicationWithoutRightsOnItWrites() {
        createEvents();
        database.createRole(application);
        database.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON public.events TO " + application);
        Copied copied = journalled();
        Client client = database.client(application);

        client.execute(
                "INSERT INTO public.events VALUES (4, '2026-01-01', 'new')",
                "UPDATE public.events SET note = 'changed' WHERE id = 2",
                "DELETE FROM public.events WHERE id = 3");

        assertThat(copied.keys()).containsExactly("4", "2", "2", "3");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT FROM partman_sidecar.journal_%d",
                "INSERT INTO partman_sidecar.journal_%d (partman_key_1) VALUES (1)",
                "SELECT FROM partman_sidecar.conversion",
                "CREATE TRIGGER mine AFTER INSERT ON pg_temp.mine FOR EACH ROW EXECUTE FUNCTION partman_sidecar.capture_%d()",
            })
    void givesAnApplicationNoRights(String statement) {
        createEvents();
        database.createRole(application);
        Copied copied = journalled();
        Client client = database.client(application);
        client.execute("CREATE TEMPORARY TABLE mine (id bigint)");

        assertThatThrownBy(() -> client.execute(statement.formatted(copied.shape.oid())))
                .isInstanceOfSatisfying(
                        Client.Refused.class, e -> assertThat(e.sqlState()).isEqualTo("42501"));
    }

    /** Functions and operators that an application puts before those of the system must not run with the sidecar's rights. */
    @Test
    void callsNothingThatTheSearchPathOfAnApplicationHolds() {
        createEvents();
        database.createRole(application);
        database.execute(
                "GRANT INSERT, UPDATE, SELECT ON public.events TO " + application,
                "CREATE SCHEMA trap AUTHORIZATION " + application);
        Copied copied = journalled();
        Client client = database.client(application);
        client.execute(
                "CREATE TABLE trap.calls (caller text)",
                """
                CREATE FUNCTION trap.differ(text, text) RETURNS boolean LANGUAGE plpgsql AS $$
                BEGIN
                    INSERT INTO trap.calls VALUES (CURRENT_USER);
                    RETURN false;
                END $$
                """,
                "CREATE OPERATOR trap.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.differ)",
                "SET search_path = trap, pg_catalog");

        client.execute("UPDATE public.events SET note = 'changed' WHERE id = 2");

        assertThat(client.query("SELECT * FROM trap.calls")).isEmpty();
        assertThat(copied.keys()).containsExactly("2", "2");
    }

    @Test
    void journalsBothKeysOfARowWhoseKeyIsChanged() {
        createEvents();
        Copied copied = journalled();

        database.execute("UPDATE public.events SET id = 20, at = '2026-02-01' WHERE id = 2");

        assertThat(copied.keys()).containsExactly("2", "20");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @Test
    void journalsRowsThatExchangeTheirKeys() {
        createEvents();
        Copied copied = journalled();

        database.execute(
                "UPDATE public.events SET id = 10 WHERE id = 1",
                "UPDATE public.events SET id = 1, note = 'was 2' WHERE id = 2",
                "UPDATE public.events SET id = 2, note = 'was 1' WHERE id = 10");

        assertThat(copied.keys()).containsExactly("1", "10", "2", "1", "10", "2");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            INSERT INTO public.events VALUES (3, '2026-01-01', 'new'), (4, '2026-01-01', 'new') ON CONFLICT DO NOTHING | 4
            INSERT INTO public.events VALUES (3, '2026-01-01', 'new'), (4, '2026-01-01', 'new') \
            ON CONFLICT (id, at) DO UPDATE SET note = EXCLUDED.note | 3,3,4
            INSERT INTO public.events VALUES (3, '2026-01-01', 'new') ON CONFLICT (id, at) DO UPDATE SET id = 30 | 3,30
            MERGE INTO public.events AS e USING generate_series(2, 4) AS i ON e.id = i WHEN MATCHED AND i = 2 THEN DELETE \
            WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (i, '2026-01-01', 'new') | 2,3,3,4
            COPY public.events FROM PROGRAM 'printf "4\\t2026-01-01\\tnew\\n5\\t2026-01-01\\t\\\\\\\\N\\n"' | 4,5
            WITH gone AS (DELETE FROM public.events WHERE id < 3 RETURNING *) \
            INSERT INTO public.events SELECT id + 10, at, note FROM gone | 1,2,11,12
            DO $$ BEGIN INSERT INTO public.events VALUES (4, '2026-01-01', 'new'); RAISE 'no'; EXCEPTION WHEN others THEN NULL; END $$ | ''
            """)
    void journalsEveryStatementThatWrites(String statement, String keys) {
        createEvents();
        Copied copied = journalled();

        database.execute(statement);

        assertThat(copied.keys()).containsExactlyInAnyOrder(keys.isEmpty() ? new String[0] : keys.split(",", -1));
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    /** As a subscription applies them; a superuser's restore does the same. */
    @Test
    void journalsReplicatedChanges() {
        createEvents();
        Copied copied = journalled();
        Client client = database.client();
        client.execute("SET session_replication_role = replica");

        client.execute(
                "INSERT INTO public.events VALUES (4, '2026-01-01', 'new')",
                "UPDATE public.events SET note = 'changed' WHERE id = 2",
                "DELETE FROM public.events WHERE id = 3");

        assertThat(copied.keys()).containsExactly("4", "2", "2", "3");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @Test
    void journalsRowsThatAForeignKeyDeletesAndChanges() {
        database.execute(
                "CREATE TABLE public.kinds (kind text PRIMARY KEY)",
                "INSERT INTO public.kinds VALUES ('a'), ('b')",
                """
                CREATE TABLE public.events (
                    id bigint, at timestamp NOT NULL, kind text REFERENCES public.kinds ON DELETE CASCADE ON UPDATE CASCADE,
                    PRIMARY KEY (id, at))
                """,
                "INSERT INTO public.events VALUES (1, '2026-01-01', 'a'), (2, '2026-01-01', 'b'), (3, '2026-01-01', NULL)");
        Copied copied = journalled();

        database.execute("DELETE FROM public.kinds WHERE kind = 'a'", "UPDATE public.kinds SET kind = 'c'");

        assertThat(copied.keys()).containsExactly("1", "2", "2");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @Test
    void journalsKeysAsTriggersOfTheApplicationLeaveThem() {
        createEvents();
        database.execute("""
                CREATE FUNCTION public.shift() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    NEW.id := NEW.id + 100;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER shift BEFORE INSERT OR UPDATE ON public.events FOR EACH ROW EXECUTE FUNCTION public.shift();
                """);
        Copied copied = journalled();

        database.execute(
                "INSERT INTO public.events VALUES (4, '2026-01-01', 'new')",
                "UPDATE public.events SET note = 'changed' WHERE id = 2");

        assertThat(copied.keys()).containsExactly("104", "2", "102");
    }

    @Test
    void journalsNothingOfWhatIsRolledBack() {
        createEvents();
        Copied copied = journalled();

        database.execute(
                "BEGIN",
                "DELETE FROM public.events WHERE id = 1",
                "SAVEPOINT here",
                "DELETE FROM public.events WHERE id = 2",
                "ROLLBACK TO here",
                "COMMIT",
                "BEGIN",
                "DELETE FROM public.events WHERE id = 3",
                "ROLLBACK");

        assertThat(copied.keys()).containsExactly("1");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    /** As variables of the trigger's language are called, as the journal's own names are, and as nobody should call one. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "found",
                "tg_op",
                "new",
                "old",
                "changed",
                "seq",
                "s",
                "k",
                "partition",
                "partman_key_1",
                "partman_key_2",
                "Select",
                "a \"quoted\" one",
                "it's $1 $$ {table} :name ? \\",
                "ö%I.%s"
            })
    void journalsTablesWhoseColumnsHaveSuchNames(String name) {
        String column = new Identifier(name).sql();
        database.execute(
                "CREATE TABLE public.events (%1$s bigint, at timestamp NOT NULL, note text, PRIMARY KEY (%1$s, at))"
                        .formatted(column),
                "INSERT INTO public.events SELECT i, '2026-01-01', 'old' FROM " + ROWS);
        Copied copied = journalled();

        database.execute(
                "INSERT INTO public.events VALUES (4, '2026-01-01', 'new')",
                "UPDATE public.events SET %1$s = 20 WHERE %1$s = 2".formatted(column),
                "DELETE FROM public.events WHERE %s = 3".formatted(column));

        assertThat(copied.keys()).containsExactly("4", "2", "20", "3");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"new", "old", "Order \"Lines\" $1", "it's $$ {journal} :name ? \\", "changed"})
    void journalsTablesThatHaveSuchNames(String name) {
        QualifiedName table = QualifiedName.of("App's \"$$\"", name);
        database.execute(
                "CREATE SCHEMA " + table.schema().sql(),
                "CREATE TABLE %s (id bigint, \"new\" timestamp NOT NULL, \"old\" text, \"found\" text UNIQUE, PRIMARY KEY (\"new\", id))"
                        .formatted(table.sql()),
                "INSERT INTO %s SELECT i, '2026-01-01', 'old' FROM %s".formatted(table.sql(), ROWS));
        Copied copied = new Copied(table, "new");

        database.execute(
                "UPDATE %s SET \"new\" = '2026-02-01' WHERE id = 2".formatted(table.sql()),
                "DELETE FROM %s WHERE id = 3".formatted(table.sql()));

        assertThat(copied.keys()).containsExactly("2026-01-01 00:00:00", "2026-02-01 00:00:00", "2026-01-01 00:00:00");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    /** Values that such a key takes for the same are kept apart in the copy, as they are in the table. */
    @ParameterizedTest
    @ValueSource(
            strings = {"text COLLATE public.without_case", "public.citext", "varchar(20) COLLATE public.without_case"})
    void journalsKeysThatHaveNoCase(String type) {
        database.execute(
                "CREATE EXTENSION citext SCHEMA public",
                "CREATE COLLATION public.without_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                "CREATE TABLE public.events (code %s, at timestamp NOT NULL, note text, PRIMARY KEY (code, at))"
                        .formatted(type),
                "INSERT INTO public.events VALUES ('a', '2026-01-01', 'old'), ('b', '2026-01-01', 'old'), ('c', '2026-01-01', 'old')");
        Copied copied = journalled();

        database.execute(
                "UPDATE public.events SET code = 'A' WHERE code = 'a'",
                "DELETE FROM public.events WHERE code = 'B'",
                "INSERT INTO public.events VALUES ('B', '2026-01-01', 'new')");

        assertThat(copied.keys()).containsExactly("a", "A", "b", "B");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            numeric             | 1.0            | 1.00
            float8              | 0              | -0
            char(8)             | a              | b
            bytea               | \\x00          | \\x01
            interval            | 1 day          | 24 hours
            uuid                | 00000000-0000-0000-0000-000000000000 | 00000000-0000-0000-0000-000000000001
            jsonb               | {"a": 1}       | {"a": 1.0}
            integer[]           | {1,2}          | {2,1}
            int4range           | [1,3)          | [1,4)
            public.mood         | calm           | hasty
            public.positive     | 1              | 2
            timestamptz         | 2026-01-01     | infinity
            inet                | 10.0.0.1       | 10.0.0.1/8
            """)
    void journalsKeysOfEveryKind(String type, String value, String next) {
        database.execute(
                "CREATE TYPE public.mood AS ENUM ('calm', 'hasty')",
                "CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0)",
                "CREATE TABLE public.events (code %s, at timestamp NOT NULL, note text, PRIMARY KEY (at, code))"
                        .formatted(type),
                "INSERT INTO public.events VALUES ('%s', '2026-01-01', 'old')".formatted(value));
        Copied copied = journalled();

        database.execute("UPDATE public.events SET code = '%s', note = 'changed'".formatted(next));

        assertThat(copied.keys()).hasSize(2);
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @Test
    void journalsAKeyThatIsGenerated() {
        database.execute("""
                CREATE TABLE public.events (
                    name text, at timestamp NOT NULL, code text GENERATED ALWAYS AS (lower(name)) STORED, PRIMARY KEY (code, at))
                """, "INSERT INTO public.events VALUES ('Ada', '2026-01-01'), ('Bob', '2026-01-01')");
        Copied copied = journalled();

        database.execute("UPDATE public.events SET name = 'Eve' WHERE code = 'bob'");

        assertThat(copied.keys()).containsExactly("bob", "eve");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    @Test
    void journalsTablesThatHaveLostAColumn() {
        createEvents();
        database.execute(
                "ALTER TABLE public.events DROP CONSTRAINT events_pkey, ADD COLUMN code bigint",
                "UPDATE public.events SET code = id + 10",
                "ALTER TABLE public.events DROP COLUMN id, ADD PRIMARY KEY (code, at)");
        Copied copied = journalled();

        database.execute("UPDATE public.events SET note = 'changed' WHERE code = 12");

        assertThat(copied.keys()).containsExactly("12", "12");
        assertThat(copied.differencesWhenApplied()).isEmpty();
    }

    /** A migration makes the conversion begin anew; until then nobody's statements may fail. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ADD COLUMN more text DEFAULT 'more'",
                "DROP COLUMN first",
                "DROP COLUMN note",
                "ALTER COLUMN first TYPE bigint",
                "ALTER COLUMN note TYPE varchar(100)",
                "RENAME COLUMN note TO remark",
                "RENAME TO renamed",
                "SET SCHEMA app"
            })
    void letsConnectionsThatAreOpenAndNewOnesWriteWhenTheTableIsAltered(String alteration) {
        database.execute("CREATE SCHEMA app");
        database.execute(
                "CREATE TABLE public.events (first integer, id bigint, at timestamp NOT NULL, note text, PRIMARY KEY (id, at))",
                "INSERT INTO public.events SELECT i, i, '2026-01-01', 'old' FROM " + ROWS);
        Copied copied = journalled();
        Client open = database.client();
        String update = "UPDATE %s SET id = id + 10 WHERE id = %d";
        open.execute(update.formatted("public.events", 1));

        database.execute("ALTER TABLE public.events " + alteration);

        String now = String.valueOf(database.single("SELECT %d::regclass".formatted(copied.shape.oid())));
        open.execute(update.formatted(now, 2));
        database.client().execute(update.formatted(now, 3));
        assertThat(copied.keys()).containsExactly("1", "11", "2", "12", "3", "13");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            SELECT 1                                                                  | public.events
            ALTER TABLE public.events RENAME TO renamed                               | public.renamed
            ALTER TABLE public.events SET SCHEMA app                                  | app.events
            ALTER TABLE public.events RENAME TO renamed; CREATE TABLE public.events (LIKE public.renamed) | public.renamed
            ALTER TABLE public.events DISABLE TRIGGER partman_sidecar_capture         | public.events
            DROP TRIGGER partman_sidecar_capture ON public.events                     | public.events
            DROP TABLE public.events; CREATE TABLE public.events (id bigint)          | public.events
            """)
    void endsWhateverHasBecomeOfTheTable(String what, String table) {
        createEvents();
        database.execute("CREATE SCHEMA app");
        Copied copied = journalled();
        database.execute(what);

        StepCase.run(database, new DropJournal(EVENTS, copied.shape.oid()));

        assertThat(database.strings("SELECT proname FROM pg_proc WHERE pronamespace = 'partman_sidecar'::regnamespace"))
                .isEmpty();
        assertThat(database.strings("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
                .isEmpty();
        assertThat(database.strings("SELECT relname FROM pg_class WHERE relname LIKE 'journal\\_%'"))
                .isEmpty();
        assertThatCode(() -> database.execute("INSERT INTO %s (id) SELECT 9 WHERE false".formatted(table)))
                .doesNotThrowAnyException();
    }
}
