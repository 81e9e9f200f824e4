package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import partman.sidecar.catalog.Shapes;
import partman.sidecar.catalog.Successors;
import partman.sidecar.catalog.TableProperties;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Planner;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.Step;
import partman.sidecar.step.Transaction;

/** Runs the transactions of plans, tries again where a lock was not granted in time, and logs each step. */
@ApplicationScoped
public class StepRunner {

    private final Database database;
    private final Observer observer;
    private final LockRetry retry;

    StepRunner(Database database, Observer observer, LockRetry retry) {
        this.database = database;
        this.observer = observer;
        this.retry = retry;
    }

    /** Runs one transaction about a table. */
    void run(QualifiedName table, Transaction transaction) {
        retry.run(table, () -> {
            try (Session session = database.open()) {
                return session.inTransaction(() -> {
                    transaction.begin(session);
                    transaction.steps().forEach(step -> run(session, table, step));
                    return true;
                });
            }
        });
    }

    /**
     * Converts a plain table: locks it, plans its conversion from what it is under the lock, carries that out, and commits
     * if the successor has all that the table had. Everything that fails leaves the table as it was.
     */
    void convert(TableSpec spec, Plan.Convert planned) {
        QualifiedName table = spec.table();
        retry.run(table, () -> {
            try (Session session = database.open()) {
                return session.inTransaction(() -> {
                    planned.conversion().begin(session);
                    run(session, table, new LockTable(table, LockTable.Mode.AGAINST_EVERYBODY));
                    TableProperties before = TableProperties.of(session, table);
                    for (Step step : planUnderLock(session, spec).conversion().steps()) {
                        if (!(step instanceof LockTable)) {
                            run(session, table, step);
                        }
                    }
                    List<String> differences = before.differencesTo(TableProperties.of(session, table));
                    if (!differences.isEmpty()) {
                        throw new DatabaseException(
                                "the conversion was undone, since the table would not be the same: "
                                        + String.join("; ", differences),
                                DatabaseException.Kind.PERMANENT);
                    }
                    return true;
                });
            }
        });
    }

    private Plan.Convert planUnderLock(Session session, TableSpec spec) {
        Observation observation = observer.catalog().observe(session, List.of(spec));
        ObservedTable observed = observation.tables().get(spec.table());
        if (!(observed instanceof ObservedTable.Plain plain)) {
            throw changed(spec);
        }
        ObservedTable surveyed = survey(session, spec, observation.server(), plain);
        if (Planner.plan(spec, observation.server(), surveyed) instanceof Plan.Convert convert) {
            return convert;
        }
        throw changed(spec);
    }

    private static DatabaseException changed(TableSpec spec) {
        return new DatabaseException(
                spec.table() + " changed before it could be locked", DatabaseException.Kind.RETRYABLE);
    }

    /** A table with all that its conversion needs to know; one that is not about to be converted stays as it is. */
    static ObservedTable survey(Session session, TableSpec spec, ObservedServer server, ObservedTable table) {
        return switch (table) {
            case ObservedTable.Plain plain ->
                new ObservedTable.Plain(
                        plain.estimatedRows(),
                        plain.ownedByRole(),
                        plain.sizeBytes(),
                        Shapes.of(session, spec, server));
            case ObservedTable.Converting(var conversion, boolean owned, var _, var _) ->
                new ObservedTable.Converting(
                        conversion,
                        owned,
                        conversion.phase() == Phase.FOREIGN_KEYS ? null : Shapes.ofConverting(session, spec, server),
                        Successors.of(session, spec, conversion.phase()));
            case ObservedTable.Partitioned(PartitionSet set)
            when set.defaultPartition() != null -> {
                DefaultPartition rest = set.defaultPartition();
                ObservedTable surveyed = survey(session, spec.about(rest.name()), server, rest.table());
                yield new ObservedTable.Partitioned(set.with(rest.with(surveyed)));
            }
            case ObservedTable.Missing _,
                    ObservedTable.NotATable _,
                    ObservedTable.PartitionedOtherwise _,
                    ObservedTable.Partitioned _ -> table;
        };
    }

    /** Runs one step in a transaction that the caller has begun. */
    void run(Session session, QualifiedName table, Step step) {
        long started = System.nanoTime();
        step.run(session);
        Log.infof(
                "table=%s step=%s took=%dms: %s",
                table, step.getClass().getSimpleName(), Timing.since(started).toMillis(), step.summary());
    }
}
