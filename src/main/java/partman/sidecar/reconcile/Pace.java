package partman.sidecar.reconcile;

import java.time.Duration;

/** How often the database is looked at, for those who judge whether the last look is too old. */
public record Pace(Duration observeEvery) {}
