package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

        /** The call returned; {@code warnings} are those that name the set. */
        record Ran(Duration took, List<String> warnings) implements Result {}

        /** pg_partman's maintenance runs in another session: nothing was done. */
        record Busy(Duration took) implements Result {}

        /** The call failed, and nothing has changed; of a lost connection's calls some may have been done. */
        record Failed(Duration took, DatabaseException failure) implements Result {}
    }

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql PREPARE = sql("""
            SELECT pg_catalog.set_config('lock_timeout', :lock_timeout, false),
                   pg_catalog.set_config('partman_sidecar.parents', :parents::text[]::text, false),
                   pg_catalog.set_config('partman_sidecar.parent_tables', :parent_tables::text[]::text, false)
            """);

    /** How many calls the block tells of at once. */
    private static final int TOLD_AT_ONCE = 20;

    /** What the block tells begins with this; then a line a call: microseconds, {@code ran}, {@code busy} or a SQLSTATE, a message. */
    private static final String MARK = "partman_sidecar:";

    private static final Pattern CALL_ENDED = Pattern.compile("(\\d+):([^:]*):(.*)", Pattern.DOTALL);

    /**
     * Tells how calls ended when their transactions have: at the level INFO, which reaches the client whatever its settings, and not the
     * server's log; not of each, since a client that wakes up 200 times a second takes time from the server beside it. A call that is
     * cancelled counts as failed; the next ones go on.
     *
     * <p>Most calls make no partition; what new ones need is left out then, since it costs as much as a fifth of the call.
     */
    private static final Sql CALL = sql("""
            DO $partman_sidecar_calls$
            DECLARE
                parents CONSTANT text[] := current_setting('partman_sidecar.parents');
                parent_tables CONSTANT text[] := current_setting('partman_sidecar.parent_tables');
                parent regclass;
                partitions oid[];
                began timestamptz;
                ended text;
                message text;
                told text[] := '{}';
            BEGIN
                FOR n IN 1 .. cardinality(parents) LOOP
                    began := clock_timestamp();
                    ended := 'busy';
                    message := '';
                    BEGIN
                        IF pg_try_advisory_xact_lock(hashtext({lock})) THEN
                            parent := parents[n];
                            partitions := ARRAY(SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = parent);
                            PERFORM {partman}.run_maintenance(p_parent_table => parent_tables[n]);
                            IF EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = parent AND i.inhrelid <> ALL (partitions)) THEN
                                PERFORM set_config('partman_sidecar.parent', parents[n], true),
                                        set_config('partman_sidecar.parent_table', parent_tables[n], true),
                                        set_config('partman_sidecar.partitions', array_to_string(partitions, ','), true);
                                EXECUTE {adopt};
                            END IF;
                            ended := 'ran';
                        END IF;
                    EXCEPTION WHEN query_canceled OR OTHERS THEN
                        GET STACKED DIAGNOSTICS ended = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                    END;
                    COMMIT;
                    told := told || format('%s:%s:%s', (EXTRACT(EPOCH FROM clock_timestamp() - began) * 1000000)::bigint, ended,
                                           split_part(message, chr(10), 1));
                    IF cardinality(told) = {told_at_once} OR n = cardinality(parents) THEN
                        RAISE INFO '%', {mark} || array_to_string(told, chr(10));
                        told := '{}';
                    END IF;
                END LOOP;
            END
            $partman_sidecar_calls$
            """);

    /** Calls it for each set in turn; gives a result for each, in the same order. */
    public List<Result> run(Session session, List<QualifiedName> parents) {
        List<Result> results = new ArrayList<>();
        boolean alone = false;
        while (results.size() < parents.size()) {
            int from = results.size();
            List<QualifiedName> next = parents.subList(from, alone ? from + 1 : parents.size());
            DatabaseException failure = call(session, next);
            results.addAll(told(session.takeWarnings(), next));
            if (results.size() == from && alone) {
                results.add(new Result.Failed(Duration.ZERO, failure));
            }
            // the statement as a whole has failed: which call was to blame shows when each has its own
            alone = true;
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
                    .with("adopt", Literal.of(NewPartitions.adopt(partman).toString()))
                    .with("mark", Literal.of(MARK))
                    .with("told_at_once", Literal.of(TOLD_AT_ONCE)));
            return new DatabaseException("PostgreSQL did not tell how the call ended", Kind.PERMANENT);
        } catch (DatabaseException e) {
            return e;
        }
    }

    /** pg_partman's warnings name the set that they are about. */
    private static List<Result> told(List<String> messages, List<QualifiedName> parents) {
        List<Result> results = new ArrayList<>();
        for (String message : messages) {
            if (message.startsWith(MARK)) {
                for (String line : message.substring(MARK.length()).split("\n", -1)) {
                    String name = parents.get(results.size()).unquoted();
                    results.add(result(
                            line,
                            messages.stream()
                                    .filter(other -> !other.startsWith(MARK) && other.contains(name))
                                    .toList()));
                }
            }
        }
        return results;
    }

    private static Result result(String told, List<String> warnings) {
        Matcher parts = CALL_ENDED.matcher(told);
        if (!parts.matches()) {
            throw new IllegalStateException("not how a call ends: " + told);
        }
        Duration took = Duration.of(Long.parseLong(parts.group(1)), ChronoUnit.MICROS);
        return switch (parts.group(2)) {
            case "ran" -> new Result.Ran(took, warnings);
            case "busy" -> new Result.Busy(took);
            default -> new Result.Failed(took, DatabaseException.told(parts.group(2), parts.group(3)));
        };
    }
}
