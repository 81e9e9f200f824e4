package partman.sidecar.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the server says of itself and of the role that asks.
 *
 * @param now the server's clock
 * @param inRecovery whether it is a replica, which nothing can be changed on
 * @param mayCreateInDatabase whether the role may create schemas, and with them the extension
 */
public record ObservedServer(
        Instant now,
        String version,
        String database,
        String role,
        boolean inRecovery,
        boolean mayCreateInDatabase,
        Extension extension) {

    /** Where pg_partman is created if it is not there yet; its own documentation uses this name. */
    public static final Identifier DEFAULT_PARTMAN_SCHEMA = new Identifier("partman");

    /** pg_partman as this database knows it. */
    public sealed interface Extension {

        /** The server does not offer pg_partman. */
        record Unavailable() implements Extension {}

        /** It can be created. */
        record Available(String defaultVersion) implements Extension {}

        /**
         * It is there.
         *
         * @param mayUse whether the role has the rights on its schema, tables and functions that reading needs
         */
        record Installed(String version, Identifier schema, String defaultVersion, boolean mayUse)
                implements Extension {}
    }

    /** The version of pg_partman in this database, or null if it has none. */
    public @Nullable String partmanVersion() {
        return extension instanceof Extension.Installed installed ? installed.version() : null;
    }

    /** The schema that pg_partman is in, or will be created in. */
    public Identifier partmanSchema() {
        return extension instanceof Extension.Installed installed ? installed.schema() : DEFAULT_PARTMAN_SCHEMA;
    }
}
