package partman.sidecar.config;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A connection URI as libpq reads it: {@code postgresql://user:password@host1:5432,host2/database?sslmode=require}.
 *
 * @see <a href="https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS">Connection URIs</a>
 */
final class DatabaseUrl {

    private static final List<String> STARTS = List.of("postgresql://", "postgres://");

    private final Map<String, String> parameters = new LinkedHashMap<>();

    private DatabaseUrl() {}

    /**
     * The URL's parts as parameters with libpq's names. Hosts and ports are lists with commas; a parameter without a value is
     * left out.
     *
     * @throws IllegalArgumentException if the text is no such URL; the message holds no part of it
     */
    static Map<String, String> parse(String text) {
        String url = text.strip();
        if (url.startsWith("jdbc:")) {
            throw new IllegalArgumentException("is a JDBC URL; set QUARKUS_DATASOURCE_JDBC_URL to it instead");
        }
        String start = STARTS.stream().filter(url::startsWith).findFirst().orElse(null);
        if (start == null) {
            throw new IllegalArgumentException("does not start with postgresql:// or postgres://");
        }
        String rest = url.substring(start.length());
        int query = rest.indexOf('?');
        String place = query < 0 ? rest : rest.substring(0, query);
        int path = place.indexOf('/');

        DatabaseUrl parsed = new DatabaseUrl();
        if (place.indexOf('@') > path && path >= 0) {
            throw new IllegalArgumentException(
                    "has an @ only after a slash; percent-encode a slash in the user or the password as %2F");
        }
        parsed.readAuthority(path < 0 ? place : place.substring(0, path));
        parsed.put("dbname", path < 0 ? "" : place.substring(path + 1));
        parsed.readQuery(query < 0 ? "" : rest.substring(query + 1));
        return parsed.parameters;
    }

    private void readAuthority(String authority) {
        int at = authority.indexOf('@');
        if (at != authority.lastIndexOf('@')) {
            throw new IllegalArgumentException(
                    "has more than one @ before the database; percent-encode those of the user and the password as %40");
        }
        if (at >= 0) {
            String login = authority.substring(0, at);
            int colon = login.indexOf(':');
            put("user", colon < 0 ? login : login.substring(0, colon));
            put("password", colon < 0 ? "" : login.substring(colon + 1));
        }
        List<String> hosts = new ArrayList<>();
        List<String> ports = new ArrayList<>();
        for (String address : authority.substring(at + 1).split(",", -1)) {
            int colon = address.indexOf(':', Math.max(0, address.indexOf(']')));
            String host = colon < 0 ? address : address.substring(0, colon);
            hosts.add(host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host);
            ports.add(colon < 0 ? "" : address.substring(colon + 1));
        }
        putUnlessBlank("host", hosts);
        putUnlessBlank("port", ports);
    }

    private void putUnlessBlank(String name, List<String> parts) {
        if (!parts.stream().allMatch(String::isBlank)) {
            put(name, String.join(",", parts));
        }
    }

    private void readQuery(String query) {
        for (String parameter : query.split("&", -1)) {
            int equals = parameter.indexOf('=');
            if (equals < 0 && !parameter.isEmpty()) {
                throw new IllegalArgumentException("has a parameter without = after the question mark");
            }
            if (equals < 0) {
                continue;
            }
            String name = decode(parameter.substring(0, equals));
            String value = parameter.substring(equals + 1);
            if (name.equals("ssl") && value.equals("true")) {
                parameters.putIfAbsent("sslmode", "require");
            } else {
                put(name, value);
            }
        }
    }

    private void put(String name, String encoded) {
        String value = decode(encoded);
        if (!value.isEmpty()) {
            parameters.put(name, value);
        }
    }

    /** Undoes percent-encoding; unlike in a web form, a plus sign is itself. */
    private static String decode(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] != '%') {
                bytes.write(encoded[i]);
                continue;
            }
            if (i + 2 >= encoded.length
                    || !HexFormat.isHexDigit(encoded[i + 1])
                    || !HexFormat.isHexDigit(encoded[i + 2])) {
                throw new IllegalArgumentException(
                        "has a % that two hexadecimal digits do not follow; a plain % is %25");
            }
            int value = 16 * HexFormat.fromHexDigit(encoded[i + 1]) + HexFormat.fromHexDigit(encoded[i + 2]);
            if (value == 0) {
                throw new IllegalArgumentException("holds the NUL character %00");
            }
            bytes.write(value);
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("is percent-encoded in something else than UTF-8");
        }
    }
}
