package partman.sidecar.config;

import static java.util.stream.Collectors.joining;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns {@code DATABASE_URL} and the {@code PG…} variables into pgjdbc's URL; an object reads once. */
@RegisterForReflection(classNames = ConnectionReader.SYSTEM_CERTIFICATES)
final class ConnectionReader {

    /** What pgjdbc makes by name, to trust the certificates that the JDK trusts. */
    static final String SYSTEM_CERTIFICATES = "org.postgresql.ssl.DefaultJavaSSLFactory";

    private static final String URL = "DATABASE_URL";

    private static final String URL_FORM = "postgresql://user:password@host:5432/database";

    /** Variables by libpq's parameter; the password's is read apart, for its file. */
    private static final Map<String, String> VARIABLES = Map.of(
            "host", "PGHOST",
            "port", "PGPORT",
            "dbname", "PGDATABASE",
            "user", "PGUSER",
            "sslmode", "PGSSLMODE",
            "sslrootcert", "PGSSLROOTCERT",
            "connect_timeout", "PGCONNECT_TIMEOUT",
            "target_session_attrs", "PGTARGETSESSIONATTRS");

    /** Without any of these nobody has said where the database is. */
    private static final List<String> SAYING_WHERE = List.of("host", "port", "dbname", "user", "password");

    private static final List<String> SSL_MODES =
            List.of("disable", "allow", "prefer", "require", "verify-ca", "verify-full");

    /** pgjdbc's words for libpq's. */
    private static final Map<String, String> SERVER_TYPES = new TreeMap<>(Map.of(
            "any", "any",
            "read-write", "primary",
            "primary", "primary",
            "read-only", "secondary",
            "standby", "secondary",
            "prefer-standby", "preferSecondary"));

    private static final String DEFAULT_PORT = "5432";
    private static final int DEFAULT_CONNECT_TIMEOUT_SECONDS = 5;
    private static final int MAX_CONNECT_TIMEOUT_SECONDS = 600;

    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?");

    private final Function<String, @Nullable String> environment;
    private final Faults faults = new Faults();
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();

    ConnectionReader(Function<String, @Nullable String> environment) {
        this.environment = environment;
    }

    ConnectionSettings read() {
        List<String> ignored = readUrl();
        readVariables();
        List<String> hosts = hosts();
        String user = user();
        Map<String, String> properties = new LinkedHashMap<>();
        putSsl(properties);
        putServerType(properties, hosts.size());
        putTimeouts(properties, hosts.size());
        properties.put("tcpKeepAlive", "true");
        properties.put("ApplicationName", "partman-sidecar");

        if (!faults.lines().isEmpty() || user == null) {
            return new ConnectionSettings(null, null, null, faults.lines(), ignored);
        }
        String url = "jdbc:postgresql://" + String.join(",", hosts) + "/" + encode(value("dbname", user)) + "?"
                + properties.entrySet().stream()
                        .map(property -> property.getKey() + "=" + encode(property.getValue()))
                        .collect(joining("&"));
        Parameter password = parameters.get("password");
        return new ConnectionSettings(url, user, password == null ? null : password.value(), List.of(), ignored);
    }

    /** Takes the URL's parameters and says which of them mean nothing here. */
    private List<String> readUrl() {
        Secret secret = Secret.read(URL, environment, faults);
        if (secret == null) {
            return List.of();
        }
        Map<String, String> given;
        try {
            given = DatabaseUrl.parse(secret.value());
        } catch (IllegalArgumentException e) {
            faults.add(secret.variable(), e.getMessage() + "; write it as " + URL_FORM);
            return List.of();
        }
        TreeSet<String> ignored = new TreeSet<>();
        given.forEach((name, value) -> {
            if (VARIABLES.containsKey(name) || name.equals("password")) {
                parameters.put(name, new Parameter(secret.variable(), value));
            } else {
                ignored.add(name);
            }
        });
        return List.copyOf(ignored);
    }

    private void readVariables() {
        new TreeMap<>(VARIABLES).forEach((name, variable) -> {
            String value = environment.apply(variable);
            if (value != null && !value.isBlank()) {
                parameters.putIfAbsent(name, new Parameter(variable, value.strip()));
            }
        });
        Secret password = Secret.read("PGPASSWORD", environment, faults);
        if (password != null) {
            parameters.putIfAbsent("password", new Parameter("PGPASSWORD", password.value()));
        }
    }

    private String value(String name, String byDefault) {
        Parameter parameter = parameters.get(name);
        return parameter == null ? byDefault : parameter.value();
    }

    /** The role, or null with a fault; no fault if the URL is wrong anyway, since its user may be what could not be read. */
    private @Nullable String user() {
        Parameter user = parameters.get("user");
        if (user != null) {
            return user.value();
        }
        boolean urlIsWrong = faults.lines().stream().anyMatch(line -> line.startsWith(URL));
        if (!urlIsWrong && Collections.disjoint(parameters.keySet(), SAYING_WHERE)) {
            faults.add(
                    URL,
                    "nothing says where the database is; set it to " + URL_FORM
                            + ", or set PGHOST, PGDATABASE, PGUSER and PGPASSWORD");
        } else if (!urlIsWrong) {
            faults.add("PGUSER", "nothing says which role to log in as; set it, or name the role in " + URL);
        }
        return null;
    }

    /** Hosts with their ports, as pgjdbc writes them. */
    private List<String> hosts() {
        List<String> names = list("host");
        List<String> ports = list("port");
        if (ports.size() != 1 && ports.size() != names.size()) {
            refuse(
                    "port",
                    value("port", ""),
                    "gives %d ports for %d hosts; give one port for all hosts, or one for each"
                            .formatted(ports.size(), names.size()));
            return names;
        }
        List<String> hosts = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            hosts.add(host(names.get(i)) + ":" + port(ports.get(ports.size() == 1 ? 0 : i)));
        }
        return hosts;
    }

    /** A comma-separated parameter's parts; a part may be empty, and there is always one. */
    private List<String> list(String name) {
        return Arrays.asList(value(name, "").split(",", -1));
    }

    private String host(String name) {
        String host = name.strip();
        if (host.isEmpty()) {
            return "localhost";
        }
        if (IPV6.matcher(host).matches()) {
            return "[" + host + "]";
        }
        if (host.startsWith("/") || host.startsWith("@")) {
            refuse(
                    "host",
                    host,
                    "is a Unix socket, and the sidecar connects by TCP only; give a host name or an address");
        } else if (!HOST_NAME.matcher(host).matches()) {
            refuse("host", host, "is neither a host name nor an address");
        }
        return host;
    }

    private String port(String text) {
        String port = text.isBlank() ? DEFAULT_PORT : text.strip();
        if (!port.matches("\\d{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65_535) {
            refuse("port", port, "is not a number from 1 to 65535");
        }
        return port;
    }

    /**
     * Notes a fault of a parameter. Nothing of a URL is shown: a password whose special characters are not encoded may end up
     * in any part of it.
     */
    private void refuse(String name, String value, String reason) {
        Parameter parameter = parameters.get(name);
        String variable = parameter == null ? URL : parameter.variable();
        if (!variable.startsWith(URL)) {
            faults.add(variable, Shown.quoted(value) + " " + reason);
            return;
        }
        String hint = name.equals("host") || name.equals("port")
                ? "; percent-encode special characters of the user and the password (@ is %40, / is %2F)"
                : "";
        faults.add(variable, "its " + name + " " + reason + hint);
    }

    /**
     * Sets encryption as libpq understands it: {@code require} with a root certificate verifies it too, and the system's
     * certificates are trusted only together with the host's name.
     *
     * @see <a href="https://www.postgresql.org/docs/current/libpq-ssl.html#LIBQ-SSL-CERTIFICATES">Client verification of
     *     server certificates</a>
     */
    private void putSsl(Map<String, String> properties) {
        Parameter mode = parameters.get("sslmode");
        if (mode != null && !SSL_MODES.contains(mode.value())) {
            refuse("sslmode", mode.value(), "is none of " + String.join(", ", SSL_MODES));
            return;
        }
        Parameter root = parameters.get("sslrootcert");
        if (root == null) {
            if (mode != null) {
                properties.put("sslmode", mode.value());
            }
            return;
        }
        if (root.value().equals("system")) {
            if (mode != null && !mode.value().equals("verify-full")) {
                refuse(
                        "sslmode",
                        mode.value(),
                        "is too weak for sslrootcert=system, which trusts every public authority; use verify-full");
            }
            properties.put("sslmode", "verify-full");
            properties.put("sslfactory", SYSTEM_CERTIFICATES);
            return;
        }
        if (!isReadable(root.value())) {
            refuse("sslrootcert", root.value(), "is not a file that can be read; name a PEM file, or 'system'");
        }
        if (mode != null) {
            properties.put("sslmode", mode.value().equals("require") ? "verify-ca" : mode.value());
        }
        properties.put("sslrootcert", root.value());
    }

    private static boolean isReadable(String path) {
        try {
            Path file = Path.of(path);
            return Files.isRegularFile(file) && Files.isReadable(file);
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /** With several hosts the one that takes writes is wanted, whatever their order; after a failover that is another one. */
    private void putServerType(Map<String, String> properties, int hosts) {
        Parameter wanted = parameters.get("target_session_attrs");
        if (wanted == null) {
            if (hosts > 1) {
                properties.put("targetServerType", "preferPrimary");
            }
            return;
        }
        String type = SERVER_TYPES.get(wanted.value());
        if (type == null) {
            refuse("target_session_attrs", wanted.value(), "is none of " + String.join(", ", SERVER_TYPES.keySet()));
            return;
        }
        properties.put("targetServerType", type);
    }

    /** libpq's timeout is for each host; pgjdbc's connectTimeout too, but its loginTimeout is for all of them. */
    private void putTimeouts(Map<String, String> properties, int hosts) {
        Parameter timeout = parameters.get("connect_timeout");
        int seconds = DEFAULT_CONNECT_TIMEOUT_SECONDS;
        if (timeout != null) {
            seconds = timeout.value().matches("\\d{1,9}") ? Integer.parseInt(timeout.value()) : 0;
            if (seconds < 1 || seconds > MAX_CONNECT_TIMEOUT_SECONDS) {
                refuse(
                        "connect_timeout",
                        timeout.value(),
                        "is not a number of seconds from 1 to " + MAX_CONNECT_TIMEOUT_SECONDS);
            }
        }
        properties.put("connectTimeout", Integer.toString(seconds));
        properties.put("loginTimeout", Integer.toString(seconds * Math.max(1, hosts)));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A parameter as libpq names it, and the variable that gave it. */
    private record Parameter(String variable, String value) {}
}
