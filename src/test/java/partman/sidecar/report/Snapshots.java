package partman.sidecar.report;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.model.Warning;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.Copying;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;
import partman.sidecar.reconcile.Snapshot.Progress;

/** Snapshots as the reconciler would publish them. */
final class Snapshots {

    /** The server's clock at every observation. */
    static final Instant NOW = Instant.parse("2026-03-10T12:00:00Z");

    /** When the next maintenance is to begin. */
    static final Instant NEXT = Instant.parse("2026-03-10T13:00:00Z");

    static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    /** A set with two partitions of a month, up to May. */
    static final PartitionSet EVENTS_SET = set(
            EVENTS,
            List.of(child("events_p20260301", 3, 1_000L), child("events_p20260401", 4, 200L)),
            new DefaultPartition(
                    EVENTS.withName(new Identifier("events_default")),
                    50L,
                    true,
                    7,
                    false,
                    LocalDateTime.parse("2020-01-01T00:00:00"),
                    LocalDateTime.parse("2020-01-02T00:00:00"),
                    2,
                    List.of(),
                    new ObservedTable.Plain(-1, true, null, null)));

    /** pg_cron runs maintenance, and so does pg_partman's background worker. */
    static final MaintenancePlan MAINTENANCE = new MaintenancePlan(
            new ObservedSchedulers(
                    new ObservedSchedulers.BackgroundWorker(
                            List.of("lago"), Duration.ofHours(1), "keeper", true, false, "off", "on"),
                    new ObservedSchedulers.Cron(
                            "postgres",
                            true,
                            "1.6",
                            ZoneOffset.UTC,
                            true,
                            List.of(new ObservedSchedulers.Job(
                                    7,
                                    "the job",
                                    "0 * * * *",
                                    "CALL partman.run_maintenance_proc()",
                                    "lago",
                                    "sidecar",
                                    true,
                                    new ObservedSchedulers.JobRun(
                                            9, "succeeded", "CALL", NOW.minusSeconds(60), NOW.minusSeconds(59)))),
                            null),
                    null),
            Scheduler.PG_CRON,
            List.of(),
            "postgres",
            List.of(),
            List.of(),
            true,
            NOW.minusSeconds(720),
            List.of(new Warning(Warning.Kind.TWO_SCHEDULERS, "take one away")));

    private Snapshots() {}

    static Snapshot of(Snapshot.Table... tables) {
        return new Snapshot(observation(), List.of(tables), MAINTENANCE, NEXT, null, true, true, true, 3);
    }

    /** The same knowledge after a look at the database that failed. */
    static Snapshot failed(Snapshot before, String failure) {
        return new Snapshot(
                before.observation(),
                before.tables(),
                before.maintenance(),
                before.nextMaintenance(),
                failure,
                true,
                before.applies(),
                false,
                before.observationErrors() + 1);
    }

    static Observation observation() {
        return new Observation(
                NOW,
                Duration.ofMillis(20),
                new ObservedServer(
                        NOW,
                        "17.11",
                        "lago",
                        "sidecar",
                        false,
                        true,
                        new ObservedServer.Extension.Installed("5.2.4", new Identifier("partman"), "5.2.4", true)),
                Map.of(),
                List.of(),
                List.of(),
                Map.of());
    }

    /** What {@link #set} is registered with. */
    static TableSpec spec(QualifiedName name) {
        return new TableSpec(
                name.name().name(),
                name,
                new Identifier("timestamp"),
                PartitionInterval.parse("1 month"),
                3,
                PartitionInterval.parse("14 months"),
                true,
                true,
                null,
                new TableSpec.Conversion(
                        TableSpec.Method.ONLINE,
                        500,
                        Duration.ofMillis(500),
                        2,
                        Duration.ofSeconds(1),
                        0,
                        null,
                        null,
                        false),
                100_000,
                TableSpec.Drift.FIX);
    }

    static Snapshot.Table plain(QualifiedName name) {
        return table(name, TableState.PLAIN, new Plan.Survey(TableState.PLAIN, name + " is a plain table"), null, null);
    }

    static Snapshot.Table healthy(QualifiedName name) {
        return table(name, TableState.HEALTHY, new Plan.Nothing(), null, null);
    }

    static Snapshot.Table table(
            QualifiedName name, TableState state, Plan plan, @Nullable PartitionSet set, @Nullable Coverage coverage) {
        return new Snapshot.Table(
                name, spec(name), state, plan.reason(), plan, set, coverage, null, null, Progress.NONE, null);
    }

    /** {@link #EVENTS_SET} with all that can be known of a table. */
    static Snapshot.Table events(Plan plan) {
        return new Snapshot.Table(
                EVENTS,
                spec(EVENTS),
                plan.state(),
                plan.reason(),
                plan,
                EVENTS_SET,
                new Coverage(
                        List.of(),
                        List.of(LocalDateTime.parse("2026-05-01T00:00:00"), LocalDateTime.parse("2026-06-01T00:00:00")),
                        LocalDateTime.parse("2026-05-01T00:00:00")),
                null,
                4_096L,
                new Progress(
                        5,
                        1,
                        2,
                        new MaintenanceRun(
                                Outcome.FAILURE,
                                Instant.parse("2026-03-10T11:00:00Z"),
                                Duration.ofMillis(1_500),
                                "2 partitions are missing"),
                        Instant.parse("2026-03-10T10:00:00Z"),
                        4,
                        Duration.ofMillis(12)),
                "canceling statement due to lock timeout");
    }

    /** A table whose online conversion has begun. */
    static Snapshot.Table converting(QualifiedName name, Plan plan, Copying copying) {
        return new Snapshot.Table(
                name,
                spec(name),
                plan.state(),
                plan.reason(),
                plan,
                null,
                null,
                copying,
                null,
                new Progress(0, 0, 0, null, null, 2, Duration.ofMillis(350)),
                null);
    }

    /** A quarter of 400 blocks is copied; {@code left} may be null. */
    static Copying copying(double rowsPerSecond, @Nullable Duration left) {
        return new Copying(conversion(Phase.BACKFILL, null), rowsPerSecond, left);
    }

    static Conversion conversion(Phase phase, @Nullable String failure) {
        return new Conversion(
                16_400,
                phase,
                Instant.parse("2026-03-10T09:00:00Z"),
                List.of(new Identifier("id")),
                new Identifier("timestamp"),
                "1 month",
                "",
                failure,
                400,
                List.of(new Blocks(0, 60), new Blocks(100, 140)),
                50_000,
                12_345,
                400 * 8_192,
                678);
    }

    /** A set that only part_config knows. */
    static Snapshot.Table unconfigured(PartitionSet set) {
        return new Snapshot.Table(
                set.parent(), null, TableState.HEALTHY, "", null, set, null, null, null, Progress.NONE, null);
    }

    static PartitionSet set(QualifiedName parent, List<Child> children, @Nullable DefaultPartition defaultPartition) {
        return set(parent, children, defaultPartition, "on", Instant.parse("2026-03-10T10:00:00Z"));
    }

    static PartitionSet set(
            QualifiedName parent,
            List<Child> children,
            @Nullable DefaultPartition defaultPartition,
            String automaticMaintenance,
            @Nullable Instant maintenanceLastRun) {
        return new PartitionSet(
                parent,
                new Identifier("lago"),
                true,
                new Identifier("timestamp"),
                "timestamp",
                children,
                defaultPartition,
                new Registration(
                        "timestamp",
                        PartitionInterval.parse("1 month"),
                        3,
                        PartitionInterval.parse("14 months"),
                        "14 months",
                        true,
                        null,
                        true,
                        automaticMaintenance,
                        true,
                        false,
                        "partman.template_" + parent.schema() + "_" + parent.name(),
                        maintenanceLastRun),
                new PartitionSet.Detached(2, 300),
                List.of(),
                List.of(),
                List.of("public.refs (refs_of_events)"));
    }

    private static Child child(String name, int month, @Nullable Long sizeBytes) {
        LocalDateTime from = LocalDateTime.of(2026, month, 1, 0, 0);
        return new Child(EVENTS.withName(new Identifier(name)), from, from.plusMonths(1), false, false, sizeBytes);
    }
}
