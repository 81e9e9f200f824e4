package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.AdvisoryLock;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.DatabaseException.Kind;
import partman.sidecar.postgres.Session;
import partman.sidecar.postgres.Sql;

/**
 * Calls of pg_partman's maintenance for many sets in one statement: a call takes milliseconds, so that a trip over the network for
 * each would be much of the whole. Every set has a transaction of its own, and one that fails stops no other.
 *
 * <p>Each call takes the locks that {@link RunMaintenance} takes. A crash leaves every set as it was before its call or after it. The
 * caller holds {@link AdvisoryLock#MAINTENANCE} and is in no transaction.
 *
 * @param lockTimeout the longest wait for a lock; whole milliseconds and at least one
 */
public record MaintenanceCalls(Identifier partman, Duration lockTimeout) {

    /** What one call gave, which took so long on the server. */
    public sealed interface Result {

        Duration took();

        /** The call returned; {@code warnings} are the server's, pg_partman's among them. */
        record Ran(Duration took, List<String> warnings) implements Result {}

        /** pg_partman's maintenance runs in another session: nothing was done. */
        record Busy(Duration took) implements Result {}

        /** The call failed, and nothing has changed. */
        record Failed(Duration took, DatabaseException failure) implements Result {}
    }

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql PREPARE = sql("""
            SELECT pg_catalog.set_config('lock_timeout', :lock_timeout, false),
                   pg_catalog.set_config('partman_sidecar.parents', :parents::text[]::text, false),
                   pg_catalog.set_config('partman_sidecar.parent_tables', :parent_tables::text[]::text, false)
            """);

    /** What the block tells of a call begins with this; then microseconds, {@code ran} or {@code busy} or a SQLSTATE, and a message. */
    private static final String MARK = "partman_sidecar:";

    /**
     * Tells how each call ended when its transaction has, after the warnings that it gave: at the level INFO, which reaches the
     * client whatever its settings, and not the server's log. Most calls make no partition; what new ones need is left out then,
     * since it costs as much as a fifth of the call.
     */
    private static final Sql CALL = sql("""
            DO $partman_sidecar_calls$
            DECLARE
                parents CONSTANT text[] := current_setting('partman_sidecar.parents');
                parent_tables CONSTANT text[] := current_setting('partman_sidecar.parent_tables');
                began timestamptz;
                partitions oid[];
                ended text;
                message text;
            BEGIN
                FOR n IN 1 .. cardinality(parents) LOOP
                    began := clock_timestamp();
                    ended := 'busy';
                    message := '';
                    BEGIN
                        IF pg_try_advisory_xact_lock(hashtext({lock})) THEN
                            partitions := ARRAY(SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = parents[n]::regclass);
                            PERFORM {partman}.run_maintenance(p_parent_table => parent_tables[n]);
                            IF EXISTS (SELECT FROM pg_inherits AS i
                                       WHERE i.inhparent = parents[n]::regclass
                                         AND i.inhrelid <> ALL (partitions)) THEN
                                PERFORM set_config('partman_sidecar.parent', parents[n], true),
                                        set_config('partman_sidecar.parent_table', parent_tables[n], true),
                                        set_config('partman_sidecar.partitions', array_to_string(partitions, ','), true);
                                EXECUTE {adopt};
                            END IF;
                            ended := 'ran';
                        END IF;
                    EXCEPTION WHEN OTHERS THEN
                        GET STACKED DIAGNOSTICS ended = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                    END;
                    COMMIT;
                    RAISE INFO 'partman_sidecar:%:%:%', (EXTRACT(EPOCH FROM clock_timestamp() - began) * 1000000)::bigint, ended, message;
                END LOOP;
            END
            $partman_sidecar_calls$
            """);

    /** Calls it for each set in turn; gives a result for each, in the same order. */
    public List<Result> run(Session session, List<QualifiedName> parents) {
        List<Result> results = new ArrayList<>();
        while (results.size() < parents.size()) {
            DatabaseException failure = call(session, parents.subList(results.size(), parents.size()));
            results.addAll(told(session.takeWarnings()));
            if (results.size() < parents.size()) {
                // the statement ended in the midst of a call: the next ones have another
                results.add(new Result.Failed(Duration.ZERO, failure));
            }
        }
        return results;
    }

    /** Gives why the statement failed; what it gives counts only if a set has got no result. */
    private DatabaseException call(Session session, List<QualifiedName> parents) {
        session.takeWarnings();
        try {
            session.query(
                    PREPARE.bind("lock_timeout", lockTimeout.toMillis() + "ms")
                            .bind(
                                    "parents",
                                    parents.stream().map(QualifiedName::sql).toList())
                            .bind(
                                    "parent_tables",
                                    parents.stream()
                                            .map(QualifiedName::unquoted)
                                            .toList()),
                    row -> row.textOrNull("set_config"));
            session.execute(CALL.with("partman", partman)
                    .with("lock", Literal.of(AdvisoryLock.RUN_MAINTENANCE.name()))
                    .with("adopt", Literal.of(NewPartitions.adopt(partman).toString())));
            return new DatabaseException("PostgreSQL did not tell how the call ended", Kind.PERMANENT);
        } catch (DatabaseException e) {
            return e;
        }
    }

    private static List<Result> told(List<String> messages) {
        List<Result> results = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        for (String message : messages) {
            if (message.startsWith(MARK)) {
                results.add(result(message.substring(MARK.length()), List.copyOf(warnings)));
                warnings.clear();
            } else {
                warnings.add(message);
            }
        }
        return results;
    }

    private static Result result(String told, List<String> warnings) {
        String[] parts = told.split(":", 3);
        Duration took = Duration.of(Long.parseLong(parts[0]), ChronoUnit.MICROS);
        return switch (parts[1]) {
            case "ran" -> new Result.Ran(took, warnings);
            case "busy" -> new Result.Busy(took);
            default -> new Result.Failed(took, DatabaseException.told(parts[1], parts[2]));
        };
    }
}
