package partman.sidecar.report;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import partman.sidecar.reconcile.Pace;
import partman.sidecar.reconcile.Snapshot;

/** The latest snapshot, and whether it still counts. */
@ApplicationScoped
class Latest {

    /** Time that a look may take on top of the time between two, before the last one counts as too old. */
    private static final Duration GRACE = Duration.ofMinutes(1);

    /** A snapshot and when it came, by this process's clock. */
    private record Arrival(Snapshot snapshot, Instant at) {}

    private final InstantSource clock;
    private final Duration staleAfter;
    private volatile Arrival arrival;

    Latest(InstantSource clock, Pace pace) {
        this.clock = clock;
        this.staleAfter = pace.observeEvery().multipliedBy(2).plus(GRACE);
        this.arrival = new Arrival(Snapshot.NOTHING_YET, clock.instant());
    }

    void keep(@Observes Snapshot snapshot) {
        arrival = new Arrival(snapshot, clock.instant());
    }

    Snapshot snapshot() {
        return arrival.snapshot();
    }

    /** Why the latest snapshot is too old to be believed, or null if it isn't. */
    @Nullable
    String staleness() {
        Instant at = arrival.at();
        return clock.instant().isAfter(at.plus(staleAfter))
                ? "the last observation ended at %s, and none since".formatted(at)
                : null;
    }
}
