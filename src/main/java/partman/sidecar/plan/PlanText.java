package partman.sidecar.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import partman.sidecar.model.Identifier;
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

    /** What ends a comment for psql, and more. */
    private static final Pattern LINE_BREAK = Pattern.compile("\\R");

    private PlanText() {}

    /** The plan for one table. */
    public static String of(QualifiedName table, Plan plan) {
        StringBuilder text = new StringBuilder();
        comment(text, "table %s: %s".formatted(table, plan.state().label()));
        if (!plan.reason().isEmpty()) {
            comment(text, plan.reason());
        }
        switch (plan) {
            case Plan.Nothing _ -> text.append("-- nothing to do\n");
            case Plan.Wait _ -> text.append("-- nothing to do now\n");
            case Plan.Blocked _ -> text.append("-- blocked: a person must change this\n");
            case Plan.Survey _ -> text.append("-- its rows have to be counted before its conversion can be planned\n");
            case Plan.Run run -> append(text, run.notes(), transactions(run));
            case Plan.Convert convert -> append(text, convert.notes(), transactions(convert));
            case Plan.Online online -> append(text, online);
        }
        return text.toString();
    }

    /** The plan for what is common to all sets; empty if there is nothing to tell or to do. */
    public static String of(MaintenancePlan plan) {
        StringBuilder text = new StringBuilder();
        plan.warnings()
                .forEach(warning ->
                        comment(text, "warning %s: %s".formatted(warning.kind().label(), warning.text())));
        append(text, List.of(), plan.here());
        if (!plan.inCronDatabase().isEmpty()) {
            text.append('\n');
            comment(
                    text,
                    "in database %s, which has pg_cron's jobs".formatted(new Identifier(plan.cronDatabase()).sql()));
            append(text, List.of(), plan.inCronDatabase());
        }
        for (Transaction transaction : plan.offered()) {
            StringBuilder offer = new StringBuilder();
            append(offer, List.of(), List.of(transaction));
            text.append("\n-- offered, and not run by itself:")
                    .append(offer.toString().stripTrailing().replace("\n", "\n-- "))
                    .append('\n');
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
            case Plan.Online online -> {
                List<Transaction> all = new ArrayList<>(online.before());
                online.stages().forEach(stage -> all.addAll(stage.all()));
                all.addAll(online.after());
                yield all;
            }
        };
    }

    private static void append(StringBuilder text, List<String> notes, List<Transaction> transactions) {
        notes.forEach(note -> comment(text, "note: " + note));
        for (int i = 0; i < transactions.size(); i++) {
            append(text, transactions.get(i), i + 1, transactions.size());
        }
    }

    private static void append(StringBuilder text, Plan.Online online) {
        online.notes().forEach(note -> comment(text, "note: " + note));
        int total = transactions(online).size();
        int number = 0;
        for (Transaction transaction : online.before()) {
            append(text, transaction, ++number, total);
        }
        for (Stage stage : online.stages()) {
            text.append("\n-- phase ").append(stage.phase().label());
            if (!stage.remark().isEmpty()) {
                text.append(": ").append(stage.remark());
            }
            text.append('\n');
            for (Transaction transaction : stage.all()) {
                append(text, transaction, ++number, total);
            }
        }
        for (Transaction transaction : online.after()) {
            append(text, transaction, ++number, total);
        }
    }

    private static void append(StringBuilder text, Transaction transaction, int number, int total) {
        text.append("\n-- transaction ")
                .append(number)
                .append(" of ")
                .append(total)
                .append("\nBEGIN;\n");
        transaction.beginning().forEach(statement -> append(text, statement));
        for (Step step : transaction.steps()) {
            comment(text, step.summary());
            step.statements().forEach(statement -> append(text, statement));
        }
        text.append("COMMIT;\n");
    }

    /** One statement, and the lock that it takes. */
    static void append(StringBuilder text, Statement statement) {
        text.append(statement.text()).append(';');
        if (!statement.lock().isEmpty()) {
            text.append("  -- takes ")
                    .append(LINE_BREAK.matcher(statement.lock()).replaceAll(" "));
        }
        text.append('\n');
    }

    /** Words in a comment, each line of them: names may hold line breaks, and what follows one must not be run. */
    static void comment(StringBuilder text, String words) {
        text.append("-- ").append(LINE_BREAK.matcher(words).replaceAll("\n-- ")).append('\n');
    }
}
