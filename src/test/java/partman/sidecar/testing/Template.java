package partman.sidecar.testing;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * What the databases of several tests hold at first. It is prepared once on each server; each test begins with a copy, which
 * is made in a few milliseconds where the preparation is half a conversion or loads many rows:
 *
 * <pre>{@code
 * private static final Template<Step> HALF_CONVERTED = new Template<>(database -> …);
 *
 * Step next = HALF_CONVERTED.copyTo(database);
 * }</pre>
 *
 * <p>A copy has the OIDs and the files of the original, so what the preparation returned is as true of each copy. Only what
 * lies in a database is copied: a preparation makes no role, and its connections are closed.
 *
 * @param <T> what the preparation returns: all tests get the same, so it must not change
 */
public final class Template<T> {

    private record Original<T>(TestDatabase database, T result) {}

    private final Function<TestDatabase, T> preparation;
    private final Map<PostgresServer, Original<T>> originals = new HashMap<>();

    /**
     * @param preparation fills an empty database
     */
    public Template(Function<TestDatabase, T> preparation) {
        this.preparation = preparation;
    }

    /** Replaces what a test's database holds; gives what the preparation returned. */
    public T copyTo(TestDatabase database) {
        Original<T> original = originals.computeIfAbsent(database.server(), this::prepare);
        database.replaceByCopyOf(original.database);
        return original.result;
    }

    private Original<T> prepare(PostgresServer server) {
        TestDatabase database = server.createDatabase();
        T result = preparation.apply(database);
        database.disconnect();
        return new Original<>(database, result);
    }
}
