package partman.sidecar.report;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still until it is moved. */
final class SettableClock implements InstantSource {

    private Instant now = Snapshots.NOW;

    @Override
    public Instant instant() {
        return now;
    }

    void move(Duration by) {
        now = now.plus(by);
    }
}
