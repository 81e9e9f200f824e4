package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import partman.sidecar.catalog.Catalog;
import partman.sidecar.catalog.Schedulers;
import partman.sidecar.config.CronExpression;
import partman.sidecar.config.Settings;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Literal;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.plan.MaintenancePlanner;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Planner;
import partman.sidecar.plan.RetentionGuard;
import partman.sidecar.plan.UndoPlanner;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;

/** Looks at the database and publishes what it sees, the plans for it included. */
@ApplicationScoped
public class Observer {

    /** A look that takes longer is given up: it would only stand in the way. */
    private static final Duration LONGEST_QUERY = Duration.ofSeconds(20);

    private static final int LOOKS_PAST_A_LOCK = 3;
    private static final Duration LOCK_PAUSE = Duration.ofMillis(150);

    /** A scheduler may begin a run later than the cron expression says, and take its time. */
    private static final Duration CRON_GRACE = Duration.ofMinutes(1);

    private final Settings settings;
    private final Database database;
    private final Leader leader;
    private final Status status;
    private final Catalog catalog;
    private final CronExpression cron;
    private final Announcements announcements = new Announcements();
    private final CopyHistory copies = new CopyHistory();
    private final Object oneAtATime = new Object();

    /** By the server's clock; null while the database can't be used. */
    private @Nullable Instant watchedSince;

    Observer(Settings settings, Database database, Leader leader, Status status) {
        this.settings = settings;
        this.database = database;
        this.leader = leader;
        this.status = status;
        this.catalog = new Catalog(settings.defaultRowsCap());
        this.cron = CronExpression.parse(settings.maintenance().cron());
    }

    /** Looks once; a failure is published too, with the last good observation. */
    public Snapshot observe() {
        return observe(session -> catalog.observe(session, settings.tables()));
    }

    /** Looks again soon after another look, which has the sizes of partitions that this one leaves out. */
    Snapshot observeAgain(Observation before) {
        return observe(session -> catalog.observe(session, settings.tables(), before));
    }

    private Snapshot observe(Function<Session, Observation> look) {
        synchronized (oneAtATime) {
            Snapshot snapshot = look(look);
            status.publish(snapshot);
            announcements.tell(snapshot);
            return snapshot;
        }
    }

    Catalog catalog() {
        return catalog;
    }

    private Snapshot look(Function<Session, Observation> look) {
        Snapshot last = status.latest();
        try {
            String pooler = last.failure() == null ? null : Pooler.find(database);
            if (pooler != null) {
                return failed(last, pooler);
            }
            Observation observation;
            ObservedSchedulers schedulers;
            try (Session session = database.openLimited(LONGEST_QUERY)) {
                observation = lookPastShortLocks(() -> look.apply(session));
                schedulers = Schedulers.observe(
                        session, settings.maintenance(), name -> database.openElsewhere(name, LONGEST_QUERY));
            }
            boolean replica = observation.server().inRecovery();
            boolean mayChange = settings.mode() == Settings.Mode.APPLY && !replica;
            boolean leads = mayChange ? leader.hold() : leader.release();
            if (last.failure() != null) {
                Log.infof(
                        "database reachable: database=%s, postgres=%s, pg_partman=%s, replica=%s, leader=%s",
                        observation.server().database(),
                        observation.server().version(),
                        Objects.requireNonNullElse(observation.server().partmanVersion(), "none"),
                        replica,
                        leads);
            } else if (last.leader() != leads) {
                Log.infof(
                        leads
                                ? "this process works on the database now"
                                : replica
                                        ? "the server is a replica now: this process only looks"
                                        : "another process works on the database");
            }
            List<Snapshot.Table> tables = tables(observation);
            Instant lastRun = lastRun(tables);
            return new Snapshot(
                    observation,
                    tables,
                    maintenance(observation, schedulers, tables, lastRun, leads),
                    NextRun.after(settings.maintenance(), observation.server(), schedulers, lastRun),
                    null,
                    true,
                    settings.mode() == Settings.Mode.APPLY,
                    leads,
                    last.observationErrors());
        } catch (DatabaseException e) {
            return failed(last, firstLine(e));
        }
    }

    /**
     * Rows of a default partition are not counted while somebody has it locked. Maintenance does so for moments, which must not look
     * like another state of the set.
     */
    private Observation lookPastShortLocks(Supplier<Observation> look) {
        Observation observation = look.get();
        for (int i = 0; i < LOOKS_PAST_A_LOCK && holdsLockedDefault(observation); i++) {
            Timing.sleep(LOCK_PAUSE);
            observation = look.get();
        }
        return observation;
    }

    private static boolean holdsLockedDefault(Observation observation) {
        return observation.tables().values().stream()
                .anyMatch(table -> table instanceof ObservedTable.Partitioned(PartitionSet set)
                        && set.defaultPartition() != null
                        && set.defaultPartition().isLocked());
    }

    private MaintenancePlan maintenance(
            Observation observation,
            ObservedSchedulers schedulers,
            List<Snapshot.Table> tables,
            @Nullable Instant lastRun,
            boolean leads) {
        Instant now = observation.server().now();
        Instant since = watchedSince;
        if (since == null || observation.server().inRecovery()) {
            since = now;
            watchedSince = now;
        }
        boolean expected = tables.stream().anyMatch(Snapshot.Table::isMaintained);
        ZoneId zone = schedulers.timeZone(settings.maintenance().scheduler());
        Instant due = cron.lastBefore(now.minus(CRON_GRACE), zone).orElse(Instant.MIN);
        return MaintenancePlanner.plan(
                settings.maintenance(),
                observation.server(),
                schedulers,
                new MaintenancePlanner.Runs(expected, lastRun, due, since, leads));
    }

    /** The newest maintenance run of a set that is maintained, whoever ran it; null if none is known. */
    private static @Nullable Instant lastRun(List<Snapshot.Table> tables) {
        return tables.stream()
                .filter(Snapshot.Table::isMaintained)
                .map(table -> Objects.requireNonNull(
                                Objects.requireNonNull(table.set()).registration())
                        .maintenanceLastRun())
                .filter(Objects::nonNull)
                .max(Comparator.naturalOrder())
                .orElse(null);
    }

    private Snapshot failed(Snapshot last, String failure) {
        boolean leads = leader.release();
        if (last.failure() == null || !last.attempted() || !Announcements.sameWords(last.failure(), failure)) {
            Log.warnf("database not usable: %s", failure);
        }
        watchedSince = null;
        return new Snapshot(
                last.observation(),
                last.tables(),
                last.maintenance(),
                last.nextMaintenance(),
                failure,
                true,
                settings.mode() == Settings.Mode.APPLY,
                leads,
                last.observationErrors() + 1);
    }

    static String firstLine(DatabaseException e) {
        return firstLine(String.valueOf(e.getMessage()));
    }

    static String firstLine(String message) {
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    private List<Snapshot.Table> tables(Observation observation) {
        List<Snapshot.Table> tables = new ArrayList<>();
        for (TableSpec spec : settings.tables()) {
            ObservedTable observed = Objects.requireNonNull(observation.tables().get(spec.table()));
            Plan plan = Planner.plan(spec, observation);
            Plan verdict = status.verdictOn(spec.table(), plan);
            Plan shown = verdict == null ? plan : verdict;
            PartitionSet set =
                    observed instanceof ObservedTable.Partitioned(PartitionSet partitions) ? partitions : null;
            Coverage coverage = set == null || set.registration() == null
                    ? null
                    : coverage(
                            set,
                            spec.partitionInterval(),
                            spec.premake(),
                            spec.infiniteTimePartitions(),
                            spec.retention(),
                            observation);
            tables.add(new Snapshot.Table(
                    spec.table(),
                    spec,
                    shown.state(),
                    shown.reason(),
                    settings.mode() == Settings.Mode.PLAN ? shown : plan,
                    set,
                    coverage,
                    copying(spec.table(), observed, observation),
                    retiredBytes(spec.table(), observation),
                    status.progressOf(spec.table()),
                    status.troubleOf(spec.table())));
        }
        for (PartitionSet set : observation.otherSets()) {
            tables.add(unconfigured(set, observation));
        }
        for (QualifiedName name : observation.astray()) {
            tables.add(astray(name, observation));
        }
        return List.copyOf(tables);
    }

    private Snapshot.@Nullable Copying copying(QualifiedName name, ObservedTable table, Observation now) {
        ObservedTable.Converting converting = table.underWay();
        if (converting == null) {
            return null;
        }
        return copies.add(name, converting.conversion(), now.at());
    }

    private static @Nullable Long retiredBytes(QualifiedName table, Observation observation) {
        List<QualifiedName> retired = observation.retiredOf(table);
        return retired.isEmpty()
                ? null
                : (Long) retired.stream()
                        .mapToLong(name ->
                                Objects.requireNonNull(observation.retired().get(name)))
                        .sum();
    }

    private Snapshot.Table astray(QualifiedName name, Observation observation) {
        String reason =
                "part_config has a row for it, but it is no partitioned table: DELETE FROM %s.part_config WHERE parent_table = %s"
                        .formatted(
                                observation.server().partmanSchema().sql(),
                                Literal.of(name.unquoted()).sql());
        return new Snapshot.Table(
                name,
                null,
                TableState.MISSING,
                reason,
                null,
                null,
                null,
                null,
                null,
                status.progressOf(name),
                status.troubleOf(name));
    }

    private Snapshot.Table unconfigured(PartitionSet set, Observation observation) {
        Registration registration = Objects.requireNonNull(set.registration());
        PartitionInterval interval = registration.partitionInterval();
        Coverage coverage = interval == null || !PartitionSet.CONTROL_TYPES.contains(set.controlType())
                ? null
                : coverage(
                        set,
                        interval,
                        registration.premake(),
                        registration.infiniteTimePartitions(),
                        registration.retention(),
                        observation);
        PartitionSet.DefaultPartition rest = set.defaultPartition();
        String undo = UndoPlanner.inProgress(set, observation.server().partmanSchema());
        String obstacle = registration.isMaintained()
                ? RetentionGuard.danger(set, null, observation.server().now())
                : undo;
        TableState state = obstacle != null
                ? TableState.BLOCKED
                : rest != null && rest.rows() > 0
                        ? TableState.DEFAULT_NOT_EMPTY
                        : coverage != null && coverage.missing() > 0 ? TableState.DRIFTED : TableState.HEALTHY;
        String reason = switch (state) {
            case BLOCKED -> Objects.requireNonNull(obstacle);
            case DEFAULT_NOT_EMPTY -> Objects.requireNonNull(rest).contents();
            case DRIFTED -> "partitions are missing";
            default -> "";
        };
        return new Snapshot.Table(
                set.parent(),
                null,
                state,
                reason,
                null,
                set,
                coverage,
                null,
                null,
                status.progressOf(set.parent()),
                status.troubleOf(set.parent()));
    }

    private static Coverage coverage(
            PartitionSet set,
            PartitionInterval interval,
            int premake,
            boolean infinite,
            @Nullable PartitionInterval retention,
            Observation observation) {
        LocalDateTime now = LocalDateTime.ofInstant(observation.server().now(), ZoneOffset.UTC);
        return Coverage.of(
                set.children(), interval, premake, infinite, now, retention == null ? null : retention.before(now));
    }
}
