package partman.sidecar.plan;

import static java.util.stream.Collectors.joining;
import static partman.sidecar.model.TableState.BLOCKED;
import static partman.sidecar.model.TableState.DEFAULT_NOT_EMPTY;
import static partman.sidecar.model.TableState.DRIFTED;
import static partman.sidecar.model.TableState.FOREIGN;
import static partman.sidecar.model.TableState.HEALTHY;
import static partman.sidecar.model.TableState.UNREGISTERED;

import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.ObservedTable.Interval;
import partman.sidecar.model.ObservedTable.Shape;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.step.CreateParent;
import partman.sidecar.step.CreatePartitions;
import partman.sidecar.step.MoveDefaultRows;
import partman.sidecar.step.RenameChild;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdatePartConfig;

/** Plans what a partition set needs: registration, its configuration, missing partitions, an empty default partition. */
final class SetPlanner {

    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("'_p'uuuuMMdd");
    private static final DateTimeFormatter SECOND = DateTimeFormatter.ofPattern("'_p'uuuuMMdd_HHmmss");

    private final TableSpec spec;
    private final ObservedServer server;
    private final PartitionSet set;
    private final Identifier partman;
    private final Horizon horizon;

    private SetPlanner(TableSpec spec, ObservedServer server, PartitionSet set) {
        this.spec = spec;
        this.server = server;
        this.set = set;
        this.partman = server.partmanSchema();
        this.horizon = Horizon.of(spec, server, set);
    }

    static Plan plan(TableSpec spec, ObservedServer server, PartitionSet set) {
        return new SetPlanner(spec, server, set).plan();
    }

    private Plan plan() {
        String misfit = misfit();
        if (misfit != null) {
            return new Plan.Blocked(FOREIGN, spec.table() + " " + misfit);
        }
        Registration registration = set.registration();
        String undo = UndoPlanner.inProgress(set, partman);
        if (undo != null) {
            return new Plan.Blocked(BLOCKED, undo);
        }
        TableState state = registration == null ? UNREGISTERED : DRIFTED;
        DefaultPartition defaultPartition = set.defaultPartition();
        if (defaultPartition != null && !defaultPartition.counted()) {
            return new Plan.Wait(
                    state,
                    "the rows of %s can't be counted now: another session locks it, or %s may not read it (GRANT SELECT ON %s TO %s)"
                            .formatted(
                                    defaultPartition.name(),
                                    server.role(),
                                    defaultPartition.name().sql(),
                                    new Identifier(server.role()).sql()));
        }
        Plan plan = registration == null ? register() : mend(registration);
        boolean changes = plan instanceof Plan.Run || plan instanceof Plan.Online || plan instanceof Plan.Survey;
        return changes && !set.ownedByRole() ? Planner.notOwned(spec, server, plan.state()) : plan;
    }

    /** Why the set is none that this configuration could describe, or null if it fits. */
    private @Nullable String misfit() {
        if (!set.controlColumn().equals(spec.controlColumn())) {
            return "is partitioned by %s, not by %s".formatted(set.controlColumn(), spec.controlColumn());
        }
        if (!PartitionSet.CONTROL_TYPES.contains(set.controlType())) {
            return "is partitioned by a %s; only timestamp, timestamptz and date are supported"
                    .formatted(set.controlType());
        }
        Registration registration = set.registration();
        if (registration != null && !spec.partitionInterval().equals(registration.partitionInterval())) {
            return "is registered with interval %s, configured is %s"
                    .formatted(registration.partitionInterval(), spec.partitionInterval());
        }
        if (registration != null
                && !registration.controlColumn().equals(spec.controlColumn().name())) {
            return "is registered with control column %s, configured is %s"
                    .formatted(registration.controlColumn(), spec.controlColumn());
        }
        for (Child child : set.children()) {
            if (child.partitioned()) {
                return "is sub-partitioned (%s)".formatted(child.name());
            }
            if (registration == null && !fits(child)) {
                return "has partition %s from %s to %s, which is not one interval of %s"
                        .formatted(child.name(), child.from(), child.to(), spec.partitionInterval());
            }
        }
        return null;
    }

    /** Whether pg_partman could have made this partition. */
    private boolean fits(Child child) {
        PartitionInterval interval = spec.partitionInterval();
        LocalDateTime from = child.from();
        LocalDateTime anchor = set.children().getFirst().from();
        return from != null
                && anchor != null
                && interval.after(from).equals(child.to())
                && interval.floor(from).equals(from)
                && interval.floor(from, anchor).equals(from);
    }

    private Plan register() {
        List<Step> renames = new ArrayList<>();
        for (Child child : set.children()) {
            Identifier name = partmanName(Objects.requireNonNull(child.from()));
            if (!child.name().equals(spec.table().withName(name))) {
                if (!child.name().schema().equals(spec.table().schema())) {
                    return new Plan.Blocked(
                            BLOCKED,
                            "partition %s is in another schema than %s, where pg_partman would not find it: ALTER TABLE %s SET SCHEMA %s"
                                    .formatted(
                                            child.name(),
                                            spec.table(),
                                            child.name().sql(),
                                            spec.table().schema().sql()));
                }
                renames.add(new RenameChild(child.name(), name));
            }
        }
        PartitionInterval interval = spec.partitionInterval();
        LocalDateTime start = interval.floor(premakeStart(), horizon.current());
        DefaultPartition rest = set.defaultPartition();
        CreateParent createParent = new CreateParent(spec, partman, start, rest == null);
        LocalDateTime lower = horizon.retentionLimit() == null || start.isBefore(horizon.retentionLimit())
                ? horizon.retentionLimit() == null ? LocalDateTime.MIN : start
                : horizon.retentionLimit();
        Move found = Move.of(rest, lower, horizon.end(), interval, horizon.current());
        Plan large = rest == null ? null : moveLarge(rest, found, UNREGISTERED);
        if (large != null) {
            return large;
        }
        Move move = rest == null || isLarge(rest, found) ? null : found;
        Plan tooOld = tooOld(move);
        if (tooOld != null) {
            return tooOld;
        }
        Step registration = rest != null && move != null ? moveRows(rest, move, createParent) : createParent;
        List<Transaction> transactions = new ArrayList<>();
        renames.forEach(rename -> transactions.add(transaction(rename)));
        transactions.add(transaction(registration));
        transactions.add(transaction(new RunMaintenance(spec.table(), partman)));
        return new Plan.Run(
                UNREGISTERED, spec.table() + " is partitioned, but not in part_config", transactions, retentionNotes());
    }

    private LocalDateTime premakeStart() {
        LocalDateTime configured = spec.startPartition();
        LocalDateTime start = horizon.now();
        for (int i = 0; i < spec.premake(); i++) {
            start = spec.partitionInterval().before(start);
        }
        return configured != null && configured.isBefore(start) ? configured : start;
    }

    private Plan mend(Registration registration) {
        String danger = RetentionGuard.dangerAsConfigured(set, spec, server.now());
        // others run pg_partman too
        boolean automatic = danger == null;
        List<String> changes = changes(registration, automatic);
        String differs = "part_config differs: " + String.join(", ", changes);
        UpdatePartConfig update = new UpdatePartConfig(spec, partman, automatic, changes);
        if (!changes.isEmpty() && spec.drift() == TableSpec.Drift.FIX) {
            List<String> notes = danger == null ? retentionNotes() : List.of(danger);
            return new Plan.Run(DRIFTED, differs, List.of(transaction(update)), notes);
        }
        Plan plan = mendPartitions();
        List<Plan.Blocked> obstacles = new ArrayList<>();
        String presentDanger = RetentionGuard.danger(set, spec, server.now());
        if (presentDanger != null) {
            obstacles.add(new Plan.Blocked(BLOCKED, presentDanger));
        }
        if (plan instanceof Plan.Blocked blocked) {
            obstacles.add(blocked);
        }
        if (!changes.isEmpty()) {
            obstacles.add(new Plan.Blocked(
                    DRIFTED,
                    "%s; partman.drift is report: change the settings, or run %s"
                            .formatted(differs, onOneLine(update))));
        }
        // what needs a person is told once nothing else is left to do
        if (!(plan instanceof Plan.Nothing || plan instanceof Plan.Blocked)) {
            return plan;
        }
        return obstacles.isEmpty()
                ? awaitRetention()
                : new Plan.Blocked(
                        obstacles.getFirst().state(),
                        obstacles.stream().map(Plan.Blocked::reason).collect(joining("; ")));
    }

    /** Nothing is to do; where the next maintenance may fail to take away what has expired, that is told beforehand. */
    private Plan awaitRetention() {
        return expired().isEmpty() || RetentionGuard.obstacle(set, spec) == null
                ? new Plan.Nothing()
                : new Plan.Wait(HEALTHY, String.join("; ", retentionNotes()));
    }

    private static String onOneLine(Step step) {
        return step.statements().stream()
                .flatMap(statement -> statement.text().lines())
                .map(String::strip)
                .collect(joining(" "));
    }

    private Plan mendPartitions() {
        DefaultPartition rest = set.defaultPartition();
        if (rest == null) {
            return new Plan.Blocked(
                    BLOCKED,
                    "%s has no default partition: a row that fits no partition fails its statement; CREATE TABLE … PARTITION OF %s DEFAULT"
                            .formatted(spec.table(), spec.table().sql()));
        }
        Coverage coverage = Coverage.of(
                set.children(),
                spec.partitionInterval(),
                spec.premake(),
                spec.infiniteTimePartitions(),
                horizon.now(),
                horizon.retentionLimit());
        List<LocalDateTime> missing = new ArrayList<>(coverage.holes());
        missing.addAll(coverage.notPremade());
        if (rest.rows() > 0 || rest.table().underWay() != null) {
            return emptyDefault(rest, missing);
        }
        return missing.isEmpty()
                ? new Plan.Nothing()
                : createPartitions(DRIFTED, "%d partition(s) are missing".formatted(missing.size()), rest, missing);
    }

    private Plan createPartitions(TableState state, String reason, DefaultPartition rest, List<LocalDateTime> missing) {
        return new Plan.Run(
                state,
                reason,
                List.of(transaction(new CreatePartitions(spec.table(), partman, rest.name(), List.copyOf(missing)))),
                List.of());
    }

    private Plan emptyDefault(DefaultPartition rest, List<LocalDateTime> missing) {
        LocalDateTime limit = horizon.movableFrom(spec, set, rest.oldest());
        LocalDateTime lower = limit == null ? LocalDateTime.MIN : limit;
        Move sample = Move.of(rest, lower, horizon.end(), spec.partitionInterval(), horizon.current());
        String found = rest.contents();
        Plan large = moveLarge(rest, sample, DEFAULT_NOT_EMPTY);
        if (large != null) {
            return large;
        }
        Move move = isLarge(rest, sample) ? null : sample;
        if (move != null) {
            return new Plan.Run(DEFAULT_NOT_EMPTY, found, List.of(transaction(moveRows(rest, move, null))), List.of());
        }
        // rows that stay for good must not keep partitions from being made; where they lie none can be
        List<LocalDateTime> free =
                missing.stream().filter(from -> !from.isBefore(lower)).toList();
        return free.isEmpty()
                ? new Plan.Blocked(DEFAULT_NOT_EMPTY, found + ": " + stay(limit))
                : createPartitions(DEFAULT_NOT_EMPTY, found, rest, free);
    }

    /** Why all rows of the default partition stay there; {@code limit} is the lower bound of those that would not. */
    private String stay(@Nullable LocalDateTime limit) {
        return limit == null || limit.equals(horizon.retentionLimit())
                ? "none lies between the retention limit (%s) and the premade horizon (%s); correct or delete them"
                        .formatted(limit == null ? "none" : limit, horizon.end())
                : "none lies between %s and the premade horizon (%s), and partitions from before that would be more than partman.conversion.max-partitions (%d); correct or delete them, set a retention, or raise the limit"
                        .formatted(limit, horizon.end(), spec.conversion().maxPartitions());
    }

    /**
     * Very many rows are moved by the means of an online conversion, not under the set's lock; null if they are not that many, or if
     * none has to move. Beyond the cap on what was counted, only a survey can tell.
     */
    private @Nullable Plan moveLarge(DefaultPartition rest, @Nullable Move move, TableState state) {
        TableSpec source = spec.about(rest.name());
        String rows = "%s%d rows".formatted(rest.capped() ? "at least " : "", rest.rows());
        if (rest.table() instanceof ObservedTable.Converting converting) {
            String moving = "the default partition of %s holds %s, which are being moved".formatted(spec.table(), rows);
            return told(OnlinePlanner.plan(source, server, converting, set), state, moving, "");
        }
        if (!isLarge(rest, move)) {
            return null;
        }
        String found =
                "the default partition of %s holds %s, more than are moved under its lock, partman.default-partition.move-rows (%d)"
                        .formatted(spec.table(), rows, spec.moveRows());
        String remedy = "; or raise the setting to accept that they are";
        if (spec.conversion().method() == TableSpec.Method.OFFLINE) {
            return new Plan.Blocked(state, found + ": set partman.conversion.method to online" + remedy);
        }
        for (Child child : set.children()) {
            if (!fits(child)) {
                return new Plan.Blocked(
                        state,
                        "%s: partition %s from %s to %s is not one interval of %s, move the rows by hand%s"
                                .formatted(
                                        found,
                                        child.name(),
                                        child.from(),
                                        child.to(),
                                        spec.partitionInterval(),
                                        remedy));
            }
        }
        Shape shape = rest.table() instanceof ObservedTable.Plain plain ? plain.shape() : null;
        if (shape == null) {
            return new Plan.Survey(state, found);
        }
        Plan.Blocked refused = Layout.refused(source, shape);
        if (refused != null) {
            return told(refused, state, found, remedy);
        }
        Layout layout = Layout.ofDefault(source, server, set, shape.rows());
        return layout == null
                ? null
                : told(OnlinePlanner.begin(source, server, shape, set, layout), state, found, remedy);
    }

    private boolean isLarge(DefaultPartition rest, @Nullable Move move) {
        return rest.capped() || (rest.rows() > spec.moveRows() && move != null);
    }

    /** The plan for the default partition in terms of the set. */
    private static Plan told(Plan plan, TableState state, String found, String remedy) {
        String reason = "%s: %s".formatted(found, plan.reason());
        return switch (plan) {
            case Plan.Online online ->
                new Plan.Online(
                        state,
                        reason,
                        online.conversion(),
                        online.before(),
                        online.stages(),
                        online.after(),
                        online.notes());
            case Plan.Run run -> new Plan.Run(state, reason, run.transactions(), run.notes());
            case Plan.Survey _ -> new Plan.Survey(state, reason);
            case Plan.Wait _ -> new Plan.Wait(state, reason);
            case Plan.Blocked _ -> new Plan.Blocked(state, reason + remedy);
            case Plan.Nothing _, Plan.Convert _ -> throw new IllegalArgumentException("moves no rows online: " + plan);
        };
    }

    /** Refuses to make a partition for every interval since one row that lies very far back. */
    private @Nullable Plan tooOld(@Nullable Move move) {
        int most = spec.conversion().maxPartitions();
        if (move == null || toMake(move.from(), most).size() <= most) {
            return null;
        }
        return new Plan.Blocked(
                UNREGISTERED,
                "the default partition of %s holds a row of %s: the partitions from there on would be more than partman.conversion.max-partitions (%d); correct or delete the row, set a retention, or raise the limit"
                        .formatted(spec.table(), move.from(), most));
    }

    private MoveDefaultRows moveRows(DefaultPartition rest, Move move, @Nullable CreateParent register) {
        return new MoveDefaultRows(
                spec,
                partman,
                set,
                rest.name(),
                register,
                toMake(move.from(), Integer.MAX_VALUE),
                move.from(),
                horizon.end(),
                move.rows());
    }

    /** Lower bounds of the partitions that are not there from a bound to the horizon; of more than {@code most}, the first ones. */
    private List<LocalDateTime> toMake(LocalDateTime from, int most) {
        List<LocalDateTime> bounds = new ArrayList<>();
        for (LocalDateTime bound = from;
                bound.isBefore(horizon.end()) && bounds.size() <= most;
                bound = spec.partitionInterval().after(bound)) {
            if (!isCovered(bound)) {
                bounds.add(bound);
            }
        }
        return List.copyOf(bounds);
    }

    /** Whether a partition holds the interval that begins there; one that pg_partman has not made may hold many. */
    private boolean isCovered(LocalDateTime from) {
        LocalDateTime to = spec.partitionInterval().after(from);
        return set.children().stream()
                .anyMatch(child -> (child.from() != null || child.to() != null)
                        && (child.from() == null || !child.from().isAfter(from))
                        && (child.to() == null || !child.to().isBefore(to)));
    }

    /**
     * The rows of a default partition that belong in a partition.
     *
     * @param from lower bound of the oldest one's partition
     */
    private record Move(LocalDateTime from, long rows) {

        static @Nullable Move of(
                @Nullable DefaultPartition rest,
                LocalDateTime lower,
                LocalDateTime upper,
                PartitionInterval interval,
                LocalDateTime anchor) {
            if (rest == null) {
                return null;
            }
            List<Interval> movable = rest.spread().stream()
                    .filter(unit -> !unit.from().isBefore(lower) && unit.from().isBefore(upper))
                    .toList();
            return movable.isEmpty()
                    ? null
                    : new Move(
                            interval.floor(movable.getFirst().from(), anchor),
                            movable.stream().mapToLong(Interval::rows).sum());
        }
    }

    private List<String> changes(Registration registration, boolean automaticMaintenance) {
        List<String> changes = new ArrayList<>();
        change(changes, "premake", registration.premake(), spec.premake());
        boolean unreadable = registration.retention() == null && registration.retentionText() != null;
        if (unreadable || !Objects.equals(registration.retention(), spec.retention())) {
            change(changes, "retention", registration.retentionText(), spec.retention());
        }
        change(changes, "retention_keep_table", registration.retentionKeepTable(), spec.retentionKeepTable());
        change(
                changes,
                "infinite_time_partitions",
                registration.infiniteTimePartitions(),
                spec.infiniteTimePartitions());
        change(
                changes,
                "automatic_maintenance",
                registration.automaticMaintenance(),
                automaticMaintenance ? "on" : "off");
        change(changes, "ignore_default_data", registration.ignoreDefaultData(), true);
        return changes;
    }

    private static void change(List<String> changes, String column, @Nullable Object from, @Nullable Object to) {
        if (!Objects.equals(String.valueOf(from), String.valueOf(to))) {
            changes.add("%s %s → %s".formatted(column, from, to));
        }
    }

    private List<String> retentionNotes() {
        List<String> notes = new ArrayList<>();
        List<Child> expired = expired();
        if (!expired.isEmpty()) {
            notes.add("the retention of %s detaches %d partition(s) at the next maintenance: %s"
                    .formatted(
                            spec.retention(),
                            expired.size(),
                            expired.stream().map(Child::name).toList()));
        }
        String obstacle = RetentionGuard.obstacle(set, spec);
        if (obstacle != null) {
            notes.add(obstacle);
        }
        return List.copyOf(notes);
    }

    private List<Child> expired() {
        return set.children().stream()
                .filter(child -> child.to() != null
                        && Horizon.isExpired(spec, horizon.now(), Objects.requireNonNull(child.to())))
                .toList();
    }

    private Identifier partmanName(LocalDateTime from) {
        boolean hasTime = spec.partitionInterval().roughLength().compareTo(Duration.ofDays(1)) < 0;
        return Identifier.withSuffix(spec.table().name().name(), (hasTime ? SECOND : DAY).format(from));
    }

    private Transaction transaction(Step step) {
        return Transaction.of(step, spec.conversion().lockTimeout());
    }
}
