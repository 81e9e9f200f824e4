package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableState;
import partman.sidecar.model.Warning;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.RetentionGuard;

/** What observations tell the log: one line for each warning and for each change of a table's state, and none while it stays. */
final class Announcements {

    private final Map<QualifiedName, String> announced = new HashMap<>();
    private final Map<Warning.Kind, String> warned = new HashMap<>();
    private final Map<QualifiedName, String> obstacles = new HashMap<>();

    void tell(Snapshot snapshot) {
        if (snapshot.failure() != null) {
            return;
        }
        Set<Warning.Kind> present = EnumSet.noneOf(Warning.Kind.class);
        for (Warning warning : snapshot.maintenance().warnings()) {
            present.add(warning.kind());
            String before = warned.put(warning.kind(), warning.text());
            if (before == null || !sameWords(before, warning.text())) {
                Log.warnf("warning=%s: %s", warning.kind().label(), warning.text());
            }
        }
        warned.keySet().removeIf(kind -> {
            boolean gone = !present.contains(kind);
            if (gone) {
                Log.infof("warning=%s is over", kind.label());
            }
            return gone;
        });
        for (Snapshot.Table table : snapshot.tables()) {
            announceObstacle(table);
            String now = table.state().label() + table.reason();
            String before = announced.put(table.name(), now);
            if (now.equals(before)) {
                continue;
            }
            if (table.plan() instanceof Plan.Blocked || table.state() == TableState.BLOCKED) {
                Log.errorf(
                        "table=%s state=%s, a person must act: %s",
                        table.name(), table.state().label(), table.reason());
            } else if (table.reason().isEmpty()) {
                Log.infof("table=%s state=%s", table.name(), table.state().label());
            } else {
                Log.infof("table=%s state=%s: %s", table.name(), table.state().label(), table.reason());
            }
        }
    }

    private void announceObstacle(Snapshot.Table table) {
        String obstacle = table.set() == null ? null : RetentionGuard.obstacle(table.set());
        String before = obstacle == null ? obstacles.remove(table.name()) : obstacles.put(table.name(), obstacle);
        if (obstacle != null && !obstacle.equals(before)) {
            Log.warnf("table=%s %s", table.name(), obstacle);
        }
    }

    /** Whether two messages differ in numbers alone, such as a process id. */
    static boolean sameWords(String a, String b) {
        return a.replaceAll("[0-9]+", "").equals(b.replaceAll("[0-9]+", ""));
    }
}
