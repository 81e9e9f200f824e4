package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import partman.sidecar.catalog.UndoShapes;
import partman.sidecar.config.Settings;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.model.UndoShape;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.PlanText;
import partman.sidecar.plan.Planner;
import partman.sidecar.plan.Undo;
import partman.sidecar.plan.UndoPlanner;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.step.DropRetired;
import partman.sidecar.step.Transaction;

/**
 * Brings each configured table to its desired state: plans, runs the first transaction of the plan, looks again. A table
 * whose work fails is left alone for a while, longer each time, and never keeps another one from being worked on.
 */
@ApplicationScoped
public class Reconciler {

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

    private static final Duration BLOCKED_PAUSE = Duration.ofMinutes(1);

    /** Whoever holds a lock may let it go at any time. */
    private static final Duration LONGEST_LOCK_PAUSE = Duration.ofSeconds(30);

    /** A plan that is still not done after so many transactions goes in circles. */
    private static final int MOST_TRANSACTIONS = 50;

    private final Settings settings;
    private final Database database;
    private final Observer observer;
    private final StepRunner runner;
    private final OnlineConversion online;
    private final Maintenance maintenance;
    private final Status status;
    private final Leader leader;
    private final InstantSource clock;
    private final Map<QualifiedName, Pause> pauses = new HashMap<>();
    private final Map<QualifiedName, String> logged = new ConcurrentHashMap<>();

    Reconciler(
            Settings settings,
            Database database,
            Observer observer,
            StepRunner runner,
            OnlineConversion online,
            Maintenance maintenance,
            Status status,
            Leader leader,
            InstantSource clock) {
        this.settings = settings;
        this.database = database;
        this.observer = observer;
        this.runner = runner;
        this.online = online;
        this.maintenance = maintenance;
        this.status = status;
        this.leader = leader;
        this.clock = clock;
    }

    private record Pause(Instant until, Duration length) {}

    /** The tables that the last snapshot shows work to be done on now. */
    List<TableSpec> tablesWithWork() {
        Snapshot snapshot = status.latest();
        if (settings.mode() != Settings.Mode.APPLY || snapshot.failure() != null || !snapshot.leader()) {
            return List.of();
        }
        return settings.tables().stream()
                .filter(spec -> !isPaused(spec.table())
                        && snapshot.find(spec.table())
                                .map(table -> table.plan() != null && isWork(table.plan()))
                                .orElse(false))
                .toList();
    }

    /**
     * The sets whose rows in the default partition can be moved under its lock, by the last snapshot: before maintenance they should
     * be, since it fails where rows lie in the way of a partition. What takes longer is not waited for.
     */
    public List<TableSpec> setsToEmpty() {
        Snapshot snapshot = status.latest();
        return tablesWithWork().stream()
                .filter(spec -> snapshot.find(spec.table())
                        .map(Reconciler::canBeEmptied)
                        .orElse(false))
                .toList();
    }

    private static boolean canBeEmptied(Snapshot.Table table) {
        PartitionSet set = table.set();
        return set != null
                && set.registration() != null
                && set.defaultPartition() != null
                && set.defaultPartition().rows() > 0
                && table.copying() == null
                && table.plan() instanceof Plan.Run;
    }

    /** In mode {@code plan}: logs the SQL of each table whose state has changed since the last time, and keeps it for people to see. */
    void logPlans() {
        for (TableSpec spec : settings.tables()) {
            Snapshot.Table table = status.latest().find(spec.table()).orElse(null);
            if (table == null || table.plan() == null || !isWork(table.plan())) {
                logged.remove(spec.table());
            } else if (!table.reason().equals(logged.put(spec.table(), table.reason()))) {
                Look look = look(spec);
                // what is blocked must be looked at anew
                if (keepVerdict(spec.table(), look, isWork(look.plan()))) {
                    logged.put(spec.table(), look.plan().reason());
                }
                Log.infof("table=%s plan:%n%s", spec.table(), PlanText.of(spec.table(), look.plan()));
            }
        }
    }

    private static boolean isWork(Plan plan) {
        return switch (plan) {
            case Plan.Run _, Plan.Convert _, Plan.Online _, Plan.Survey _ -> true;
            case Plan.Nothing _, Plan.Wait _, Plan.Blocked _ -> false;
        };
    }

    private synchronized boolean isPaused(QualifiedName table) {
        Pause pause = pauses.get(table);
        return pause != null && clock.instant().isBefore(pause.until());
    }

    /** Works on one table; whatever happens, the other tables are worked on too. */
    void work(TableSpec spec) {
        try {
            reconcile(spec);
        } catch (RuntimeException e) {
            // a fault of this program must not keep the other tables from being worked on
            Log.errorf(e, "table=%s work on it failed", spec.table());
            pause(spec.table(), LONGEST_PAUSE);
            status.trouble(spec.table(), String.valueOf(e.getMessage()));
        }
    }

    /**
     * How work on a table ended.
     *
     * @param plan what is left
     * @param failure what made it end early; empty if nothing did
     */
    public record Result(Plan plan, String failure) {

        public boolean failed() {
            return !failure.isEmpty();
        }

        /** Failure or reason, to be put behind the state. */
        public String words() {
            String text = failed() ? failure : plan.reason();
            return text.isEmpty() ? "" : ": " + text;
        }
    }

    /** Works on one table until nothing is left to do or something stands in the way. */
    public Result reconcile(TableSpec spec) {
        boolean changed = false;
        String failure = "";
        Plan plan = new Plan.Wait(TableState.BLOCKED, "");
        try {
            Look look = look(spec);
            plan = look.plan();
            for (int i = 0; i < MOST_TRANSACTIONS && isWork(plan) && leader.hold(); i++) {
                if (plan instanceof Plan.Convert convert && convert.before().isEmpty()) {
                    runner.convert(spec, convert);
                } else if (plan instanceof Plan.Convert convert) {
                    runner.run(spec.table(), convert.before().getFirst());
                } else if (plan instanceof Plan.Online conversion) {
                    carryOn(spec, conversion);
                } else if (plan instanceof Plan.Run run) {
                    runner.run(spec.table(), run.transactions().getFirst());
                }
                changed = true;
                // what stood in the way of this step does so no more, and the next one may take hours
                status.calm(spec.table());
                look = look(spec);
                plan = look.plan();
            }
            calm(spec.table());
            keepVerdict(spec.table(), look, plan instanceof Plan.Blocked || plan instanceof Plan.Wait);
            if (look.seen() != null && plan instanceof Plan.Blocked) {
                // to look again means to count all rows again; any other plan is found anew by each observation
                pause(spec.table(), BLOCKED_PAUSE);
            }
        } catch (DatabaseException e) {
            failure = Observer.firstLine(e);
            trouble(spec.table(), e);
        }
        if (changed) {
            maintenance.run(spec.table()::equals);
        }
        return new Result(plan, failure);
    }

    /**
     * Runs one phase. What fails since the table was changed meanwhile is no failure: the conversion has to begin anew, and at once,
     * since the trigger that keeps its journal may stand in the application's way.
     */
    private void carryOn(TableSpec spec, Plan.Online conversion) {
        try {
            online.carryOn(spec, conversion);
        } catch (DatabaseException e) {
            if (e.kind() != DatabaseException.Kind.PERMANENT || !(plan(spec) instanceof Plan.Run)) {
                throw e;
            }
            Log.warnf("table=%s conversion phase ended early: %s", spec.table(), Observer.firstLine(e));
        }
    }

    /** How it ended to give up a conversion, in words for people. */
    public enum Abort {
        NOTHING("no conversion to give up"),
        TOO_LATE("too late: the partitioned table is in its place already, and the plain one is kept"),
        DONE(
                "conversion given up, the table is as it was; a service would begin anew, so set partman.mode to plan before you start one");

        private final String words;

        Abort(String words) {
            this.words = words;
        }

        public String words() {
            return words;
        }
    }

    /** Gives up an online conversion that has not swapped the tables yet. The plain table stays as it is, and nothing else is left. */
    public Abort abort(TableSpec spec) {
        Observation observation;
        try (Session session = database.open()) {
            observation = observer.catalog().observe(session, List.of(spec));
        }
        ObservedTable table = Objects.requireNonNull(observation.tables().get(spec.table()));
        ObservedTable.Converting converting = table.underWay();
        if (converting == null) {
            return Abort.NOTHING;
        }
        if (converting.conversion().phase() == Conversion.Phase.FOREIGN_KEYS) {
            return Abort.TOO_LATE;
        }
        Plan.Run abort = Planner.abort(spec, observation.server(), table);
        runner.run(spec.table(), abort.transactions().getFirst());
        return Abort.DONE;
    }

    /** Drops the tables that conversions have kept, the plain one and an old default partition; false if there is none. */
    public boolean dropRetired(TableSpec spec) {
        List<QualifiedName> retired;
        try (Session session = database.open()) {
            retired = observer.catalog().observe(session, List.of(spec)).retiredOf(spec.table());
        }
        for (QualifiedName table : retired) {
            runner.run(
                    spec.table(),
                    Transaction.of(new DropRetired(table), spec.conversion().lockTimeout()));
        }
        return !retired.isEmpty();
    }

    /** The plan for one table as it is now; a plain table's shape is read for it. */
    public Plan plan(TableSpec spec) {
        return look(spec).plan();
    }

    /**
     * The plan for one table as it is now.
     *
     * @param seen what an observation sees, if the table's shape was read for the plan, which an observation does not do; else null
     */
    private record Look(Plan plan, Plan.@Nullable Survey seen) {}

    /** Keeps for the next observations what a look has found, if it shall be; says whether it does. */
    private boolean keepVerdict(QualifiedName table, Look look, boolean shall) {
        if (look.seen() == null || !shall) {
            status.dropVerdict(table);
            return false;
        }
        status.keepVerdict(table, look.seen(), look.plan());
        return true;
    }

    private Look look(TableSpec spec) {
        try (Session session = database.open()) {
            Observation observation = observer.catalog().observe(session, List.of(spec));
            Plan plan = Planner.plan(spec, observation);
            if (plan instanceof Plan.Survey seen) {
                ObservedTable observed =
                        Objects.requireNonNull(observation.tables().get(spec.table()));
                ObservedTable surveyed = StepRunner.survey(session, spec, observation.server(), observed);
                return new Look(Planner.plan(spec, observation.server(), surveyed), seen);
            }
            return new Look(plan, null);
        }
    }

    /** The way back of one table to a plain one, for a person to take; reads only. */
    public Undo planUndo(TableSpec spec) {
        try (Session session = database.open()) {
            Observation observation = observer.catalog().observe(session, List.of(spec));
            ObservedTable table = Objects.requireNonNull(observation.tables().get(spec.table()));
            UndoShape shape = table instanceof ObservedTable.Partitioned(PartitionSet set)
                    ? UndoShapes.of(session, set, observation.server().partmanSchema())
                    : null;
            return UndoPlanner.plan(spec, observation, shape, UndoShapes.isUnfinished(session, spec.table()));
        }
    }

    private synchronized void pause(QualifiedName table, Duration length) {
        pauses.put(table, new Pause(clock.instant().plus(length), length));
    }

    private synchronized void calm(QualifiedName table) {
        pauses.remove(table);
        status.calm(table);
    }

    private synchronized void trouble(QualifiedName table, DatabaseException e) {
        @Nullable Pause last = pauses.get(table);
        Duration length = last == null ? FIRST_PAUSE : last.length().multipliedBy(2);
        if (e.isLockTimeout() && length.compareTo(LONGEST_LOCK_PAUSE) > 0) {
            length = LONGEST_LOCK_PAUSE;
        } else if (length.compareTo(LONGEST_PAUSE) > 0 || e.kind() == DatabaseException.Kind.PERMANENT) {
            length = LONGEST_PAUSE;
        }
        pause(table, length);
        status.trouble(table, Observer.firstLine(e));
        if (e.kind() == DatabaseException.Kind.PERMANENT) {
            Log.errorf("table=%s not done; next attempt in %s: %s", table, length, e.getMessage());
        } else {
            Log.warnf("table=%s not done; next attempt in %s: %s", table, length, Observer.firstLine(e));
        }
    }
}
