package partman.sidecar.report;

import java.util.EnumSet;
import java.util.Set;
import partman.sidecar.model.Observation;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;

/**
 * How a table is, and what is done about it: by the sidecar, or by whom else.
 *
 * @param next what comes next, as a sentence
 */
record Condition(Tone tone, String next) {

    /** States that nothing but a person gets a table out of. */
    private static final Set<TableState> HOPELESS = EnumSet.of(
            TableState.BLOCKED, TableState.FOREIGN, TableState.EXTENSION_UNAVAILABLE, TableState.EXTENSION_UNSUPPORTED);

    private static final String A_PERSON =
            "A person must change what the reason says. The sidecar looks again by itself.";

    static Condition of(Snapshot.Table table, Snapshot snapshot) {
        Condition condition = table.configured() ? ofConfigured(table, snapshot) : ofOther(table);
        MaintenanceRun last = table.progress().lastMaintenance();
        boolean failed = last != null && last.outcome() == Outcome.FAILURE;
        if (condition.tone() == Tone.OK && failed) {
            return new Condition(Tone.ACT, "The last maintenance run failed: see below. The next one tries again.");
        }
        return condition;
    }

    private static Condition ofConfigured(Snapshot.Table table, Snapshot snapshot) {
        Plan plan = table.plan();
        boolean stopped =
                table.copying() != null && table.copying().conversion().failure() != null;
        if (stopped || plan instanceof Plan.Blocked || HOPELESS.contains(table.state())) {
            return new Condition(Tone.ACT, A_PERSON);
        }
        return switch (plan) {
            case null -> new Condition(Tone.WAIT, "Nothing is planned.");
            case Plan.Nothing _ -> new Condition(Tone.OK, "Nothing to do but maintenance.");
            case Plan.Wait wait ->
                wait.state() == TableState.HEALTHY
                        ? new Condition(Tone.OK, "Nothing to do but maintenance.")
                        : new Condition(Tone.WAIT, "The sidecar waits, and looks again by itself.");
            case Plan.Survey _, Plan.Run _, Plan.Convert _, Plan.Online _ -> ofWork(table, snapshot);
            case Plan.Blocked _ -> throw new IllegalStateException("blocked: " + table.name());
        };
    }

    private static Condition ofWork(Snapshot.Table table, Snapshot snapshot) {
        Observation observation = snapshot.observation();
        if (observation != null && observation.server().inRecovery()) {
            return new Condition(
                    Tone.WAIT,
                    "This server is a replica, where nothing can be changed: the sidecar of the primary does it.");
        }
        if (!snapshot.applies()) {
            return new Condition(
                    Tone.ACT,
                    "This sidecar only looks: a person runs the command convert, or sets partman.mode to apply.");
        }
        if (!snapshot.leader()) {
            return new Condition(Tone.WAIT, "Another process is the leader, and does it.");
        }
        return table.trouble() == null
                ? new Condition(Tone.WORK, "The sidecar is doing it, step by step.")
                : new Condition(Tone.WAIT, "The sidecar tries again by itself until what is in the way is gone.");
    }

    private static Condition ofOther(Snapshot.Table table) {
        return switch (table.state()) {
            case HEALTHY -> new Condition(Tone.OK, "Nothing to do but maintenance.");
            case DRIFTED -> new Condition(Tone.WAIT, "The next maintenance run makes them.");
            case DEFAULT_NOT_EMPTY ->
                new Condition(
                        Tone.ACT,
                        "The settings don't name this set, so the sidecar moves no rows of it: name it, or move them by hand.");
            default -> new Condition(Tone.ACT, A_PERSON);
        };
    }
}
