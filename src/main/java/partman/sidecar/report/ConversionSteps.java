package partman.sidecar.report;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Stage;
import partman.sidecar.reconcile.Snapshot.Copying;

/** How far an online conversion is: its phases in order, what is copied, at which rate, and how long that will take. */
final class ConversionSteps {

    private ConversionSteps() {}

    static Html of(Copying copying, @Nullable Plan plan, Instant now) {
        Conversion conversion = copying.conversion();
        List<Html> steps = new ArrayList<>();
        for (Phase phase : phases(conversion.phase(), plan)) {
            int order = phase.compareTo(conversion.phase());
            String progress = order < 0 ? "done" : order == 0 ? "now" : "to come";
            steps.add(Html.of(
                    "<li class=\"{}\"{}>{} <span class=\"v\">{}</span></li>",
                    order < 0 ? "done" : order == 0 ? "now" : "",
                    order == 0 ? Html.of(" aria-current=\"step\"") : Html.NOTHING,
                    phase.label().replace('_', ' '),
                    progress));
        }
        long permille = conversion.blocks() == 0 ? 0 : conversion.blocksCopied() * 1000 / conversion.blocks();
        return Html.of(
                "<div class=\"steps\"><h3>Online conversion, since {}</h3><ol>{}</ol><p><progress max=\"1000\" value=\"{}\" aria-label=\"Part of the table that is copied\"></progress> <b>{} %</b> copied: {} of {} rows, {} of {}{}{}.</p></div>",
                Human.when(conversion.started(), now),
                Html.of(steps),
                permille,
                permille / 10,
                Human.number(conversion.rowsCopied()),
                Human.number(conversion.rowsTotal()),
                Human.size(copying.bytesCopied()),
                Human.size(conversion.bytesTotal()),
                rate(copying),
                journal(conversion));
    }

    /** All phases that a plan still has, and those before; foreign keys are none of most conversions' business. */
    private static Set<Phase> phases(Phase current, @Nullable Plan plan) {
        Set<Phase> phases = EnumSet.allOf(Phase.class);
        boolean hasForeignKeys = current == Phase.FOREIGN_KEYS
                || (plan instanceof Plan.Online online
                        && online.stages().stream().map(Stage::phase).anyMatch(Phase.FOREIGN_KEYS::equals));
        if (!hasForeignKeys) {
            phases.remove(Phase.FOREIGN_KEYS);
        }
        return phases;
    }

    private static String rate(Copying copying) {
        if (copying.conversion().phase() != Phase.BACKFILL) {
            return "";
        }
        return "; %s rows/s, %s"
                .formatted(
                        Human.number(Math.round(copying.rowsPerSecond())),
                        copying.left() == null
                                ? "time left not known yet"
                                : "about " + Human.span(copying.left()) + " left");
    }

    private static String journal(Conversion conversion) {
        long waiting = conversion.journalRows();
        return waiting == 0
                ? ""
                : "; %s%s in the journal"
                        .formatted(
                                waiting >= Conversion.JOURNAL_ROWS_CAP ? "at least " : "",
                                Human.count(waiting, "change waits", "changes wait"));
    }
}
