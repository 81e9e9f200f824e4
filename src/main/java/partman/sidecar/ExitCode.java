package partman.sidecar;

/** What the process ends with. */
final class ExitCode {

    /** Done, or nothing to do. */
    static final int DONE = 0;

    /** Something failed. */
    static final int FAILED = 1;

    /** Settings or arguments are wrong. */
    static final int BAD_CONFIGURATION = 2;

    /** {@code plan} and {@code check}: the database is not yet as desired. */
    static final int CHANGES_PENDING = 3;

    /** A person must act first. */
    static final int BLOCKED = 4;

    private ExitCode() {}
}
