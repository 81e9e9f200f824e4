package partman.sidecar.config;

import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How to reach PostgreSQL, told by {@code DATABASE_URL} or by libpq's {@code PG…} variables.
 *
 * <p>As in libpq, {@code PG…} variables fill in what the URL leaves out. Each {@link Secret} may also be in a file.
 *
 * @param url for pgjdbc, without user and password; null if there are faults
 * @param faults what is wrong, one line each, the variable first; none holds a part of a secret
 * @param ignoredParameters names of the parameters in the URL that mean nothing here, sorted
 * @see <a href="https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS">Connection URIs</a>
 * @see <a href="https://www.postgresql.org/docs/current/libpq-envars.html">libpq's environment variables</a>
 */
record ConnectionSettings(
        @Nullable String url,
        @Nullable String username,
        @Nullable String password,
        List<String> faults,
        List<String> ignoredParameters) {

    ConnectionSettings {
        faults = List.copyOf(faults);
        ignoredParameters = List.copyOf(ignoredParameters);
    }

    /** Reads the variables that {@code environment} gives for their names. */
    static ConnectionSettings of(Function<String, @Nullable String> environment) {
        return new ConnectionReader(environment).read();
    }

    /** The settings without the password. */
    @Override
    public String toString() {
        return "ConnectionSettings[url=%s, username=%s, password=%s, faults=%s, ignoredParameters=%s]"
                .formatted(url, username, password == null ? null : "***", faults, ignoredParameters);
    }
}
