package partman.sidecar.model;

import java.util.Locale;

/** Something about the server as a whole that a person should change; the text says what. */
public record Warning(Kind kind, String text) {

    /** What is wrong; the label that metrics and pages show. */
    public enum Kind {
        /** The chosen scheduler does not do its work, or can't. */
        SCHEDULER_DOWN,
        /** Maintenance is run by more than one scheduler, or by another one than was chosen. */
        TWO_SCHEDULERS,
        /** A session keeps pg_partman's maintenance lock and does nothing: no maintenance can run. */
        LOCK_STUCK,
        /** A newer version of pg_partman is on the server than in the database. */
        EXTENSION_UPDATE,
        /** A weakness of the installed version is known. */
        SECURITY_ADVISORY;

        /** The kind as metrics and pages spell it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
