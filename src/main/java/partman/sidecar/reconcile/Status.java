package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;
import partman.sidecar.reconcile.Snapshot.Progress;

/** Keeps the latest {@link Snapshot} and what it is made of; fires each new one as an event. */
@ApplicationScoped
public class Status {

    private final Event<Snapshot> changed;
    private final Map<QualifiedName, Progress> progress = new ConcurrentHashMap<>();
    private final Map<QualifiedName, String> troubles = new ConcurrentHashMap<>();
    private final Map<QualifiedName, Verdict> verdicts = new ConcurrentHashMap<>();
    private volatile Snapshot latest = Snapshot.NOTHING_YET;

    Status(Event<Snapshot> changed) {
        this.changed = changed;
    }

    /** The latest snapshot; never queries anything. */
    public Snapshot latest() {
        return latest;
    }

    void publish(Snapshot snapshot) {
        latest = snapshot;
        changed.fire(snapshot);
    }

    /** Publishes the latest snapshot again, with what has been done since. */
    void republish() {
        publish(latest.withTables(latest.tables().stream()
                .map(table -> table.with(progressOf(table.name()), troubleOf(table.name())))
                .toList()));
    }

    Progress progressOf(QualifiedName table) {
        return progress.getOrDefault(table, Progress.NONE);
    }

    void update(QualifiedName table, UnaryOperator<Progress> change) {
        progress.compute(table, (_, old) -> change.apply(old == null ? Progress.NONE : old));
    }

    /** Counts a maintenance run that has ended, and logs it. */
    void ended(QualifiedName set, MaintenanceRun run) {
        update(set, old -> old.with(run));
        String message = run.message().isEmpty() ? "" : ": " + run.message();
        if (run.took() == null) {
            Log.logf(
                    level(run.outcome()),
                    "table=%s maintenance=%s by=another%s",
                    set,
                    run.outcome().label(),
                    message);
        } else {
            Log.logf(
                    level(run.outcome()),
                    "table=%s maintenance=%s took=%dms%s",
                    set,
                    run.outcome().label(),
                    run.took().toMillis(),
                    message);
        }
    }

    private static Logger.Level level(Outcome outcome) {
        return switch (outcome) {
            case SUCCESS -> Logger.Level.INFO;
            case SKIPPED -> Logger.Level.WARN;
            case FAILURE -> Logger.Level.ERROR;
        };
    }

    @Nullable
    String troubleOf(QualifiedName table) {
        return troubles.get(table);
    }

    void trouble(QualifiedName table, String message) {
        troubles.put(table, message);
    }

    void calm(QualifiedName table) {
        troubles.remove(table);
    }

    /** What the reading of a table's shape gave, where an observation had seen in which state the table is, and that it must be read. */
    private record Verdict(TableState seen, Plan found) {}

    /** What is to be told instead of what an observation sees: what was found in the same state before; null if nothing was. */
    @Nullable
    Plan verdictOn(QualifiedName table, Plan seen) {
        Verdict verdict = verdicts.get(table);
        return verdict != null && seen instanceof Plan.Survey && verdict.seen() == seen.state()
                ? verdict.found()
                : null;
    }

    /** Keeps what was found when a table's shape was read. */
    void keepVerdict(QualifiedName table, Plan.Survey seen, Plan found) {
        verdicts.put(table, new Verdict(seen.state(), found));
    }

    void dropVerdict(QualifiedName table) {
        verdicts.remove(table);
    }
}
