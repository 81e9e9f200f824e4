package partman.sidecar;

import io.quarkus.logging.Log;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import partman.sidecar.config.Settings;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.model.Warning;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.PlanText;
import partman.sidecar.plan.Undo;
import partman.sidecar.plan.UndoText;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.reconcile.Leader;
import partman.sidecar.reconcile.Maintenance;
import partman.sidecar.reconcile.Observer;
import partman.sidecar.reconcile.Reconciler;
import partman.sidecar.reconcile.Schedule;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Upkeep;

/** Runs the service, or one command. Results go to standard output, the log to standard error. */
final class CommandLine implements QuarkusApplication {

    private final Settings settings;
    private final Schedule schedule;
    private final Observer observer;
    private final Reconciler reconciler;
    private final Maintenance maintenance;
    private final Upkeep upkeep;
    private final Leader leader;
    private final int port;
    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    CommandLine(
            Settings settings,
            Schedule schedule,
            Observer observer,
            Reconciler reconciler,
            Maintenance maintenance,
            Upkeep upkeep,
            Leader leader,
            @ConfigProperty(name = "quarkus.http.port") int port) {
        this.settings = settings;
        this.schedule = schedule;
        this.observer = observer;
        this.reconciler = reconciler;
        this.maintenance = maintenance;
        this.upkeep = upkeep;
        this.leader = leader;
        this.port = port;
    }

    @Override
    public int run(String... arguments) {
        Command command = Objects.requireNonNull(Command.of(arguments));
        if (!settings.ignoredUrlParameters().isEmpty()) {
            Log.warnf("DATABASE_URL: these parameters mean nothing here: %s", settings.ignoredUrlParameters());
        }
        if (command == Command.RUN) {
            Log.infof(
                    "partman-sidecar %s started: mode=%s, tables=%s, http port=%d",
                    Version.CURRENT,
                    settings.mode().name().toLowerCase(Locale.ROOT),
                    settings.tables().stream().map(TableSpec::table).toList(),
                    port);
            schedule.start();
            Quarkus.waitForExit();
            return ExitCode.DONE;
        }
        switch (command) {
            // work as a service does: alone, or, to maintain, as far as they may
            case CONVERT, ABORT, MAINTAIN -> {}
            case RUN, PLAN, PLAN_UNDO, CHECK, CHECK_LIVE, DROP_RETIRED, VERSION, HELP -> leader.follow();
        }
        try {
            Snapshot snapshot = observer.observe();
            if (snapshot.failure() != null) {
                System.err.println("the database can't be used: " + snapshot.failure());
                return ExitCode.FAILED;
            }
            return switch (command) {
                case PLAN -> plan(snapshot);
                case PLAN_UNDO -> planUndo();
                case CHECK -> check(snapshot);
                case CONVERT -> convert(snapshot);
                case MAINTAIN -> maintain(snapshot);
                case ABORT -> abort(snapshot);
                case DROP_RETIRED -> dropRetired(snapshot);
                case RUN, CHECK_LIVE, VERSION, HELP ->
                    throw new IllegalStateException("no command for here: " + command);
            };
        } catch (DatabaseException e) {
            System.err.println("failed: " + e.getMessage());
            return ExitCode.FAILED;
        } finally {
            leader.release();
        }
    }

    private int plan(Snapshot snapshot) {
        int code = pending(snapshot.maintenance());
        printSession();
        String common = PlanText.of(snapshot.maintenance());
        if (!common.isEmpty()) {
            out.println(common);
        }
        for (TableSpec spec : settings.tables()) {
            Plan plan = reconciler.plan(spec);
            out.println(PlanText.of(spec.table(), plan));
            code = Math.max(code, pending(plan));
        }
        return code;
    }

    private static int pending(MaintenancePlan plan) {
        return plan.isWork() ? ExitCode.CHANGES_PENDING : ExitCode.DONE;
    }

    private int planUndo() {
        int code = ExitCode.DONE;
        out.println(UndoText.PSQL + "\n");
        printSession();
        for (TableSpec spec : settings.tables()) {
            Undo undo = reconciler.planUndo(spec);
            out.println(UndoText.of(spec.table(), undo));
            code = Math.max(
                    code,
                    switch (undo) {
                        case Undo.Nothing _, Undo.Script _ -> ExitCode.DONE;
                        case Undo.Blocked _ -> ExitCode.BLOCKED;
                    });
        }
        return code;
    }

    private void printSession() {
        out.println("-- " + PlanText.SESSION_PURPOSE + "\n" + PlanText.SESSION + "\n");
    }

    private int check(Snapshot snapshot) {
        int code = pending(snapshot.maintenance());
        for (Warning warning : snapshot.maintenance().warnings()) {
            out.printf("warning %s: %s%n", warning.kind().label(), warning.text());
        }
        for (Snapshot.Table table : snapshot.tables()) {
            out.printf(
                    "%s: %s%s%n",
                    table.name(), table.state().label(), table.reason().isEmpty() ? "" : ": " + table.reason());
            if (table.plan() != null) {
                code = Math.max(code, pending(table.plan()));
            }
        }
        return code;
    }

    private static int pending(Plan plan) {
        return switch (plan) {
            case Plan.Nothing _ -> ExitCode.DONE;
            // a conversion that waits for its window is not done
            case Plan.Wait(TableState state, String _) ->
                state == TableState.CONVERTING ? ExitCode.CHANGES_PENDING : ExitCode.DONE;
            case Plan.Run _, Plan.Convert _, Plan.Online _, Plan.Survey _ -> ExitCode.CHANGES_PENDING;
            case Plan.Blocked _ -> ExitCode.BLOCKED;
        };
    }

    private int convert(Snapshot snapshot) {
        if (!mayChange(snapshot, true)) {
            return ExitCode.BLOCKED;
        }
        int code = ExitCode.DONE;
        upkeep.workNow();
        for (TableSpec spec : settings.tables()) {
            Reconciler.Result result = reconciler.reconcile(spec);
            out.printf("%s: %s%s%n", spec.table(), result.plan().state().label(), result.words());
            code = Math.max(code, result.failed() ? ExitCode.FAILED : pending(result.plan()));
        }
        return code;
    }

    private int maintain(Snapshot snapshot) {
        if (!mayChange(snapshot, false)) {
            return ExitCode.BLOCKED;
        }
        List<TableSpec> sets = reconciler.setsToEmpty();
        int code = emptyDefaults(sets);
        Snapshot now = sets.isEmpty() ? snapshot : observer.observe();
        for (Map.Entry<QualifiedName, Snapshot.MaintenanceRun> run :
                maintenance.run(now, _ -> true).entrySet()) {
            Snapshot.MaintenanceRun result = run.getValue();
            out.printf(
                    "%s: %s%s%n",
                    run.getKey(), result.outcome().label(), result.message().isEmpty() ? "" : ": " + result.message());
            code = Math.max(
                    code,
                    switch (result.outcome()) {
                        case SUCCESS -> ExitCode.DONE;
                        case FAILURE -> ExitCode.FAILED;
                        case SKIPPED -> ExitCode.BLOCKED;
                    });
        }
        return code;
    }

    /** Moves rows out of default partitions, unless another process works on the database and will do so itself. */
    private int emptyDefaults(List<TableSpec> sets) {
        int code = ExitCode.DONE;
        for (TableSpec spec : sets) {
            Reconciler.Result result = reconciler.reconcile(spec);
            if (result.failed()) {
                out.printf("%s: %s%s%n", spec.table(), result.plan().state().label(), result.words());
                code = ExitCode.FAILED;
            }
        }
        return code;
    }

    private int abort(Snapshot snapshot) {
        if (!mayChange(snapshot, true)) {
            return ExitCode.BLOCKED;
        }
        int code = ExitCode.DONE;
        for (TableSpec spec : settings.tables()) {
            Reconciler.Abort abort = reconciler.abort(spec);
            out.printf("%s: %s%n", spec.table(), abort.words());
            code = Math.max(code, abort == Reconciler.Abort.TOO_LATE ? ExitCode.BLOCKED : ExitCode.DONE);
        }
        return code;
    }

    private int dropRetired(Snapshot snapshot) {
        if (!mayChange(snapshot, false)) {
            return ExitCode.BLOCKED;
        }
        for (TableSpec spec : settings.tables()) {
            boolean dropped = reconciler.dropRetired(spec);
            out.printf("%s: %s%n", spec.table(), dropped ? "retired table dropped" : "no retired table");
        }
        return ExitCode.DONE;
    }

    /** Says why not; {@code alone} asks that no other process works on the database. */
    private boolean mayChange(Snapshot snapshot, boolean alone) {
        String reason = settings.mode() != Settings.Mode.APPLY
                ? "partman.mode is not apply"
                : snapshot.observation() != null
                                && snapshot.observation().server().inRecovery()
                        ? "the server is a replica"
                        : snapshot.leader() || !alone ? "" : "another process works on this database; stop it first";
        if (!reason.isEmpty()) {
            System.err.println("nothing was changed: " + reason);
        }
        return reason.isEmpty();
    }
}
