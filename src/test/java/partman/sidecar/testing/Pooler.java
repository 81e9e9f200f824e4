package partman.sidecar.testing;

import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** A PgBouncer in front of a server. It lets everybody in, as the superuser. */
public final class Pooler implements AutoCloseable {

    private final GenericContainer<?> container;
    private final int port;
    private final TestDatabase database;

    private Pooler(GenericContainer<?> container, int port, TestDatabase database) {
        this.container = container;
        this.port = port;
        this.database = database;
    }

    /**
     * Starts one in front of this database. With {@code mode} {@code transaction} two statements of one connection meet two
     * backends; with {@code session} they don't.
     */
    // the container lives on in what is returned; Testcontainers removes it at the JVM's end at the latest
    @SuppressWarnings("resource")
    public static Pooler inFrontOf(TestDatabase database, String mode) {
        PostgresServer server = database.server();
        GenericContainer<?> container = new GenericContainer<>("partman-sidecar/pgbouncer:test")
                .withEnv("TARGET_HOST", server.hostForContainers())
                .withEnv("TARGET_PORT", Integer.toString(server.portForContainers()))
                .withEnv("TARGET_USER", PostgresServer.SUPERUSER)
                .withEnv("TARGET_PASSWORD", PostgresServer.SUPERUSER)
                .withEnv("POOL_MODE", mode)
                .waitingFor(Wait.forLogMessage(".*process up.*", 1));
        int port = Engine.publish(container, 6432, "PORT", "LISTEN");
        Engine.start(container);
        Pooler pooler = new Pooler(container, port, database);
        pooler.openTwoBackends();
        return pooler;
    }

    /** Two transactions at a time need two backends, which then take turns. */
    private void openTwoBackends() {
        try (Client one = Client.connect(jdbcUrl(), PostgresServer.SUPERUSER);
                Client two = Client.connect(jdbcUrl(), PostgresServer.SUPERUSER)) {
            one.execute("BEGIN", "SELECT 1");
            two.execute("BEGIN", "SELECT 1");
            one.execute("COMMIT");
            two.execute("COMMIT");
        }
    }

    public String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database.name());
    }

    /** The superuser's {@code DATABASE_URL}. */
    public String databaseUrl() {
        return "postgresql://%1$s:%1$s@127.0.0.1:%2$d/%3$s".formatted(PostgresServer.SUPERUSER, port, database.name());
    }

    @Override
    public void close() {
        container.stop();
    }
}
