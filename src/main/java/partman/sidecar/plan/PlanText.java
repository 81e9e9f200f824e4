package partman.sidecar.plan;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.step.Statement;
import partman.sidecar.step.Step;
import partman.sidecar.step.Transaction;

/** A plan as text: why, what to know beforehand, and the exact SQL, which psql would run as it stands. */
public final class PlanText {

    /** What every session sets before the statements of a plan. */
    public static final String SESSION = "SET TimeZone = 'UTC'; SET search_path = pg_catalog; SET row_security = off;";

    /** Why {@link #SESSION} comes first. */
    public static final String SESSION_PURPOSE = "every session begins with these settings";

    private PlanText() {}

    /** The plan for one table. */
    public static String of(QualifiedName table, Plan plan) {
        StringBuilder text = new StringBuilder();
        text.append("-- table ")
                .append(table)
                .append(": ")
                .append(plan.state().label())
                .append('\n');
        if (!plan.reason().isEmpty()) {
            text.append("-- ").append(plan.reason().replace("\n", "\n-- ")).append('\n');
        }
        switch (plan) {
            case Plan.Nothing _ -> text.append("-- nothing to do\n");
            case Plan.Wait _ -> text.append("-- nothing to do now\n");
            case Plan.Blocked _ -> text.append("-- blocked: a person must change this\n");
            case Plan.Survey _ -> text.append("-- its rows have to be counted before its conversion can be planned\n");
            case Plan.Run run -> append(text, run.notes(), transactions(run));
            case Plan.Convert convert -> append(text, convert.notes(), transactions(convert));
        }
        return text.toString();
    }

    /** Every transaction that a plan has pending, in order. */
    public static List<Transaction> transactions(Plan plan) {
        return switch (plan) {
            case Plan.Nothing _, Plan.Wait _, Plan.Blocked _, Plan.Survey _ -> List.of();
            case Plan.Run run -> run.transactions();
            case Plan.Convert convert -> {
                List<Transaction> all = new ArrayList<>(convert.before());
                all.add(convert.conversion());
                all.addAll(convert.after());
                yield all;
            }
        };
    }

    private static void append(StringBuilder text, List<String> notes, List<Transaction> transactions) {
        notes.forEach(note -> text.append("-- note: ").append(note).append('\n'));
        for (int i = 0; i < transactions.size(); i++) {
            Transaction transaction = transactions.get(i);
            text.append("\n-- transaction ")
                    .append(i + 1)
                    .append(" of ")
                    .append(transactions.size())
                    .append("\nBEGIN;\n");
            append(text, transaction.limit());
            for (Step step : transaction.steps()) {
                text.append("-- ").append(step.summary()).append('\n');
                step.statements().forEach(statement -> append(text, statement));
            }
            text.append("COMMIT;\n");
        }
    }

    private static void append(StringBuilder text, Statement statement) {
        text.append(statement.text()).append(';');
        if (!statement.lock().isEmpty()) {
            text.append("  -- takes ").append(statement.lock());
        }
        text.append('\n');
    }
}
