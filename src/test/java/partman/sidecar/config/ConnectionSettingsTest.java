package partman.sidecar.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.DriverPropertyInfo;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionSettingsTest {

    private static final String ALWAYS = "tcpKeepAlive=true&ApplicationName=partman-sidecar";
    private static final String TIMEOUTS = "connectTimeout=5&loginTimeout=5&";

    @TempDir
    private Path directory;

    private static ConnectionSettings read(Map<String, String> environment) {
        return ConnectionSettings.of(environment::get);
    }

    private static ConnectionSettings readUrl(String url) {
        return read(Map.of("DATABASE_URL", url));
    }

    /** What pgjdbc makes of our URL: the properties that have a value. */
    private static Map<String, String> parsedByPgjdbc(@Nullable String url) throws SQLException {
        assertThat(url).isNotNull();
        Map<String, String> parsed = new HashMap<>();
        for (DriverPropertyInfo property : DriverManager.getDriver(url).getPropertyInfo(url, new Properties())) {
            if (property.value != null) {
                parsed.put(property.name, property.value);
            }
        }
        return parsed;
    }

    private String file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content, UTF_8).toString();
    }

    @Test
    void readsAUrlWithEverythingInIt() {
        ConnectionSettings settings = readUrl("postgresql://lago:changeme@db.example.com:5433/lago?sslmode=require");

        assertThat(settings.url())
                .isEqualTo("jdbc:postgresql://db.example.com:5433/lago?sslmode=require&" + TIMEOUTS + ALWAYS);
        assertThat(settings.username()).isEqualTo("lago");
        assertThat(settings.password()).isEqualTo("changeme");
        assertThat(settings.faults()).isEmpty();
        assertThat(settings.ignoredParameters()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "postgres://u:p@h/d, h:5432/d",
        "postgresql://u:p@h:6000/d, h:6000/d",
        "postgresql://u:p@h, h:5432/u",
        "postgresql://u:p@h/, h:5432/u",
        "postgresql://u:p@/d, localhost:5432/d",
        "postgresql://u:p@[::1]/d, [::1]:5432/d",
        "postgresql://u:p@[2001:db8::1]:6000/d, [2001:db8::1]:6000/d",
        "postgresql://u:p@my_db.svc/d, my_db.svc:5432/d",
        "postgresql://u:p@192.0.2.7/d, 192.0.2.7:5432/d",
        "postgresql://u:p@h/a%20b%2Fc, h:5432/a%20b%2Fc",
        "postgresql://u:p@h/a+b, h:5432/a%2Bb",
        "postgresql:///d?host=h&port=6000&user=u&password=p, h:6000/d",
        "postgresql://u:p@h/d?dbname=other, h:5432/other",
    })
    void readsEveryFormOfAUrl(String url, String place) {
        ConnectionSettings settings = readUrl(url);

        assertThat(settings.faults()).isEmpty();
        assertThat(settings.url()).isEqualTo("jdbc:postgresql://" + place + "?" + TIMEOUTS + ALWAYS);
        assertThat(settings.username()).isEqualTo("u");
        assertThat(settings.password()).isEqualTo("p");
    }

    @Test
    void undoesPercentEncoding() throws SQLException {
        ConnectionSettings settings =
                readUrl("postgresql://m%C3%BCller%40corp:p%40ss%2Fw%3Ard%25+%24%7Bx%7D@h/d%C3%A9");

        assertThat(settings.username()).isEqualTo("müller@corp");
        assertThat(settings.password()).isEqualTo("p@ss/w:rd%+${x}");
        assertThat(parsedByPgjdbc(settings.url())).containsEntry("PGDBNAME", "dé");
    }

    @Test
    void takesAPasswordThatHoldsAColon() {
        ConnectionSettings settings = readUrl("postgresql://u:a:b@h/d");

        assertThat(settings.password()).isEqualTo("a:b");
    }

    @Test
    void hasNoPasswordIfNoneIsGiven() {
        ConnectionSettings settings = readUrl("postgresql://u@h/d");

        assertThat(settings.password()).isNull();
        assertThat(settings.faults()).isEmpty();
    }

    @Test
    void prefersThePrimaryOfSeveralHostsAndGivesEachItsTime() throws SQLException {
        ConnectionSettings settings = readUrl("postgresql://u:p@h1:6000,h2,[::1]:6002/d?connect_timeout=3");

        assertThat(settings.url())
                .startsWith("jdbc:postgresql://h1:6000,h2:5432,[::1]:6002/d?")
                .contains("targetServerType=preferPrimary", "connectTimeout=3", "loginTimeout=9");
        assertThat(parsedByPgjdbc(settings.url()))
                .containsEntry("PGHOST", "h1,h2,[::1]")
                .containsEntry("PGPORT", "6000,5432,6002");
    }

    @ParameterizedTest
    @CsvSource({
        "any, any",
        "read-write, primary",
        "primary, primary",
        "read-only, secondary",
        "standby, secondary",
        "prefer-standby, preferSecondary",
    })
    void wantsTheServerThatTheUserWants(String libpq, String pgjdbc) throws SQLException {
        ConnectionSettings settings = readUrl("postgresql://u:p@h1,h2/d?target_session_attrs=" + libpq);

        assertThat(parsedByPgjdbc(settings.url())).containsEntry("targetServerType", pgjdbc);
    }

    @ParameterizedTest
    @ValueSource(strings = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
    void passesEachSslModeOn(String mode) throws SQLException {
        ConnectionSettings settings = readUrl("postgresql://u:p@h/d?sslmode=" + mode);

        assertThat(parsedByPgjdbc(settings.url())).containsEntry("sslmode", mode);
    }

    @Test
    void takesSslTrueForRequireAsLibpqDoes() throws SQLException {
        ConnectionSettings settings = readUrl("postgresql://u:p@h/d?ssl=true");

        assertThat(parsedByPgjdbc(settings.url())).containsEntry("sslmode", "require");
        assertThat(settings.ignoredParameters()).isEmpty();
    }

    @Test
    void passesTheRootCertificateOn() throws IOException, SQLException {
        String certificate = file("my root.crt", "-----BEGIN CERTIFICATE-----");

        ConnectionSettings settings =
                read(Map.of("DATABASE_URL", "postgresql://u:p@h/d?sslmode=verify-full", "PGSSLROOTCERT", certificate));

        assertThat(parsedByPgjdbc(settings.url()))
                .containsEntry("sslmode", "verify-full")
                .containsEntry("sslrootcert", certificate);
    }

    @Test
    void verifiesTheCertificateIfARootIsGivenAlthoughEncryptionAloneIsRequired() throws IOException, SQLException {
        String certificate = file("root.crt", "-----BEGIN CERTIFICATE-----");

        ConnectionSettings settings = readUrl("postgresql://u:p@h/d?sslmode=require&sslrootcert=" + certificate);

        assertThat(parsedByPgjdbc(settings.url())).containsEntry("sslmode", "verify-ca");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sslrootcert=system", "sslrootcert=system&sslmode=verify-full"})
    void trustsTheSystemsAuthoritiesTogetherWithTheHostsName(String parameters) throws SQLException {
        ConnectionSettings settings = readUrl("postgresql://u:p@h/d?" + parameters);

        assertThat(parsedByPgjdbc(settings.url()))
                .containsEntry("sslmode", "verify-full")
                .containsEntry("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory")
                .doesNotContainKey("sslrootcert");
    }

    @Test
    void namesTheParametersThatItIgnores() {
        ConnectionSettings settings =
                readUrl("postgresql://u:p@h/d?pool=25&search_path=lago&application_name=x&&pool=5");

        assertThat(settings.ignoredParameters()).containsExactly("application_name", "pool", "search_path");
        assertThat(settings.url()).doesNotContain("pool", "lago", "=x");
        assertThat(settings.faults()).isEmpty();
    }

    @Test
    void readsLibpqsVariables() {
        ConnectionSettings settings = read(Map.of(
                "PGHOST", "h",
                "PGPORT", "6000",
                "PGDATABASE", "d",
                "PGUSER", "u",
                "PGPASSWORD", " p ",
                "PGSSLMODE", "require",
                "PGCONNECT_TIMEOUT", "7"));

        assertThat(settings.url())
                .isEqualTo("jdbc:postgresql://h:6000/d?sslmode=require&connectTimeout=7&loginTimeout=7&" + ALWAYS);
        assertThat(settings.username()).isEqualTo("u");
        assertThat(settings.password()).isEqualTo(" p ");
    }

    @Test
    void hasLibpqsDefaults() {
        ConnectionSettings settings = read(Map.of("PGUSER", "u"));

        assertThat(settings.url()).isEqualTo("jdbc:postgresql://localhost:5432/u?" + TIMEOUTS + ALWAYS);
    }

    @ParameterizedTest
    @CsvSource({
        "'h1,h2', 6000, 'h1:6000,h2:6000'",
        "'h1,h2', '6000,6001', 'h1:6000,h2:6001'",
        "'h1,h2', '6000,', 'h1:6000,h2:5432'",
        "'::1', 6000, '[::1]:6000'",
        "'fe80::1%eth0', 6000, '[fe80::1%eth0]:6000'",
    })
    void pairsHostsAndPortsAsLibpqDoes(String hosts, String ports, String pairs) {
        ConnectionSettings settings = read(Map.of("PGHOST", hosts, "PGPORT", ports, "PGUSER", "u"));

        assertThat(settings.faults()).isEmpty();
        assertThat(settings.url()).startsWith("jdbc:postgresql://" + pairs + "/u?");
    }

    @Test
    void prefersTheUrlAndFillsInWhatItLeavesOut() {
        ConnectionSettings settings = read(Map.of(
                "DATABASE_URL", "postgresql://u@h/d",
                "PGHOST", "other",
                "PGUSER", "other",
                "PGDATABASE", "other",
                "PGPASSWORD", "p",
                "PGSSLMODE", "require"));

        assertThat(settings.url()).startsWith("jdbc:postgresql://h:5432/d?sslmode=require&");
        assertThat(settings.username()).isEqualTo("u");
        assertThat(settings.password()).isEqualTo("p");
    }

    @Test
    void takesAVariableWithoutAValueForNotSet() {
        ConnectionSettings settings =
                read(Map.of("DATABASE_URL", "", "PGUSER", "u", "PGPORT", " ", "PGPASSWORD_FILE", ""));

        assertThat(settings.faults()).isEmpty();
        assertThat(settings.url()).startsWith("jdbc:postgresql://localhost:5432/u?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"p", "p\n", "p\r\n"})
    void readsAPasswordFromAFileWithoutItsLineEnd(String content) throws IOException {
        String file = file("password", content);

        ConnectionSettings settings = read(Map.of("PGUSER", "u", "PGPASSWORD_FILE", file));

        assertThat(settings.password()).isEqualTo("p");
    }

    @Test
    void keepsEveryOtherSpaceOfAPasswordInAFile() throws IOException {
        String file = file("password", " p \n\n");

        ConnectionSettings settings = read(Map.of("PGUSER", "u", "PGPASSWORD_FILE", file));

        assertThat(settings.password()).isEqualTo(" p \n");
    }

    @Test
    void readsTheUrlFromAFile() throws IOException {
        String file = file("url", "postgresql://u:p@h/d\n");

        ConnectionSettings settings = read(Map.of("DATABASE_URL_FILE", file));

        assertThat(settings.url()).startsWith("jdbc:postgresql://h:5432/d?");
        assertThat(settings.password()).isEqualTo("p");
    }

    @Test
    void saysWhatToSetIfNothingIsSet() {
        ConnectionSettings settings = read(Map.of("PGSSLMODE", "require"));

        assertThat(settings.faults())
                .containsExactly(
                        "DATABASE_URL: nothing says where the database is; set it to"
                                + " postgresql://user:password@host:5432/database, or set PGHOST, PGDATABASE, PGUSER and PGPASSWORD");
        assertThat(settings.url()).isNull();
    }

    @Test
    void wantsARole() {
        ConnectionSettings settings = readUrl("postgresql://h/d");

        assertThat(settings.faults())
                .containsExactly(
                        "PGUSER: nothing says which role to log in as; set it, or name the role in DATABASE_URL");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "mysql://u:hush@h/d | does not start with postgresql:// or postgres://",
                "u:hush@h/d | does not start with postgresql:// or postgres://",
                "jdbc:postgresql://h/d?password=hush | is a JDBC URL; set QUARKUS_DATASOURCE_JDBC_URL to it instead",
                "postgresql://u:hu@sh@h/d | has more than one @ before the database",
                "postgresql://u:12/hush@h/d | has an @ only after a slash",
                "postgresql://u:hu%sh@h/d | has a % that two hexadecimal digits do not follow",
                "postgresql://u:hush%@h/d | has a % that two hexadecimal digits do not follow",
                "postgresql://u:hush%4@h/d | has a % that two hexadecimal digits do not follow",
                "postgresql://u:hush%00@h/d | holds the NUL character",
                "postgresql://u:hush%FF@h/d | is percent-encoded in something else than UTF-8",
                "postgresql://u:hush@h/d?hush | has a parameter without =",
                "postgresql://u:p@h:hush/d | its port is not a number from 1 to 65535",
                "postgresql://u:p@h:0/d | its port is not a number from 1 to 65535",
                "postgresql://u:p@h:65536/d | its port is not a number from 1 to 65535",
                "postgresql://u:p@::1/d | its port is not a number from 1 to 65535",
                "postgresql://u:hush | its port is not a number from 1 to 65535",
                "postgresql://u:p@hu*sh/d | its host is neither a host name nor an address",
                "postgresql://u:hush@%2Fvar%2Frun/d | its host is a Unix socket",
                "postgresql://u:hush@/d?host=/var/run/postgresql | its host is a Unix socket",
                "postgresql://u:hush@h/d?sslmode=hush | its sslmode is none of disable, allow, prefer, require, verify-ca, verify-full",
                "postgresql://u:hush@h/d?sslmode=require&sslrootcert=system | its sslmode is too weak for sslrootcert=system",
                "postgresql://u:hush@h/d?sslrootcert=/hush | its sslrootcert is not a file that can be read",
                "postgresql://u:hush@h/d?connect_timeout=0 | its connect_timeout is not a number of seconds from 1 to 600",
                "postgresql://u:hush@h/d?connect_timeout=hush | its connect_timeout is not a number of seconds from 1 to 600",
                "postgresql://u:hush@h/d?target_session_attrs=hush | its target_session_attrs is none of any, prefer-standby",
            })
    void saysWhatIsWrongWithAUrlAndShowsNoPartOfIt(String url, String fault) {
        ConnectionSettings settings = readUrl(url);

        assertThat(settings.faults())
                .singleElement()
                .asString()
                .startsWith("DATABASE_URL: " + fault)
                .doesNotContain("hush");
        assertThat(settings.url()).isNull();
        assertThat(settings.toString()).doesNotContain("hush");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "PGPORT | abc | 'abc' is not a number from 1 to 65535",
                "PGPORT | 6000,6001 | '6000,6001' gives 2 ports for 1 hosts; give one port for all hosts, or one for each",
                "PGHOST | /var/run/postgresql | '/var/run/postgresql' is a Unix socket, and the sidecar connects by TCP only;"
                        + " give a host name or an address",
                "PGHOST | @abstract | '@abstract' is a Unix socket, and the sidecar connects by TCP only;"
                        + " give a host name or an address",
                "PGHOST | a b | 'a b' is neither a host name nor an address",
                "PGHOST | postgresql://u:hush@h/d | 'postgresql://***@h/d' is neither a host name nor an address",
                "PGSSLMODE | on | 'on' is none of disable, allow, prefer, require, verify-ca, verify-full",
                "PGSSLROOTCERT | /none.crt | '/none.crt' is not a file that can be read; name a PEM file, or 'system'",
                "PGSSLROOTCERT | / | '/' is not a file that can be read; name a PEM file, or 'system'",
                "PGCONNECT_TIMEOUT | 5s | '5s' is not a number of seconds from 1 to 600",
                "PGTARGETSESSIONATTRS | master | 'master' is none of any, prefer-standby, primary, read-only, read-write, standby",
            })
    void saysWhatIsWrongWithAVariable(String variable, String value, String fault) {
        ConnectionSettings settings = read(Map.of("PGUSER", "u", variable, value));

        assertThat(settings.faults()).containsExactly(variable + ": " + fault);
    }

    @Test
    void saysAllThatIsWrong() {
        ConnectionSettings settings =
                read(Map.of("PGHOST", "/tmp", "PGPORT", "x", "PGSSLMODE", "y", "PGPASSWORD_FILE", "/none"));

        assertThat(settings.faults())
                .extracting(line -> line.substring(0, line.indexOf(':')))
                .containsExactly("PGPASSWORD_FILE", "PGHOST", "PGPORT", "PGUSER", "PGSSLMODE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/no/such/hush", "hush\0"})
    void saysThatAFileCantBeReadAndDoesNotShowItsName(String path) {
        ConnectionSettings settings = read(Map.of("PGUSER", "u", "PGPASSWORD_FILE", path));

        assertThat(settings.faults())
                .containsExactly("PGPASSWORD_FILE: the file that it names can't be read; check the path and the file's"
                        + " permissions");
    }

    @Test
    void refusesADirectoryAsASecret() {
        ConnectionSettings settings = read(Map.of("PGUSER", "u", "PGPASSWORD_FILE", directory.toString()));

        assertThat(settings.faults())
                .singleElement()
                .asString()
                .startsWith("PGPASSWORD_FILE: the file that it names can't");
    }

    @Test
    void refusesAnEmptyFileAsASecret() throws IOException {
        String file = file("password", "\n");

        ConnectionSettings settings = read(Map.of("PGUSER", "u", "PGPASSWORD_FILE", file));

        assertThat(settings.faults())
                .containsExactly("PGPASSWORD_FILE: the file that it names is empty; write the secret into it");
    }

    @Test
    void refusesAFileThatIsTooBigForASecret() throws IOException {
        String file = file("password", "x".repeat(65_537));

        ConnectionSettings settings = read(Map.of("PGUSER", "u", "PGPASSWORD_FILE", file));

        assertThat(settings.faults())
                .containsExactly(
                        "PGPASSWORD_FILE: the file that it names holds more than 65536 bytes, which is no secret");
    }

    @ParameterizedTest
    @CsvSource({"PGPASSWORD, hush", "DATABASE_URL, postgresql://u:hush@h/d"})
    void refusesASecretThatIsGivenTwice(String variable, String value) throws IOException {
        String file = file("secret", "hush");

        ConnectionSettings settings = read(Map.of("PGUSER", "u", variable, value, variable + "_FILE", file));

        assertThat(settings.faults())
                .containsExactly(variable + "_FILE: " + variable + " is set too; set only one of them");
    }

    @Test
    void namesTheFilesVariableIfTheUrlInTheFileIsWrong() throws IOException {
        String file = file("url", "hush");

        ConnectionSettings settings = read(Map.of("DATABASE_URL_FILE", file));

        assertThat(settings.faults())
                .singleElement()
                .asString()
                .startsWith("DATABASE_URL_FILE: does not start with postgresql://")
                .doesNotContain("hush");
    }

    @Test
    void hidesThePasswordInItsText() {
        ConnectionSettings settings = readUrl("postgresql://u:hush@h/d");

        String text = settings.toString();

        assertThat(text).contains("username=u", "password=***").doesNotContain("hush");
    }
}
