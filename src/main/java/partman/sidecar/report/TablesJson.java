package partman.sidecar.report;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.PlanText;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Progress;

/**
 * A snapshot as JSON. What is unknown or absent is null, times are in UTC, sizes in bytes, durations in seconds; an open
 * end of a partition is null, an open horizon {@code infinity}.
 */
final class TablesJson {

    private TablesJson() {}

    /** {@code version} is the sidecar's own. */
    static JsonObject of(Snapshot snapshot, String version) {
        Observation observation = snapshot.observation();
        JsonObject versions = new JsonObject()
                .put("sidecar", version)
                .put(
                        "postgres",
                        observation == null ? null : observation.server().version())
                .put(
                        "partman",
                        observation == null ? null : observation.server().partmanVersion());
        JsonArray tables = new JsonArray();
        snapshot.tables().forEach(table -> tables.add(table(table, snapshot.nextMaintenanceOf(table))));
        return new JsonObject()
                .put("observedAt", observation == null ? null : time(observation.at()))
                .put(
                        "database",
                        observation == null ? null : observation.server().database())
                .put(
                        "inRecovery",
                        observation == null ? null : observation.server().inRecovery())
                .put("up", snapshot.attempted() && snapshot.failure() == null)
                .put("failure", snapshot.failure())
                .put("leader", snapshot.leader())
                .put("versions", versions)
                .put("maintenance", maintenance(snapshot.maintenance(), snapshot.nextMaintenance()))
                .put("tables", tables);
    }

    private static JsonObject maintenance(MaintenancePlan plan, @Nullable Instant next) {
        JsonArray warnings = new JsonArray();
        plan.warnings()
                .forEach(warning -> warnings.add(
                        new JsonObject().put("kind", warning.kind().label()).put("text", warning.text())));
        return new JsonObject()
                .put("scheduler", plan.scheduler().label())
                .put("up", plan.schedulerUp())
                .put("next", time(next))
                .put("backgroundWorker", backgroundWorker(plan.observed().backgroundWorker()))
                .put("cron", cron(plan.observed().cron()))
                .put("warnings", warnings)
                .put("sql", plan.isWork() ? PlanText.of(plan) : null);
    }

    private static @Nullable JsonObject backgroundWorker(ObservedSchedulers.@Nullable BackgroundWorker worker) {
        return worker == null
                ? null
                : new JsonObject()
                        .put("databases", new JsonArray(worker.databases()))
                        .put("intervalSeconds", worker.interval().toSeconds())
                        .put("role", worker.role())
                        .put("roleIsSuperuser", worker.roleIsSuperuser())
                        .put("analyze", worker.analyze())
                        .put("jobmon", worker.jobmon());
    }

    private static @Nullable JsonObject cron(ObservedSchedulers.@Nullable Cron cron) {
        if (cron == null) {
            return null;
        }
        JsonArray jobs = new JsonArray();
        for (ObservedSchedulers.Job job : cron.jobs()) {
            ObservedSchedulers.JobRun last = job.lastRun();
            jobs.add(new JsonObject()
                    .put("id", job.id())
                    .put("name", job.name())
                    .put("schedule", job.schedule())
                    .put("user", job.user())
                    .put("active", job.active())
                    .put("lastStatus", last == null ? null : last.status())
                    .put("lastMessage", last == null ? null : last.message())
                    .put("lastStarted", last == null ? null : time(last.started()))
                    .put("lastEnded", last == null ? null : time(last.ended())));
        }
        return new JsonObject()
                .put("database", cron.database())
                .put("launcherLives", cron.launcherLives())
                .put("version", cron.version())
                .put("failure", cron.failure())
                .put("jobs", jobs);
    }

    private static JsonObject table(Snapshot.Table table, @Nullable Instant nextMaintenance) {
        PartitionSet set = table.set();
        return new JsonObject()
                .put("name", table.name().unquoted())
                .put("configured", table.configured())
                .put("state", table.state().label())
                .put("reason", table.reason())
                .put("trouble", table.trouble())
                .put("plan", plan(table.name(), table.plan()))
                .put("partitions", set == null ? null : partitions(set))
                .put("defaultPartition", set == null ? null : defaultPartition(set.defaultPartition()))
                .put("registration", set == null ? null : registration(set.registration()))
                .put("coverage", coverage(table.coverage()))
                .put("conversion", conversion(table.copying()))
                .put("detached", set == null ? null : detached(set.detached()))
                .put("referencedBy", set == null ? null : new JsonArray(set.referencedBy()))
                .put("retiredBytes", table.retiredBytes())
                .put("maintenance", maintenance(table.progress(), nextMaintenance))
                .put("lockTimeouts", table.progress().lockTimeouts());
    }

    private static @Nullable JsonObject plan(QualifiedName table, @Nullable Plan plan) {
        return switch (plan) {
            case null -> null;
            case Plan.Nothing _ -> plan("nothing", List.of(), null);
            case Plan.Wait _ -> plan("wait", List.of(), null);
            case Plan.Blocked _ -> plan("blocked", List.of(), null);
            case Plan.Survey _ -> plan("survey", List.of(), null);
            case Plan.Run run -> plan("run", run.notes(), PlanText.of(table, run));
            case Plan.Online online -> plan("convert", online.notes(), PlanText.of(table, online));
            case Plan.Convert convert -> plan("convert", convert.notes(), PlanText.of(table, convert));
        };
    }

    private static JsonObject plan(String kind, List<String> notes, @Nullable String sql) {
        return new JsonObject()
                .put("kind", kind)
                .put("notes", new JsonArray(notes))
                .put("sql", sql);
    }

    private static @Nullable JsonObject conversion(Snapshot.@Nullable Copying copying) {
        if (copying == null) {
            return null;
        }
        Conversion conversion = copying.conversion();
        Duration left = copying.left();
        return new JsonObject()
                .put("phase", conversion.phase().label())
                .put("started", time(conversion.started()))
                .put("failure", conversion.failure())
                .put("rowsTotal", conversion.rowsTotal())
                .put("rowsCopied", conversion.rowsCopied())
                .put("bytesTotal", conversion.bytesTotal())
                .put("bytesCopied", copying.bytesCopied())
                .put("rowsPerSecond", copying.rowsPerSecond())
                .put("secondsLeft", left == null ? null : seconds(left))
                .put("journalRows", conversion.journalRows());
    }

    private static JsonArray partitions(PartitionSet set) {
        JsonArray partitions = new JsonArray();
        for (PartitionSet.Child child : set.children()) {
            partitions.add(new JsonObject()
                    .put("name", child.name().unquoted())
                    .put("from", time(child.from()))
                    .put("to", time(child.to()))
                    .put("sizeBytes", child.sizeBytes())
                    .put("empty", child.empty()));
        }
        return partitions;
    }

    private static @Nullable JsonObject defaultPartition(PartitionSet.@Nullable DefaultPartition rest) {
        return rest == null
                ? null
                : new JsonObject()
                        .put("name", rest.name().unquoted())
                        .put("rows", rest.counted() ? rest.rows() : null)
                        .put("capped", rest.counted() ? rest.capped() : null)
                        .put("sizeBytes", rest.sizeBytes())
                        .put("oldest", time(rest.oldest()))
                        .put("newest", time(rest.newest()))
                        .put("infinite", rest.counted() ? rest.infinite() : null);
    }

    private static @Nullable JsonObject registration(@Nullable Registration registration) {
        return registration == null
                ? null
                : new JsonObject()
                        .put("control", registration.controlColumn())
                        .put(
                                "partitionInterval",
                                registration.partitionInterval() == null
                                        ? null
                                        : registration.partitionInterval().toString())
                        .put("premake", registration.premake())
                        .put("retention", registration.retentionText())
                        .put("retentionKeepTable", registration.retentionKeepTable())
                        .put("infiniteTimePartitions", registration.infiniteTimePartitions())
                        .put("automaticMaintenance", registration.automaticMaintenance())
                        .put("templateTable", registration.templateTable())
                        .put("maintenanceLastRun", time(registration.maintenanceLastRun()));
    }

    private static @Nullable JsonObject coverage(@Nullable Coverage coverage) {
        return coverage == null
                ? null
                : new JsonObject()
                        .put("missing", coverage.missing())
                        .put("holes", times(coverage.holes()))
                        .put("notPremade", times(coverage.notPremade()))
                        .put("horizon", time(coverage.horizon()));
    }

    private static JsonObject detached(PartitionSet.Detached detached) {
        return new JsonObject().put("tables", detached.tables()).put("sizeBytes", detached.sizeBytes());
    }

    private static JsonObject maintenance(Progress progress, @Nullable Instant next) {
        return new JsonObject()
                .put("successes", progress.maintenanceSuccesses())
                .put("failures", progress.maintenanceFailures())
                .put("skips", progress.maintenanceSkips())
                .put("last", run(progress.lastMaintenance()))
                .put("lastSuccess", time(progress.lastMaintenanceSuccess()))
                .put("next", time(next));
    }

    private static @Nullable JsonObject run(@Nullable MaintenanceRun run) {
        return run == null
                ? null
                : new JsonObject()
                        .put("outcome", run.outcome().label())
                        .put("ended", time(run.ended()))
                        .put("tookSeconds", run.took() == null ? null : seconds(run.took()))
                        .put("message", run.message());
    }

    private static double seconds(Duration span) {
        return span.toNanos() / 1e9;
    }

    private static JsonArray times(List<LocalDateTime> moments) {
        JsonArray times = new JsonArray();
        moments.forEach(moment -> times.add(time(moment)));
        return times;
    }

    private static @Nullable String time(@Nullable Instant moment) {
        return moment == null ? null : moment.toString();
    }

    private static @Nullable String time(@Nullable LocalDateTime moment) {
        if (moment == null) {
            return null;
        }
        return moment.equals(LocalDateTime.MAX)
                ? "infinity"
                : moment.toInstant(ZoneOffset.UTC).toString();
    }
}
