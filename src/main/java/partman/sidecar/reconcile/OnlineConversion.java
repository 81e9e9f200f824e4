package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import partman.sidecar.catalog.TableProperties;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Planner;
import partman.sidecar.plan.Stage;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.step.ApplyJournal;
import partman.sidecar.step.HoldConversion;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.Step;
import partman.sidecar.step.StopConversion;
import partman.sidecar.step.SwapDefault;
import partman.sidecar.step.TakeOverConversion;
import partman.sidecar.step.Transaction;

/**
 * Carries on an online conversion, one phase at a time. All that it needs to know is in the database, so it does not matter which
 * process did the earlier phases, nor how it ended.
 */
@ApplicationScoped
public class OnlineConversion {

    /** A journal that is applied in this time, or holds so few changes, can be applied while the application waits. */
    private static final Duration SHORT_WHILE = Duration.ofMillis(30);

    private static final long FEW_CHANGES = 50;

    /** Attempts to swap in one turn; the journal is caught up with before each. */
    private static final int SWAP_ATTEMPTS = 10;

    private final Database database;
    private final Observer observer;
    private final StepRunner runner;
    private final LockRetry retry;
    private final Status status;
    private final Leader leader;

    /** By conversion: which of the processes that have worked on it this one is. */
    private final Map<Long, Long> epochs = new ConcurrentHashMap<>();

    OnlineConversion(
            Database database, Observer observer, StepRunner runner, LockRetry retry, Status status, Leader leader) {
        this.database = database;
        this.observer = observer;
        this.runner = runner;
        this.retry = retry;
        this.status = status;
        this.leader = leader;
    }

    /** Runs what the plan has next: a transaction that comes before, or one phase. */
    synchronized void carryOn(TableSpec spec, Plan.Online plan) {
        if (!plan.before().isEmpty()) {
            runner.run(spec.table(), plan.before().getFirst());
            return;
        }
        Stage stage = plan.stages().getFirst();
        if (stage.phase() == Phase.SHADOW) {
            stage.all().forEach(transaction -> runner.run(spec.table(), transaction));
            // an earlier conversion of the same table may have been given up
            epochs.remove(plan.conversion());
            return;
        }
        Hold hold = new Hold(spec, hold(spec, plan.conversion()));
        long started = System.nanoTime();
        switch (stage.phase()) {
            case SHADOW, JOURNAL, KEYS_ONCE -> hold.inOrder(stage.transactions());
            case BACKFILL -> {
                new Backfill(spec, database).run(stage.shared(), hold::begin);
                hold.inOrder(stage.transactions());
            }
            case INDEXES, FOREIGN_KEYS -> {
                hold.shared(stage.shared());
                hold.inOrder(stage.transactions());
            }
            case CATCH_UP -> {
                hold.catchUp(stage.transactions().getFirst());
                hold.inOrder(
                        stage.transactions().subList(1, stage.transactions().size()));
            }
            case VERIFY -> hold.verify(stage);
            case SWAP -> hold.swap(stage.transactions().getFirst());
        }
        Log.infof(
                "table=%s conversion phase=%s done took=%dms",
                spec.table(), stage.phase().label(), Timing.since(started).toMillis());
    }

    private HoldConversion hold(TableSpec spec, long conversion) {
        Long epoch = epochs.get(conversion);
        if (epoch == null) {
            TakeOverConversion takeOver = new TakeOverConversion(spec.table(), conversion);
            try (Session session = database.open()) {
                epoch = session.inTransaction(() -> takeOver.takeOver(session));
            }
            epochs.put(conversion, epoch);
        }
        return new HoldConversion(spec.table(), conversion, epoch);
    }

    /** A conversion that this process works on; each of its transactions makes sure that no other one has taken it over. */
    private final class Hold {

        private final TableSpec spec;
        private final QualifiedName table;
        private final HoldConversion step;

        Hold(TableSpec spec, HoldConversion step) {
            this.spec = spec;
            this.table = spec.table();
            this.step = step;
        }

        /** Begins a transaction that the caller ends. */
        void begin(Session session, Transaction transaction) {
            if (!leader.hold()) {
                epochs.remove(step.conversion());
                throw new DatabaseException(
                        "this process may not change the database any more", DatabaseException.Kind.RETRYABLE);
            }
            transaction.begin(session);
            try {
                step.run(session);
            } catch (DatabaseException e) {
                epochs.remove(step.conversion());
                throw e;
            }
        }

        private boolean run(Session session, Transaction transaction) {
            return session.inTransaction(() -> {
                begin(session, transaction);
                transaction.steps().forEach(next -> runner.run(session, table, next));
                return true;
            });
        }

        void inOrder(List<Transaction> transactions) {
            for (Transaction transaction : transactions) {
                retry.run(table, () -> {
                    try (Session session = database.open()) {
                        return run(session, transaction);
                    }
                });
            }
        }

        void shared(List<Transaction> transactions) {
            Workers.share(
                    spec.conversion().workers(),
                    transactions,
                    (session, transaction) -> retry.run(table, () -> run(session, transaction)),
                    database);
        }

        /** Applies the journal until what comes in meanwhile is little. */
        void catchUp(Transaction batch) {
            ApplyJournal apply = (ApplyJournal) batch.steps().getFirst();
            long started = System.nanoTime();
            long told = started;
            long total = 0;
            try (Session session = database.open()) {
                while (true) {
                    long round = System.nanoTime();
                    long applied = session.inTransaction(() -> {
                        begin(session, batch);
                        return apply.apply(session);
                    });
                    total += applied;
                    boolean all = apply.most() == null || applied < apply.most();
                    if (applied <= FEW_CHANGES || (all && Timing.since(round).compareTo(SHORT_WHILE) <= 0)) {
                        break;
                    }
                    if (Timing.since(told).compareTo(Timing.PROGRESS_EVERY) >= 0) {
                        told = System.nanoTime();
                        Log.infof("table=%s conversion phase=catch_up applied=%d changes", table, total);
                    }
                }
            }
            Log.infof(
                    "table=%s step=ApplyJournal took=%dms: %d changes of the journal applied",
                    table, Timing.since(started).toMillis(), total);
        }

        /** Compares; a difference stops the conversion until a person has looked. */
        void verify(Stage stage) {
            try {
                shared(stage.shared());
            } catch (DatabaseException e) {
                if (e.isFinding() && e.kind() == DatabaseException.Kind.PERMANENT) {
                    stop(Observer.firstLine(e));
                }
                throw e;
            }
            inOrder(stage.transactions());
        }

        private void stop(String failure) {
            inOrder(List.of(Transaction.of(
                    new StopConversion(table, step.conversion(), failure),
                    spec.conversion().lockTimeout())));
        }

        /** Swaps the tables; between attempts the journal is kept short. */
        void swap(Transaction planned) {
            ApplyJournal all = planned.steps().stream()
                    .filter(ApplyJournal.class::isInstance)
                    .map(ApplyJournal.class::cast)
                    .findFirst()
                    .orElseThrow();
            Transaction catchUp =
                    new Transaction(List.of(all), spec.conversion().lockTimeout(), true);
            for (int attempt = 1; ; attempt++) {
                catchUp(catchUp);
                try {
                    swapOnce(planned);
                    return;
                } catch (DatabaseException e) {
                    if (!e.isLockTimeout()) {
                        throw e;
                    }
                    DatabaseException explained = retry.explained(table, e);
                    status.trouble(table, "the swap waits: " + Observer.firstLine(explained));
                    status.republish();
                    if (attempt == SWAP_ATTEMPTS) {
                        throw explained;
                    }
                    Log.warnf(
                            "table=%s the swap waits, attempt %d of %d: %s",
                            table, attempt, SWAP_ATTEMPTS, Observer.firstLine(explained));
                    LockRetry.pause(attempt);
                }
            }
        }

        /**
         * All that takes long is done while the tables are only locked against schema changes: reading their properties, and planning
         * once more from what they are now. Then they are locked against everybody until the commit.
         */
        private void swapOnce(Transaction planned) {
            long lockedAt;
            try (Session session = database.open()) {
                lockedAt = session.inTransaction(() -> {
                    begin(session, new Transaction(List.of(), spec.conversion().lockTimeout()));
                    List<LockTable> freeze = locks(planned.steps(), LockTable.Mode.AGAINST_SCHEMA_CHANGES);
                    freeze.forEach(lock -> runner.run(session, table, lock));
                    List<QualifiedName> tables =
                            freeze.stream().map(LockTable::table).toList();
                    List<Step> steps = planUnderLock(session).steps();
                    List<TableProperties> before = properties(session, tables);
                    List<String> unguarded = unguarded(session, tables);
                    List<LockTable> locks = locks(steps, LockTable.Mode.AGAINST_EVERYBODY);
                    int beforeLocks = steps.indexOf(locks.getFirst());
                    work(session, steps.subList(0, beforeLocks));
                    long locked = lock(session, locks);
                    if (!unguarded.equals(unguarded(session, tables))) {
                        throw changed();
                    }
                    work(session, steps.subList(beforeLocks, steps.size()));
                    refuseLoss(before, properties(session, tables));
                    return locked;
                });
            } catch (DatabaseException e) {
                if (e.isFinding() && e.kind() == DatabaseException.Kind.PERMANENT) {
                    stop(Observer.firstLine(e));
                }
                throw e;
            }
            boolean ofDefault = planned.steps().stream().anyMatch(SwapDefault.class::isInstance);
            Log.infof(
                    "table=%s step=%s held=%dms: the swap is done",
                    table,
                    ofDefault ? "SwapDefault" : "SwapTables",
                    Timing.since(lockedAt).toMillis());
            epochs.remove(step.conversion());
        }

        private static List<LockTable> locks(List<Step> steps, LockTable.Mode mode) {
            return steps.stream()
                    .filter(LockTable.class::isInstance)
                    .map(LockTable.class::cast)
                    .filter(lock -> lock.mode() == mode)
                    .toList();
        }

        /** Takes the locks in order, and tells when the first was granted; those who queue behind it wait for the next ones, too. */
        private long lock(Session session, List<LockTable> locks) {
            long asked = System.nanoTime();
            long granted = 0;
            for (LockTable lock : locks) {
                lock.run(session);
                granted = granted == 0 ? System.nanoTime() : granted;
                new Transaction(List.of(), left(Timing.since(asked))).begin(session);
            }
            Duration waited = Timing.since(asked);
            status.update(table, progress -> progress.withLockWait(waited));
            return granted;
        }

        private Duration left(Duration waited) {
            Duration left = spec.conversion().lockTimeout().minus(waited);
            return left.toMillis() < 1 ? Duration.ofMillis(1) : left;
        }

        private void work(Session session, List<Step> steps) {
            for (Step next : steps) {
                if (!(next instanceof LockTable)) {
                    next.run(session);
                }
            }
        }

        private List<TableProperties> properties(Session session, List<QualifiedName> tables) {
            return tables.stream()
                    .map(name -> TableProperties.of(session, name).withoutForeignKeys())
                    .toList();
        }

        private List<String> unguarded(Session session, List<QualifiedName> tables) {
            return tables.stream()
                    .map(name -> TableProperties.unguarded(session, name))
                    .toList();
        }

        private void refuseLoss(List<TableProperties> before, List<TableProperties> after) {
            List<String> differences = new ArrayList<>();
            for (int i = 0; i < before.size(); i++) {
                differences.addAll(before.get(i).differencesTo(after.get(i)));
            }
            if (!differences.isEmpty()) {
                throw new DatabaseException(
                        "the swap was undone, since the table would not be the same: " + String.join("; ", differences),
                        DatabaseException.Kind.PERMANENT);
            }
        }

        private Transaction planUnderLock(Session session) {
            Observation observation = observer.catalog().observe(session, List.of(spec));
            ObservedTable observed = Objects.requireNonNull(observation.tables().get(table));
            ObservedTable surveyed = StepRunner.survey(session, spec, observation.server(), observed);
            if (Planner.plan(spec, observation.server(), surveyed) instanceof Plan.Online online
                    && online.stages().getFirst().phase() == Phase.SWAP) {
                return online.stages().getFirst().transactions().getFirst();
            }
            throw changed();
        }

        private DatabaseException changed() {
            return new DatabaseException(
                    table + " changed before it could be swapped", DatabaseException.Kind.RETRYABLE);
        }
    }
}
