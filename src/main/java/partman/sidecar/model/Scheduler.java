package partman.sidecar.model;

import java.util.Locale;

/** Who runs pg_partman's maintenance. */
public enum Scheduler {
    /** This process. */
    SIDECAR,
    /** A job of the extension pg_cron, which this process keeps. */
    PG_CRON,
    /** pg_partman's own background worker. */
    BGW,
    /** Nobody, or something that the sidecar knows nothing of. */
    NONE;

    /** The scheduler as settings, metrics and pages spell it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
