package partman.sidecar.report;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Observation;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableState;
import partman.sidecar.model.Warning;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;
import partman.sidecar.reconcile.Snapshot.Progress;

/** The value of every series that one snapshot has something to tell about. */
final class Measurements {

    private final Map<Series, Double> values = new LinkedHashMap<>();

    private Measurements() {}

    /** {@code version} is the sidecar's own. */
    static Map<Series, Double> of(Snapshot snapshot, String version) {
        Measurements measurements = new Measurements();
        measurements.addProcess(snapshot, version);
        Observation observation = snapshot.observation();
        if (observation != null) {
            measurements.addMaintenance(snapshot.maintenance());
            snapshot.tables().forEach(table -> measurements.addTable(table, observation.at()));
        }
        return measurements.values;
    }

    private void addProcess(Snapshot snapshot, String version) {
        Observation observation = snapshot.observation();
        add(Metric.UP, flag(snapshot.attempted() && snapshot.failure() == null));
        add(Metric.LEADER, flag(snapshot.leader()));
        add(Metric.OBSERVATION_ERRORS, snapshot.observationErrors());
        if (observation == null) {
            add(Metric.INFO, 1, version, "", "");
            return;
        }
        String partman = Objects.requireNonNullElse(observation.server().partmanVersion(), "");
        add(Metric.INFO, 1, version, observation.server().version(), partman);
        add(Metric.OBSERVATION_TIMESTAMP, seconds(observation.at()));
        add(Metric.OBSERVATION_DURATION, seconds(observation.took()));
    }

    private void addMaintenance(MaintenancePlan plan) {
        Boolean up = plan.schedulerUp();
        if (up != null) {
            add(Metric.SCHEDULER_UP, flag(up), plan.scheduler().label());
        }
        add(Metric.MAINTENANCE_DUE, seconds(plan.due()));
        for (Warning.Kind kind : Warning.Kind.values()) {
            add(
                    Metric.WARNINGS,
                    flag(plan.warnings().stream().anyMatch(warning -> warning.kind() == kind)),
                    kind.label());
        }
    }

    private void addTable(Snapshot.Table table, Instant now) {
        String name = table.name().unquoted();
        for (TableState state : TableState.values()) {
            add(Metric.TABLE_STATE, flag(state == table.state()), name, state.label());
        }
        PartitionSet set = table.set();
        if (set != null) {
            addSet(name, set, now);
        }
        Coverage coverage = table.coverage();
        if (coverage != null) {
            add(Metric.PARTITIONS_MISSING, coverage.missing(), name);
            add(Metric.PREMADE_HORIZON, secondsBetween(now, coverage.horizon()), name);
        }
        addConversion(name, table.copying());
        add(Metric.RETAINED_TABLE_BYTES, table.retiredBytes(), name);
        addProgress(name, table.progress());
    }

    private void addSet(String name, PartitionSet set, Instant now) {
        PartitionSet.DefaultPartition rest = set.defaultPartition();
        if (rest == null) {
            add(Metric.DEFAULT_PARTITION_ROWS, 0, name);
            add(Metric.DEFAULT_PARTITION_ROWS_CAPPED, 0, name);
            add(Metric.DEFAULT_PARTITION_BYTES, 0, name);
        } else {
            if (rest.counted()) {
                add(Metric.DEFAULT_PARTITION_ROWS, rest.rows(), name);
                add(Metric.DEFAULT_PARTITION_ROWS_CAPPED, flag(rest.capped()), name);
            }
            LocalDateTime oldest = rest.oldest();
            add(Metric.DEFAULT_PARTITION_BYTES, rest.sizeBytes(), name);
            add(
                    Metric.DEFAULT_PARTITION_OLDEST_ROW,
                    seconds(oldest == null ? null : oldest.toInstant(ZoneOffset.UTC)),
                    name);
        }
        add(Metric.PARTITIONS, set.children().size(), name);
        add(Metric.PARTITION_SET_BYTES, set.sizeBytes(), name);
        add(Metric.PARTITIONS_EXPIRED, set.expired(LocalDateTime.ofInstant(now, ZoneOffset.UTC)), name);
        addRegistration(name, set.registration());
        add(Metric.DETACHED_PARTITIONS, set.detached().tables(), name);
        add(Metric.DETACHED_PARTITIONS_BYTES, set.detached().sizeBytes(), name);
    }

    private void addRegistration(String name, @Nullable Registration registration) {
        if (registration == null) {
            return;
        }
        PartitionInterval interval = registration.partitionInterval();
        if (interval != null) {
            add(Metric.PARTITION_INTERVAL, seconds(interval.roughLength()), name);
        }
        if (registration.isMaintained()) {
            Instant last = registration.maintenanceLastRun();
            add(Metric.MAINTENANCE_LAST_RUN, last == null ? (Double) 0.0 : seconds(last), name);
        }
    }

    private void addConversion(String name, Snapshot.@Nullable Copying copying) {
        if (copying == null) {
            return;
        }
        Conversion conversion = copying.conversion();
        for (Conversion.Phase phase : Conversion.Phase.values()) {
            add(Metric.CONVERSION_PHASE, flag(phase == conversion.phase()), name, phase.label());
        }
        add(Metric.CONVERSION_FAILED, flag(conversion.failure() != null), name);
        add(Metric.CONVERSION_ROWS, conversion.rowsCopied(), name, "copied");
        add(Metric.CONVERSION_ROWS, conversion.rowsTotal(), name, "total");
        add(Metric.CONVERSION_ROWS, conversion.journalRows(), name, "journal");
        add(Metric.CONVERSION_BYTES, copying.bytesCopied(), name, "copied");
        add(Metric.CONVERSION_BYTES, conversion.bytesTotal(), name, "total");
        add(Metric.CONVERSION_ROWS_PER_SECOND, copying.rowsPerSecond(), name);
        Duration left = copying.left();
        add(Metric.CONVERSION_ETA, left == null ? null : (Double) seconds(left), name);
    }

    private void addProgress(String name, Progress progress) {
        for (Outcome outcome : Outcome.values()) {
            long runs = switch (outcome) {
                case SUCCESS -> progress.maintenanceSuccesses();
                case FAILURE -> progress.maintenanceFailures();
                case SKIPPED -> progress.maintenanceSkips();
            };
            add(Metric.MAINTENANCE_RUNS, runs, name, outcome.label());
        }
        MaintenanceRun last = progress.lastMaintenance();
        if (last != null && last.outcome() != Outcome.SKIPPED && last.took() != null) {
            add(Metric.MAINTENANCE_DURATION, seconds(last.took()), name);
        }
        add(Metric.MAINTENANCE_LAST_SUCCESS, seconds(progress.lastMaintenanceSuccess()), name);
        add(Metric.LOCK_TIMEOUTS, progress.lockTimeouts(), name);
        add(Metric.LOCK_WAIT_MAX, seconds(progress.longestLockWait()), name);
    }

    /** A value that is null is not shown. */
    private void add(Metric metric, @Nullable Number value, String... labelValues) {
        if (value != null) {
            values.put(new Series(metric, List.of(labelValues)), value.doubleValue());
        }
    }

    private static int flag(boolean value) {
        return value ? 1 : 0;
    }

    private static @Nullable Double seconds(@Nullable Instant moment) {
        return moment == null ? null : moment.getEpochSecond() + moment.getNano() / 1e9;
    }

    private static double seconds(Duration span) {
        return span.getSeconds() + span.getNano() / 1e9;
    }

    /** {@link LocalDateTime#MAX} stands for an open end. */
    private static double secondsBetween(Instant now, LocalDateTime end) {
        return end.equals(LocalDateTime.MAX)
                ? Double.POSITIVE_INFINITY
                : seconds(Duration.between(now, end.toInstant(ZoneOffset.UTC)));
    }
}
