package partman.sidecar.report;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready while the latest observation could use the database. */
@Readiness
@ApplicationScoped
class DatabaseCheck implements HealthCheck {

    /** The check's name, here and where it stands for the tables. */
    static final String NAME = "database";

    private final Latest latest;

    DatabaseCheck(Latest latest) {
        this.latest = latest;
    }

    @Override
    public HealthCheckResponse call() {
        String failure = latest.snapshot().failure();
        String reason = failure == null ? latest.staleness() : failure;
        return reason == null
                ? HealthCheckResponse.up(NAME)
                : HealthCheckResponse.named(NAME)
                        .down()
                        .withData("reason", reason)
                        .build();
    }
}
