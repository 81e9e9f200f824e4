package partman.sidecar.reconcile;

import static java.util.stream.Collectors.joining;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import partman.sidecar.catalog.LockHolders;
import partman.sidecar.config.Settings;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.RetentionGuard;
import partman.sidecar.postgres.AdvisoryLock;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;
import partman.sidecar.step.MaintenanceCalls;
import partman.sidecar.step.MaintenanceCalls.Result;

/**
 * Runs pg_partman's maintenance, set by set, and believes only the catalog: a run counts as a success when
 * {@code maintenance_last_run} has moved and no partition is missing.
 */
@ApplicationScoped
public class Maintenance {

    /** From 5.5 on pg_partman takes {@code maintenance_last_run} away from a set that it could not maintain. */
    static final String MARKED_AS_FAILED = "the call returned, but pg_partman marks the run as failed";

    private final Settings settings;
    private final Database database;
    private final Observer observer;
    private final Status status;
    private final LockRetry retry;
    private final Watch watch;
    private final InstantSource clock;
    private final Object oneAtATime = new Object();

    Maintenance(
            Settings settings,
            Database database,
            Observer observer,
            Status status,
            LockRetry retry,
            Watch watch,
            InstantSource clock) {
        this.settings = settings;
        this.database = database;
        this.observer = observer;
        this.status = status;
        this.retry = retry;
        this.watch = watch;
        this.clock = clock;
    }

    /** What became of one set's call, before the catalog was asked. */
    private record Attempt(Duration took, Outcome outcome, String message) {}

    /** Looks at the database, then maintains the chosen sets; none on a replica. */
    public Map<QualifiedName, MaintenanceRun> run(Predicate<QualifiedName> chosen) {
        return run(observer.observe(), chosen);
    }

    /**
     * Maintains the chosen sets that are in {@code part_config} with automatic maintenance on; says how each run ended. Those that the
     * {@link RetentionGuard} holds back are among them, though it has their automatic maintenance put off.
     *
     * @param before what was seen just now
     */
    public Map<QualifiedName, MaintenanceRun> run(Snapshot before, Predicate<QualifiedName> chosen) {
        synchronized (oneAtATime) {
            List<Snapshot.Table> sets = before.tables().stream()
                    .filter(table -> chosen.test(table.name()) && (isMaintained(table) || isHeldBack(table, before)))
                    .toList();
            if (before.failure() != null
                    || before.observation() == null
                    || before.observation().server().inRecovery()
                    || sets.isEmpty()
                    || !(before.observation().server().extension() instanceof Extension.Installed installed)) {
                return Map.of();
            }
            long started = System.nanoTime();
            Map<QualifiedName, Attempt> attempts = attempt(sets, before, installed.schema());
            Snapshot after = observer.observeAgain(before.observation());
            Map<QualifiedName, MaintenanceRun> runs = new LinkedHashMap<>();
            for (Snapshot.Table set : sets) {
                Attempt attempt = Objects.requireNonNull(attempts.get(set.name()));
                MaintenanceRun run = verify(set, attempt, after);
                runs.put(set.name(), run);
                status.ended(set.name(), run);
                after.find(set.name()).ifPresent(watch::know);
            }
            status.republish();
            Log.infof(
                    "maintenance ended: success=%d, failure=%d, skipped=%d, took=%s",
                    count(runs, Outcome.SUCCESS),
                    count(runs, Outcome.FAILURE),
                    count(runs, Outcome.SKIPPED),
                    Duration.ofNanos(System.nanoTime() - started).truncatedTo(ChronoUnit.MILLIS));
            return runs;
        }
    }

    private static long count(Map<QualifiedName, MaintenanceRun> runs, Outcome outcome) {
        return runs.values().stream().filter(run -> run.outcome() == outcome).count();
    }

    private static boolean isMaintained(Snapshot.Table table) {
        return isAstray(table) || table.isMaintained();
    }

    /** Whether only {@code part_config} knows the table; it has no set to be maintained, which somebody should be told. */
    private static boolean isAstray(Snapshot.Table table) {
        return !table.configured() && table.set() == null;
    }

    private Map<QualifiedName, Attempt> attempt(List<Snapshot.Table> sets, Snapshot before, Identifier partman) {
        Map<QualifiedName, Attempt> attempts = new LinkedHashMap<>();
        List<QualifiedName> due = new ArrayList<>();
        for (Snapshot.Table set : sets) {
            Attempt without = withoutCall(set, danger(set, before));
            if (without == null) {
                due.add(set.name());
            } else {
                attempts.put(set.name(), without);
            }
        }
        try (Session session = database.open()) {
            String holder = otherHolder(session);
            if (holder != null) {
                Attempt skipped = skipped("pg_partman's maintenance lock is held by " + holder);
                due.forEach(set -> attempts.put(set, skipped));
            } else {
                call(
                        session,
                        due,
                        new MaintenanceCalls(partman, settings.maintenance().lockTimeout()),
                        attempts);
            }
        } catch (DatabaseException e) {
            Attempt failed = new Attempt(Duration.ZERO, Outcome.FAILURE, Observer.firstLine(e));
            due.forEach(set -> attempts.putIfAbsent(set, failed));
        }
        return attempts;
    }

    private boolean isHeldBack(Snapshot.Table table, Snapshot snapshot) {
        return table.configured() && danger(table, snapshot) != null;
    }

    /** Why a set must not be maintained now, or null if it may be. */
    private @Nullable String danger(Snapshot.Table table, Snapshot snapshot) {
        if (table.set() == null || snapshot.observation() == null) {
            return null;
        }
        TableSpec spec = settings.tables().stream()
                .filter(configured -> configured.table().equals(table.name()))
                .findFirst()
                .orElse(null);
        return RetentionGuard.danger(
                table.set(), spec, snapshot.observation().server().now());
    }

    /** What there is to say of a set that is not maintained now; null if it is. */
    private @Nullable Attempt withoutCall(Snapshot.Table set, @Nullable String danger) {
        if (isAstray(set)) {
            return new Attempt(Duration.ZERO, Outcome.FAILURE, set.reason());
        }
        if (set.copying() != null) {
            return skipped("the rows of its default partition are being moved");
        }
        return danger == null ? null : skipped(danger);
    }

    private static Attempt skipped(String why) {
        return new Attempt(Duration.ZERO, Outcome.SKIPPED, why);
    }

    /** Takes pg_partman's locks for the whole run, which closing the session gives back; says who holds one otherwise. */
    private static @Nullable String otherHolder(Session session) {
        for (AdvisoryLock lock : AdvisoryLock.MAINTENANCE) {
            if (!lock.tryTake(session)) {
                return LockHolders.words(session, List.of(lock));
            }
        }
        return null;
    }

    private void call(
            Session session, List<QualifiedName> sets, MaintenanceCalls calls, Map<QualifiedName, Attempt> attempts) {
        List<Result> results = calls.run(session, sets);
        for (int i = 0; i < sets.size(); i++) {
            attempts.put(sets.get(i), attempt(session, sets.get(i), calls, results.get(i)));
        }
    }

    /** What became of a set whose first call gave this; a lock that it did not get in time is tried again. */
    private Attempt attempt(Session session, QualifiedName set, MaintenanceCalls calls, Result first) {
        long started = System.nanoTime();
        Deque<Result> results = new ArrayDeque<>(List.of(first));
        Outcome outcome;
        String message;
        try {
            Result result = retry.run(set, () -> {
                if (results.isEmpty()) {
                    results.addAll(calls.run(session, List.of(set)));
                }
                return orFailure(results.remove());
            });
            outcome = result instanceof Result.Ran ? Outcome.SUCCESS : Outcome.SKIPPED;
            message = result instanceof Result.Ran ran ? warnings(ran) : otherSession(session);
        } catch (DatabaseException e) {
            outcome = Outcome.FAILURE;
            message = Observer.firstLine(e);
        }
        return new Attempt(first.took().plusNanos(System.nanoTime() - started), outcome, message);
    }

    /** Throws if the call failed. From 5.5 on pg_partman makes a warning of a lock that it did not get in time. */
    private static Result orFailure(Result result) {
        if (result instanceof Result.Failed failed) {
            throw failed.failure();
        }
        if (result instanceof Result.Ran ran && DatabaseException.tellsOfLockTimeout(warnings(ran))) {
            throw new DatabaseException(warnings(ran), DatabaseException.Kind.RETRYABLE);
        }
        return result;
    }

    private static String warnings(Result.Ran ran) {
        return ran.warnings().stream().map(Observer::firstLine).collect(joining("; "));
    }

    private static String otherSession(Session session) {
        return "pg_partman's maintenance runs in another session: "
                + LockHolders.words(session, List.of(AdvisoryLock.RUN_MAINTENANCE));
    }

    private MaintenanceRun verify(Snapshot.Table before, Attempt attempt, Snapshot after) {
        Instant now = clock.instant();
        if (attempt.outcome() != Outcome.SUCCESS) {
            return new MaintenanceRun(attempt.outcome(), now, attempt.took(), explained(before, attempt.message()));
        }
        String fault = after.failure() != null
                ? "its effect could not be seen: " + after.failure()
                : after.find(before.name()).map(table -> fault(before, table)).orElse("the set is gone");
        if (fault.isEmpty()) {
            return new MaintenanceRun(Outcome.SUCCESS, now, attempt.took(), "");
        }
        String said = attempt.message().isEmpty() ? "" : "; pg_partman said: " + attempt.message();
        return new MaintenanceRun(Outcome.FAILURE, now, attempt.took(), explained(before, fault + said));
    }

    /** PostgreSQL calls a foreign key by another name for each partition, or not at all. It is recognized in English only. */
    private static String explained(Snapshot.Table table, String message) {
        String obstacle = table.set() == null ? null : RetentionGuard.obstacle(table.set());
        boolean tellsOfIt = message.contains("foreign key") || message.contains("other objects depend on it");
        return obstacle == null || !tellsOfIt ? message : "%s; %s".formatted(message, obstacle);
    }

    private static String fault(Snapshot.Table before, Snapshot.Table after) {
        Instant earlier = lastRun(before);
        Instant later = lastRun(after);
        if (later == null) {
            return MARKED_AS_FAILED;
        }
        if (earlier != null && !later.isAfter(earlier)) {
            return "the call returned without running maintenance";
        }
        return missing(after);
    }

    /** The partitions that maintenance should have made and that are not there, in words; empty if all are. */
    static String missing(Snapshot.Table set) {
        return set.coverage() == null || set.coverage().missing() == 0
                ? ""
                : "%d partition(s) are still missing: %s %s"
                        .formatted(
                                set.coverage().missing(),
                                set.coverage().holes(),
                                set.coverage().notPremade());
    }

    private static @Nullable Instant lastRun(Snapshot.Table table) {
        return table.set() == null || table.set().registration() == null
                ? null
                : table.set().registration().maintenanceLastRun();
    }
}
