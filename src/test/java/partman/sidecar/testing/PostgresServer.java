package partman.sidecar.testing;

import com.github.dockerjava.api.model.ContainerNetwork;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ExecConfig;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.MountableFile;

/**
 * A PostgreSQL server in a container, reached on a port of 127.0.0.1. It is tuned for speed and does not survive a crash of
 * the machine, only one of its own.
 *
 * <p>Tests usually need no more than the {@link TestDatabase} that {@link Postgres} gives them. A test that takes its
 * server away starts one of its own:
 *
 * <pre>{@code
 * try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
 *     TestDatabase database = server.createDatabase();
 *     server.kill();
 *     server.start();
 * }
 * }</pre>
 */
public final class PostgresServer implements AutoCloseable {

    static final String SUPERUSER = "postgres";

    private static final int PORT = 5432;
    private static final String SOCKETS = "/var/run/postgresql";

    /** Copies the server that its first argument names, when the container first starts; the others go to the server. */
    private static final String REPLICATE = """
            source=$1
            shift
            [ -s "$PGDATA/PG_VERSION" ] ||
                pg_basebackup --dbname="$source" --pgdata="$PGDATA" --checkpoint=fast --no-sync --write-recovery-conf &&
                exec entrypoint "$@"
            """;

    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Map<Server, PostgresServer> SHARED = new EnumMap<>(Server.class);

    // not synchronous_commit=off, which loses commits when the server is killed; without fsync it gains nothing
    private static final List<String> SETTINGS = List.of(
            "fsync=off",
            "full_page_writes=off",
            "max_connections=200",
            "wal_level=logical",
            "max_locks_per_transaction=256");

    private final Server version;
    private final GenericContainer<?> container;
    private final int port;
    private final AtomicInteger databasesMade = new AtomicInteger();
    private final List<TestDatabase> databases = new CopyOnWriteArrayList<>();

    private PostgresServer(Server version, GenericContainer<?> container, int port) {
        this.version = version;
        this.container = container;
        this.port = port;
    }

    /** The server that all test classes share; started on first use, gone with the JVM. */
    static PostgresServer shared(Server server) {
        synchronized (SHARED) {
            return SHARED.computeIfAbsent(server, wanted -> start(wanted, Map.of()));
        }
    }

    /** Starts a server for one test, to be closed by it. */
    public static PostgresServer startOwn(Server server) {
        return startOwn(server, Map.of());
    }

    /**
     * Starts a server for one test, to be closed by it.
     *
     * @param environment variables for {@code docker/postgres/entrypoint}, for example {@code PRELOAD}
     * @param settings what {@code postgresql.conf} would hold, each as {@code name=value}
     */
    public static PostgresServer startOwn(Server server, Map<String, String> environment, String... settings) {
        return start(server, environment, settings);
    }

    /** Starts a server that offers TLS, for one test, to be closed by it. Certificate and key are PEM files. */
    public static PostgresServer startOwnWithTls(Server server, Path certificate, Path key) {
        return start(
                server,
                Map.of("PGSSL_CERT", "/tls/server.crt", "PGSSL_KEY", "/tls/server.key"),
                Map.of("/tls/server.crt", certificate, "/tls/server.key", key));
    }

    private static PostgresServer start(Server server, Map<String, String> environment, String... settings) {
        return start(server, environment, Map.of(), settings);
    }

    /** {@code files} are files of this machine by their paths in the container. */
    private static PostgresServer start(
            Server server, Map<String, String> environment, Map<String, Path> files, String... settings) {
        GenericContainer<?> container = container(server)
                .withEnv("POSTGRES_USER", SUPERUSER)
                .withEnv("POSTGRES_PASSWORD", SUPERUSER)
                .withEnv(environment)
                .withCommand(arguments(settings).toArray(String[]::new));
        files.forEach((path, file) -> container.withCopyFileToContainer(MountableFile.forHostPath(file), path));
        return start(server, container, Engine.freePort());
    }

    // the container lives on in what is returned; Testcontainers removes it at the JVM's end at the latest
    @SuppressWarnings("resource")
    private static GenericContainer<?> container(Server server) {
        return new GenericContainer<>(server.image())
                .withEnv("PRELOAD", "")
                .withSharedMemorySize(256L * 1024 * 1024)
                .waitingFor(Wait.forLogMessage(".*database system is ready to accept (read-only )?connections.*", 1)
                        .withStartupTimeout(START_LIMIT));
    }

    private static PostgresServer start(Server server, GenericContainer<?> container, int port) {
        Engine.publish(container, PORT, port, "PGPORT", "PGLISTEN");
        Engine.start(container);
        return new PostgresServer(server, container, port);
    }

    private static List<String> arguments(String... settings) {
        List<String> arguments = new ArrayList<>();
        for (String setting : SETTINGS) {
            arguments.addAll(List.of("-c", setting));
        }
        for (String setting : settings) {
            arguments.addAll(List.of("-c", setting));
        }
        return arguments;
    }

    /** Makes an empty database, dropped when it or the server is closed. */
    public TestDatabase createDatabase() {
        TestDatabase database = promiseDatabase();
        database.make();
        return database;
    }

    /** A database that is made when it is first used. */
    TestDatabase promiseDatabase() {
        TestDatabase database = new TestDatabase(this, "test_" + databasesMade.incrementAndGet());
        databases.add(database);
        return database;
    }

    /** The database that the server was made with, by the variable {@code POSTGRES_DB}. */
    public TestDatabase initialDatabase(String name) {
        TestDatabase database = TestDatabase.existing(this, name);
        databases.add(database);
        return database;
    }

    /** Runs a script by psql as superuser, up to its first error; gives what psql printed. */
    public String psql(TestDatabase database, String script) {
        container.copyFileToContainer(Transferable.of(script), "/tmp/script.sql");
        return inContainer(
                "psql",
                "--no-psqlrc",
                "--username=" + SUPERUSER,
                "--dbname=" + database.name(),
                "--host=" + SOCKETS,
                "--set=ON_ERROR_STOP=1",
                "--file=/tmp/script.sql");
    }

    /** Runs a program as the user that PostgreSQL runs as; gives what it printed. */
    private String inContainer(String... command) {
        try {
            ExecResult result = container.execInContainer(
                    ExecConfig.builder().user("postgres").command(command).build());
            if (result.getExitCode() != 0) {
                throw new AssertionError("%s ended with %d: %s%s"
                        .formatted(command[0], result.getExitCode(), result.getStdout(), result.getStderr()));
            }
            return result.getStdout();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /**
     * Starts a replica of this server, to be closed by the test. It is a server of its own, in another container, and follows this
     * one until it is promoted.
     */
    public PostgresServer startReplica() {
        return startReplica(Engine.freePort());
    }

    /** Starts a replica where another server has been: a primary that comes back behind the one that has taken its place. */
    public PostgresServer startReplica(int replicaPort) {
        allowReplicas();
        List<String> command = new ArrayList<>(List.of("bash", "-c", REPLICATE, "replicate"));
        command.add("host=%s port=%d user=%s password=%s"
                .formatted(hostForContainers(), portForContainers(), SUPERUSER, SUPERUSER));
        command.addAll(arguments());
        return start(version, container(version).withCommand(command.toArray(String[]::new)), replicaPort);
    }

    /** Containers with networks of their own come from addresses that initdb knows nothing of. */
    private void allowReplicas() {
        inContainer(
                "bash",
                "-c",
                "echo 'host replication all all scram-sha-256' >>\"$PGDATA/pg_hba.conf\" && pg_ctl reload --silent");
    }

    /** A database of the primary as this server, its replica, has it. */
    public TestDatabase replicated(TestDatabase original) {
        TestDatabase database = TestDatabase.existing(this, original.name());
        databases.add(database);
        return database;
    }

    /** Stops or resumes the replay of a replica, which goes on to receive what it is to replay. */
    public void replay(boolean on) {
        onReplica("SELECT pg_wal_replay_%s()".formatted(on ? "resume" : "pause"));
    }

    /** Makes a replica a primary, and waits until it is one. */
    public void promote() {
        onReplica("SELECT pg_promote()");
    }

    private void onReplica(String statement) {
        try (Client client = Client.connect(jdbcUrl(SUPERUSER), SUPERUSER)) {
            client.query(statement);
        }
    }

    /** Waits until this server, a replica, has replayed all that its primary has written until now. */
    public void awaitReplayOf(PostgresServer primary) {
        try (Client source = Client.connect(primary.jdbcUrl(SUPERUSER), SUPERUSER);
                Client replica = Client.connect(jdbcUrl(SUPERUSER), SUPERUSER)) {
            Object written = source.single("SELECT pg_current_wal_lsn()::text");
            Awaitility.await("replay up to " + written)
                    .atMost(START_LIMIT)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> Objects.equals(
                            replica.single("SELECT pg_last_wal_replay_lsn() >= '%s'".formatted(written)), true));
        }
    }

    public int port() {
        return port;
    }

    /** Shuts the server down as an administrator would; its data stay. */
    public void stop() {
        Engine.client().stopContainerCmd(container.getContainerId()).exec();
    }

    /** Kills all of the server's processes at once; its data stay. */
    public void kill() {
        Engine.client().killContainerCmd(container.getContainerId()).exec();
        Engine.client().waitContainerCmd(container.getContainerId()).start().awaitStatusCode();
    }

    /** Starts the server again on the same port, and waits until it serves. */
    public void start() {
        Engine.client().startContainerCmd(container.getContainerId()).exec();
        Awaitility.await("server is back")
                .atMost(START_LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .ignoreExceptions()
                .until(this::answers);
    }

    private boolean answers() {
        try (Client client = Client.connect(jdbcUrl(SUPERUSER), SUPERUSER)) {
            return Objects.equals(client.single("SELECT 1"), 1);
        }
    }

    /** Where another container reaches this one. */
    String hostForContainers() {
        if (!Engine.hasBridge()) {
            return "127.0.0.1";
        }
        return container.getContainerInfo().getNetworkSettings().getNetworks().values().stream()
                .map(ContainerNetwork::getIpAddress)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseThrow();
    }

    int portForContainers() {
        return Engine.hasBridge() ? PORT : port;
    }

    String jdbcUrl(String database) {
        return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
    }

    @Override
    public void close() {
        databases.forEach(TestDatabase::disconnect);
        container.stop();
    }
}
