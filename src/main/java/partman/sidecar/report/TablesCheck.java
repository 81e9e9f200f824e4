package partman.sidecar.report;

import io.smallrye.health.api.Wellness;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Marks the place in a health report where {@link TableEntries} puts one check for each table. Checks are beans, whose
 * number is fixed at build time, and the registry for others is not safe to change while a probe reads it.
 */
@Wellness
@ApplicationScoped
class TablesCheck implements HealthCheck {

    /** A name that no table has: theirs hold a dot. */
    static final String NAME = "tables";

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.down(NAME);
    }
}
