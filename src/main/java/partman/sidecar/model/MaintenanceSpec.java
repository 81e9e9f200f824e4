package partman.sidecar.model;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The desired state of what is common to all sets of the database.
 *
 * @param applies whether this process may change anything: its mode is {@code apply}
 * @param cron when maintenance runs: a five-field cron expression, in UTC
 * @param cronDatabase the database that has pg_cron's jobs, or null to ask the server for it
 * @param updateExtension whether pg_partman is updated when the server offers a newer version
 * @param lockTimeout longest wait for a lock; whole milliseconds
 */
public record MaintenanceSpec(
        boolean applies,
        Scheduler scheduler,
        String cron,
        @Nullable String cronDatabase,
        boolean updateExtension,
        Duration lockTimeout) {}
