package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** Connections by TLS, to a server whose certificate an authority of its own has signed for 127.0.0.1. */
class TlsIT {

    private static final String TABLE = "public.enriched_events";

    @TempDir
    private static Path files;

    private static PostgresServer server;
    private static TestDatabase database;

    @BeforeAll
    static void startServer() throws IOException, InterruptedException {
        makeAuthority("authority");
        makeAuthority("stranger");
        openssl(
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "server.key",
                "-out",
                "server.csr",
                "-subj",
                "/CN=db");
        openssl(
                "x509",
                "-req",
                "-in",
                "server.csr",
                "-CA",
                "authority.crt",
                "-CAkey",
                "authority.key",
                "-CAcreateserial",
                "-days",
                "2",
                "-out",
                "server.crt",
                "-extfile",
                extensions("subjectAltName=IP:127.0.0.1"));
        server = PostgresServer.startOwnWithTls(Server.PG17, files.resolve("server.crt"), files.resolve("server.key"));
        database = server.createDatabase();
        TableShapes.lagoRegistered(database);
    }

    private static void makeAuthority(String name) throws IOException, InterruptedException {
        openssl(
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-keyout",
                name + ".key",
                "-out",
                name + ".crt");
    }

    private static String extensions(String text) throws IOException {
        Files.writeString(files.resolve("extensions"), text);
        return "extensions";
    }

    private static void openssl(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        Collections.addAll(command, arguments);
        Path log = files.resolve("openssl.log");
        Process process = new ProcessBuilder(command)
                .directory(files.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IllegalStateException(command + ": " + Files.readString(log));
        }
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private static SidecarProcess serviceWith(String parameters) {
        return SidecarProcess.service(
                Map.of("DATABASE_URL", database.databaseUrl() + "?" + parameters, "PARTMAN_OBSERVE_EVERY", "1s"));
    }

    private static List<String> encryption() {
        return database.strings("""
                SELECT DISTINCT s.ssl FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid)
                WHERE a.application_name = 'partman-sidecar'
                """);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"sslmode=require", "sslmode=verify-ca&sslrootcert=%s", "sslmode=verify-full&sslrootcert=%s"})
    void connectsEncrypted(String parameters) {
        try (SidecarProcess sidecar = serviceWith(parameters.formatted(files.resolve("authority.crt")))) {
            sidecar.awaitState(TABLE, "healthy");

            assertThat(encryption()).containsExactly("true");
        }
    }

    @Test
    void connectsWithLibpqsVariables() {
        try (SidecarProcess sidecar = SidecarProcess.service(Map.of(
                "PGHOST", "127.0.0.1",
                "PGPORT", Integer.toString(server.port()),
                "PGDATABASE", database.name(),
                "PGUSER", "postgres",
                "PGPASSWORD", "postgres",
                "PGSSLMODE", "verify-full",
                "PGSSLROOTCERT", files.resolve("authority.crt").toString()))) {
            sidecar.awaitState(TABLE, "healthy");

            assertThat(encryption()).containsExactly("true");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"require", "verify-ca", "verify-full"})
    void refusesACertificateOfAnotherAuthority(String mode) {
        try (SidecarProcess sidecar =
                serviceWith("sslmode=" + mode + "&sslrootcert=" + files.resolve("stranger.crt"))) {
            sidecar.await(
                    "a failure",
                    () -> sidecar.metric("partman_observation_errors_total").orElse(0) > 0);

            assertThat(sidecar.status("/health/ready")).isEqualTo(503);
            assertThat(sidecar.status("/health/live")).isEqualTo(200);
            assertThat(sidecar.get("/health/ready").body()).containsIgnoringCase("certif");
            assertThat(sidecar.lines("database not usable"))
                    .hasSize(1)
                    .first()
                    .asString()
                    .containsIgnoringCase("certif");
            assertThat(encryption()).isEmpty();
        }
    }

    @Test
    void refusesACertificateForAnotherHost() {
        String url = database.databaseUrl().replace("127.0.0.1", "localhost");
        try (SidecarProcess sidecar = SidecarProcess.service(
                Map.of("DATABASE_URL", url + "?sslmode=verify-full&sslrootcert=" + files.resolve("authority.crt")))) {
            sidecar.await(
                    "a failure",
                    () -> sidecar.metric("partman_observation_errors_total").orElse(0) > 0);

            assertThat(sidecar.get("/health/ready").body()).contains("localhost");
            assertThat(encryption()).isEmpty();
        }
    }

    @Test
    void refusesARootCertificateThatIsNotThere() {
        try (SidecarProcess sidecar = serviceWith("sslmode=verify-full&sslrootcert=/nowhere/ca.crt")) {
            assertThat(sidecar.exitCode()).isEqualTo(2);
            assertThat(sidecar.err()).contains("sslrootcert");
        }
    }
}
