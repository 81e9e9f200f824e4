package partman.sidecar.report;

/** How much a table, or all of them, need somebody; told by a word, a shape and a colour. */
enum Tone {
    /** All is well. */
    OK("ok"),
    /** The sidecar is at work. */
    WORK("work"),
    /** Somebody or something is waited for. */
    WAIT("wait"),
    /** A person must act. */
    ACT("act");

    private final String label;

    Tone(String label) {
        this.label = label;
    }

    /** The name of its shape and of its class in the page. */
    String label() {
        return label;
    }

    /** Its shape; what it means stands beside it in words. */
    Html icon() {
        return Html.of("<svg class=\"i\" aria-hidden=\"true\"><use href=\"#{}\"/></svg>", label);
    }
}
