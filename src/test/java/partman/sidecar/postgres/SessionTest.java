package partman.sidecar.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static partman.sidecar.postgres.Sql.sql;

import java.time.Duration;
import java.util.List;
import java.util.TimeZone;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.DatabaseException.Kind;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

@Postgres
class SessionTest {

    private static final Sql INSERT = sql("INSERT INTO public.events VALUES (:id)");

    private final TestDatabase database;

    SessionTest(TestDatabase database) {
        this.database = database;
        database.execute("CREATE TABLE public.events (id bigint)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"})
    void worksInUtcWhateverTheZoneOfTheJvm(String zone) {
        Session session = inZone(zone, database::session);

        assertThat(setting(session, "TimeZone")).isEqualTo("UTC");
        assertThat(text(session, sql("SELECT '2026-03-29 00:30'::timestamptz::text AS text")))
                .isEqualTo("2026-03-29 00:30:00+00");
    }

    @ParameterizedTest
    @ValueSource(strings = {"timestamp", "timestamptz"})
    void readsTheSameTextHoweverOftenAStatementRuns(String type) {
        Session session = database.session();
        Sql query = sql("SELECT {moment} AS text WHERE :yes")
                .with("moment", new Definition("'2026-03-29 02:30'::" + type))
                .bind("yes", true);

        List<String> texts = inZone(
                "Europe/Berlin",
                () -> Stream.generate(() -> text(session, query))
                        .limit(12)
                        .distinct()
                        .toList());

        assertThat(texts).hasSize(1);
    }

    @Test
    void looksUpNamesInPgCatalogAlone() {
        database.execute("CREATE FUNCTION public.now() RETURNS text LANGUAGE sql AS $$ SELECT 'not now' $$");
        database.execute("ALTER DATABASE " + new Identifier(database.name()).sql() + " SET search_path = public");

        try (Session session = database.session()) {
            assertThat(setting(session, "search_path")).isEqualTo("pg_catalog");
            assertThatThrownBy(() -> session.execute(sql("SELECT * FROM events")))
                    .hasMessageContaining("\"events\" does not exist");
        }
    }

    @Test
    void waitsNotLongForLocksAndAsLongAsNeededForStatements() {
        Session session = database.session();

        assertThat(setting(session, "lock_timeout")).isEqualTo("2s");
        assertThat(setting(session, "statement_timeout")).isEqualTo("0");
        assertThat(setting(session, "standard_conforming_strings")).isEqualTo("on");
        assertThat(setting(session, "application_name")).isEqualTo("partman-sidecar");
    }

    @Test
    void cancelsAStatementThatTakesTooLong() {
        try (Session session = database.database().openLimited(Duration.ofMillis(50))) {
            ThrowingCallable sleeping = () -> session.execute(sql("SELECT pg_sleep(10)"));

            assertThatExceptionOfType(DatabaseException.class)
                    .isThrownBy(sleeping)
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.RETRYABLE));
        }
    }

    @Test
    void failsRatherThanReadATableThroughItsPolicies() {
        database.createRole("app");
        database.execute("ALTER TABLE public.events ENABLE ROW LEVEL SECURITY", "GRANT SELECT ON public.events TO app");
        Session session = database.session("app");

        assertThatThrownBy(() -> session.execute(sql("SELECT * FROM public.events")))
                .hasMessageContaining("row-level security");
    }

    @Test
    void commitsATransaction() {
        Session session = database.session();

        long changed = session.inTransaction(() -> session.update(INSERT.bind("id", 1)));

        assertThat(changed).isEqualTo(1);
        assertThat(database.strings("SELECT id FROM public.events")).containsExactly("1");
    }

    @Test
    void rollsATransactionBackWhenItsWorkFails() {
        Session session = database.session();

        ThrowingCallable failing = () -> session.inTransaction(() -> {
            session.update(INSERT.bind("id", 1));
            throw new IllegalStateException("changed my mind");
        });

        assertThatThrownBy(failing).hasMessage("changed my mind");
        assertThat(database.strings("SELECT id FROM public.events")).isEmpty();
        assertThat(session.update(INSERT.bind("id", 2))).isEqualTo(1);
        assertThat(database.strings("SELECT id FROM public.events")).containsExactly("2");
    }

    @Test
    void rollsATransactionBackWhenAStatementFails() {
        Session session = database.session();

        ThrowingCallable failing = () -> session.inTransaction(() -> {
            session.update(INSERT.bind("id", 1));
            return session.query(sql("SELECT 1 / 0"), row -> row.number("x"));
        });

        assertThatExceptionOfType(DatabaseException.class)
                .isThrownBy(failing)
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.PERMANENT));
        assertThat(database.strings("SELECT id FROM public.events")).isEmpty();
    }

    @Test
    void failsWhenTheConstraintsAtTheEndOfATransactionDo() {
        database.execute("ALTER TABLE public.events ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED");
        Session session = database.session();

        ThrowingCallable failing = () -> session.inTransaction(
                () -> session.update(INSERT.bind("id", 1)) + session.update(INSERT.bind("id", 1)));

        assertThatExceptionOfType(DatabaseException.class)
                .isThrownBy(failing)
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.PERMANENT));
        assertThat(database.strings("SELECT id FROM public.events")).isEmpty();
    }

    @Test
    void failsAsRetryableWhenALockIsNotGrantedInTime() {
        Client reader = database.client();
        reader.execute("BEGIN", "SELECT FROM public.events");
        Session session = database.session();

        ThrowingCallable locking = () -> session.inTransaction(() -> {
            session.execute(sql("SET LOCAL lock_timeout = {limit}").with("limit", Literal.of("50ms")));
            session.execute(sql("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE"));
            return true;
        });

        assertThatExceptionOfType(DatabaseException.class).isThrownBy(locking).satisfies(e -> {
            assertThat(e.kind()).isEqualTo(Kind.RETRYABLE);
            assertThat(e.isLockTimeout()).isTrue();
        });
        assertThat(setting(session, "lock_timeout")).isEqualTo("2s");
    }

    @Test
    void failsAsRetryableWhenItsConnectionIsEnded() {
        Session session = database.session();
        database.query("SELECT pg_terminate_backend(" + session.backendPid() + ")");

        assertThatExceptionOfType(DatabaseException.class)
                .isThrownBy(() -> session.execute(sql("SELECT 1")))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.RETRYABLE));
        session.close();
    }

    @Test
    void failsAsRetryableWhenItsConnectionIsEndedInATransaction() {
        Session session = database.session();

        ThrowingCallable failing = () -> session.inTransaction(() -> {
            database.query("SELECT pg_terminate_backend(" + session.backendPid() + ")");
            return session.update(INSERT.bind("id", 1));
        });

        assertThatExceptionOfType(DatabaseException.class)
                .isThrownBy(failing)
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.RETRYABLE));
        session.close();
    }

    @Test
    void releasesItsAdvisoryLocksWhenClosed() {
        Database pool = database.database();
        Session holder = pool.open();
        Session other = pool.open();
        assertThat(AdvisoryLock.LEADER.tryTake(holder)).isTrue();
        assertThat(AdvisoryLock.LEADER.tryTake(other)).isFalse();

        holder.close();

        assertThat(AdvisoryLock.LEADER.tryTake(other)).isTrue();
    }

    @Test
    void sendsQuestionMarksAndBracesAsTheyAre() {
        Session session = database.session();

        assertThat(text(session, sql("SELECT 'a?b{c}' AS text"))).isEqualTo("a?b{c}");
        assertThat(text(
                        session,
                        sql("SELECT (:json::jsonb ? 'a')::text AS text").bind("json", "{\"a\": 1}")))
                .isEqualTo("true");
        assertThat(text(session, sql("SELECT :a || 'a?b{c}' AS text").bind("a", "?")))
                .isEqualTo("?a?b{c}");
        assertThat(text(session, sql("SELECT :a || {b} AS text").bind("a", "?").with("b", Literal.of("a?b{c}"))))
                .isEqualTo("?a?b{c}");
    }

    @Test
    void findsNamesWithQuestionMarksBesideParameters() {
        database.execute("CREATE TABLE public.\"who?\" AS SELECT 7 AS \"it's {a} :note ?\"");
        Session session = database.session();

        assertThat(session.query(
                        sql("SELECT {column} AS number FROM {table} WHERE {column} = :value")
                                .with("column", new Identifier("it's {a} :note ?"))
                                .with("table", QualifiedName.of("public", "who?"))
                                .bind("value", 7),
                        row -> row.number("number")))
                .containsExactly(7L);
    }

    @Test
    void bindsListsAndNull() {
        Session session = database.session();
        Sql sql = sql("SELECT pg_catalog.array_to_string(:list::text[], '|', '-') || coalesce(:nothing, '!') AS text")
                .bind("list", List.of("a", "it's", "{b,c}", ""))
                .bind("nothing", null);

        assertThat(text(session, sql)).isEqualTo("a|it's|{b,c}|!");
    }

    @Test
    void readsValuesAndNulls() {
        Session session = database.session();

        session.query(
                sql("SELECT 'a' AS t, 7 AS n, true AS f, ARRAY['x', 'y'] AS l, NULL::text AS nt, NULL::bigint AS nn,"
                        + " NULL::boolean AS nf, NULL::text[] AS nl"),
                row -> {
                    assertThat(row.text("t")).isEqualTo("a");
                    assertThat(row.number("n")).isEqualTo(7);
                    assertThat(row.integer("n")).isEqualTo(7);
                    assertThat(row.numberOrNull("n")).isEqualTo(7L);
                    assertThat(row.flag("f")).isTrue();
                    assertThat(row.texts("l")).containsExactly("x", "y");
                    assertThat(row.textOrNull("nt")).isNull();
                    assertThat(row.numberOrNull("nn")).isNull();
                    assertThat(row.number("nn")).isZero();
                    assertThat(row.flag("nf")).isFalse();
                    assertThat(row.texts("nl")).isEmpty();
                    assertThatThrownBy(() -> row.text("nt")).hasMessage("column nt is null");
                    assertThatThrownBy(() -> row.text("other")).isInstanceOf(DatabaseException.class);
                    return true;
                });
    }

    @Test
    void handsOverWarningsOnce() {
        Session session = database.session();
        session.execute(sql("DO 'BEGIN RAISE WARNING ''look out''; RAISE NOTICE ''never mind''; END'"));

        assertThat(session.takeWarnings()).containsExactly("look out");
        assertThat(session.takeWarnings()).isEmpty();
    }

    private static String setting(Session session, String name) {
        return text(
                session, sql("SELECT pg_catalog.current_setting(:name) AS text").bind("name", name));
    }

    private static String text(Session session, Sql sql) {
        return session.requireOne(sql, row -> row.text("text"));
    }

    private static <T> T inZone(String zone, Supplier<T> work) {
        TimeZone before = TimeZone.getDefault();
        TimeZone.setDefault(TimeZone.getTimeZone(zone));
        try {
            return work.get();
        } finally {
            TimeZone.setDefault(before);
        }
    }
}
