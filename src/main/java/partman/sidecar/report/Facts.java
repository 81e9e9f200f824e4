package partman.sidecar.report;

import java.util.ArrayList;
import java.util.List;

/** Names with a value each, one below the other. */
final class Facts {

    private final List<Html> facts = new ArrayList<>();

    void add(String name, Html value) {
        facts.add(Html.of("<div><dt>{}<dd>{}</div>", name, value));
    }

    /** Nothing where there are none. */
    Html html() {
        return facts.isEmpty() ? Html.NOTHING : Html.of("<dl>{}</dl>", Html.of(facts));
    }
}
