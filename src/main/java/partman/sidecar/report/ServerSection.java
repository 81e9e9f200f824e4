package partman.sidecar.report;

import java.time.Instant;
import java.util.Objects;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.Scheduler;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.plan.PlanText;
import partman.sidecar.reconcile.Snapshot;

/** What is known of the server as a whole, and of this process beside it. */
final class ServerSection {

    private static final int LONGEST_SQL = 4_000;

    private ServerSection() {}

    /** {@code version} is the sidecar's own. */
    static Html of(Snapshot snapshot, String version, Instant now) {
        Facts facts = new Facts();
        Observation observation = snapshot.observation();
        if (observation != null) {
            ObservedServer server = observation.server();
            facts.add("Database", Html.of("{}, as role {}", server.database(), server.role()));
            facts.add(
                    "PostgreSQL",
                    Html.of("{}, {}", server.version(), server.inRecovery() ? "a replica" : "the primary"));
            facts.add(
                    "pg_partman",
                    Html.text(Objects.requireNonNullElse(server.partmanVersion(), "not in this database")));
            facts.add("This process", Html.of("partman-sidecar {}: {}", version, role(snapshot, server)));
            facts.add("Maintenance", scheduler(snapshot.maintenance()));
            facts.add(
                    "Next maintenance",
                    snapshot.nextMaintenance() == null
                            ? Html.of("not known")
                            : Human.when(snapshot.nextMaintenance(), now));
            facts.add(
                    "Last look",
                    Html.of("{}, took {}", Human.when(observation.at(), now), Human.span(observation.took())));
        } else {
            facts.add("This process", Html.of("partman-sidecar {}", version));
        }
        facts.add(
                "Looks that failed",
                Html.of("{} since this process began", Human.number(snapshot.observationErrors())));
        return Html.of(
                "<section class=\"card\" id=\"server\" aria-labelledby=\"server-name\"><header><h2 id=\"server-name\">Server</h2></header>{}{}</section>",
                facts.html(),
                sql(snapshot.maintenance()));
    }

    private static String role(Snapshot snapshot, ObservedServer server) {
        if (snapshot.failure() != null) {
            return "no leader while the database can't be used";
        }
        if (server.inRecovery()) {
            return "only looks, since the server is a replica";
        }
        if (!snapshot.applies()) {
            return "only looks, since partman.mode is not apply";
        }
        return snapshot.leader()
                ? "the leader, which may change the database"
                : "watches; another process is the leader";
    }

    private static Html scheduler(MaintenancePlan plan) {
        Boolean up = plan.schedulerUp();
        if (plan.scheduler() == Scheduler.NONE) {
            return Html.of("by somebody else (scheduler none)");
        }
        return Html.of(
                "by {}, {}",
                plan.scheduler().label(),
                up == null
                        ? Html.of("not judged here")
                        : up ? Html.of("which works") : Html.of("<strong class=\"w\">which is down</strong>"));
    }

    private static Html sql(MaintenancePlan plan) {
        String text = plan.isWork() ? PlanText.of(plan) : "";
        return text.isEmpty() || text.length() > LONGEST_SQL
                ? Html.NOTHING
                : Html.of(
                        "<details id=\"server-sql\"><summary>Pending SQL</summary><pre tabindex=\"0\" class=\"copy\">{}</pre></details>",
                        text);
    }
}
