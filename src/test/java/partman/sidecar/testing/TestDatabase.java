package partman.sidecar.testing;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.TestSessions;

/**
 * A database of one test, with a superuser's connection that {@link #execute} and the queries use. It is made when its name is
 * first asked for, and is empty unless a {@link Template} was copied to it. Whatever is opened here is closed with the
 * database, which is then dropped together with its roles.
 */
public final class TestDatabase implements AutoCloseable {

    private final PostgresServer server;
    private final String name;
    private final Deque<Runnable> closers = new ArrayDeque<>();
    private final Deque<Identifier> roles = new ArrayDeque<>();
    private boolean made;
    private @Nullable Client superuser;

    TestDatabase(PostgresServer server, String name) {
        this.server = server;
        this.name = name;
    }

    /** One that is there already. */
    static TestDatabase existing(PostgresServer server, String name) {
        TestDatabase database = new TestDatabase(server, name);
        database.made = true;
        return database;
    }

    /** Makes the database, unless it is there. */
    void make() {
        if (!made) {
            makeFrom("template1");
        }
    }

    /** Unless told to copy files, PostgreSQL logs each block of the copy, which takes longer where the files are in memory. */
    private void makeFrom(String template) {
        onServer("CREATE DATABASE %s TEMPLATE %s STRATEGY FILE_COPY"
                .formatted(new Identifier(name).sql(), new Identifier(template).sql()));
        made = true;
    }

    private void drop() {
        if (made) {
            onServer("DROP DATABASE IF EXISTS " + new Identifier(name).sql() + " WITH (FORCE)");
        }
    }

    private void onServer(String... statements) {
        try (Client client = Client.connect(server.jdbcUrl(PostgresServer.SUPERUSER), PostgresServer.SUPERUSER)) {
            client.execute(statements);
        }
    }

    /** Runs statements as superuser; each may be several, separated by semicolons. */
    public void execute(String... statements) {
        superuser().execute(statements);
    }

    /** All rows of a superuser's query, each as the JDBC driver's values. */
    public List<List<@Nullable Object>> query(String sql) {
        return superuser().query(sql);
    }

    /** The value of a superuser's query that gives one row with one column. */
    public @Nullable Object single(String sql) {
        return superuser().single(sql);
    }

    /** The first column of a superuser's query, as text ({@code "null"} for null). */
    public List<String> strings(String sql) {
        return superuser().strings(sql);
    }

    private Client superuser() {
        Client client = superuser;
        if (client == null || !client.isUsable()) {
            client = client();
            superuser = client;
        }
        return client;
    }

    /** A connection of the superuser, of its own: one that holds a lock, for example. */
    public Client client() {
        return client(PostgresServer.SUPERUSER);
    }

    /** A connection of a role made by {@link #createRole}. */
    public Client client(String role) {
        Client client = Client.connect(jdbcUrl(), role);
        closers.push(client::close);
        return client;
    }

    /** A plain JDBC connection of the superuser. */
    public Connection connect() {
        return client().connection();
    }

    /** A session of the superuser, as the code under test uses it. */
    public Session session() {
        return session(PostgresServer.SUPERUSER);
    }

    /** A session of a role made by {@link #createRole}. */
    public Session session(String role) {
        Session session = TestSessions.of(client(role).connection());
        closers.push(session::close);
        return session;
    }

    /** The database as the code under test knows it, for the superuser. */
    public Database database() {
        return database(PostgresServer.SUPERUSER);
    }

    /** The database as the code under test knows it, for a role made by {@link #createRole}. */
    public Database database(String role) {
        try {
            AgroalDataSource pool = AgroalDataSource.from(new AgroalDataSourceConfigurationSupplier()
                    .connectionPoolConfiguration(connections -> connections
                            .maxSize(10)
                            .acquisitionTimeout(Duration.ofSeconds(5))
                            .connectionFactoryConfiguration(factory -> factory.jdbcUrl(jdbcUrl())
                                    .principal(new NamePrincipal(role))
                                    .credential(new SimplePassword(role)))));
            closers.push(pool::close);
            return TestSessions.database(pool);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Makes a role that may log in, with its own name as password. Roles belong to the server: one of the same name must not
     * exist, and it is dropped with this database.
     *
     * @param attributes further attributes such as {@code SUPERUSER}, or none
     */
    public void createRole(String role, String... attributes) {
        Identifier identifier = new Identifier(role);
        roles.push(identifier);
        execute("CREATE ROLE " + identifier.sql() + " LOGIN PASSWORD "
                + Literal.of(role).sql());
        for (String attribute : attributes) {
            execute("ALTER ROLE " + identifier.sql() + " " + attribute);
        }
    }

    /** Creates pg_partman in schema {@code partman}, as Lago does. */
    public void installPartman() {
        execute("CREATE SCHEMA partman", "CREATE EXTENSION pg_partman SCHEMA partman");
    }

    /**
     * Has the database take its pg_partman for the version before the one that the server offers, with what the update from
     * there adds (5.5.0 is the first that adds something) taken away.
     */
    public void pretendOlderPartman() {
        execute("""
                ALTER TABLE partman.part_config
                    DROP COLUMN IF EXISTS detach_before_drop, DROP COLUMN IF EXISTS maintenance_role CASCADE;
                ALTER TABLE partman.part_config_sub
                    DROP COLUMN IF EXISTS sub_detach_before_drop, DROP COLUMN IF EXISTS sub_maintenance_role CASCADE;
                DO $$
                DECLARE
                    added regprocedure;
                BEGIN
                    FOR added IN
                        SELECT p.oid
                        FROM pg_proc AS p
                        WHERE p.pronamespace = 'partman'::regnamespace
                          AND p.proname IN ('partman_safe_obj_name', 'inherit_parent_properties')
                    LOOP
                        EXECUTE format('ALTER EXTENSION pg_partman DROP FUNCTION %s', added);
                        EXECUTE format('DROP FUNCTION %s', added);
                    END LOOP;
                END $$;
                UPDATE pg_extension AS e
                SET extversion = (
                    SELECT p.source
                    FROM pg_available_extensions AS a, pg_extension_update_paths(a.name) AS p
                    WHERE a.name = 'pg_partman' AND p.target = a.default_version AND p.path = p.source || '--' || p.target)
                WHERE e.extname = 'pg_partman'
                """);
    }

    public String name() {
        make();
        return name;
    }

    public String jdbcUrl() {
        return server.jdbcUrl(name());
    }

    /** The superuser's {@code DATABASE_URL}. */
    public String databaseUrl() {
        return databaseUrl(PostgresServer.SUPERUSER);
    }

    /** The {@code DATABASE_URL} of a role made by {@link #createRole}. */
    public String databaseUrl(String role) {
        String encoded = URLEncoder.encode(role, StandardCharsets.UTF_8).replace("+", "%20");
        return "postgresql://%s:%s@127.0.0.1:%d/%s".formatted(encoded, encoded, server.port(), name());
    }

    /** The server this database is on. */
    public PostgresServer server() {
        return server;
    }

    /** Puts a copy of another database, which nobody may be connected to, in the place of this one. */
    void replaceByCopyOf(TestDatabase original) {
        disconnect();
        drop();
        makeFrom(original.name());
    }

    /** Closes every connection that was opened here. */
    void disconnect() {
        while (!closers.isEmpty()) {
            closers.pop().run();
        }
    }

    /** Drops the database and its roles, whoever is still connected. */
    @Override
    public void close() {
        disconnect();
        drop();
        while (!roles.isEmpty()) {
            onServer("DROP ROLE IF EXISTS " + roles.pop().sql());
        }
    }
}
