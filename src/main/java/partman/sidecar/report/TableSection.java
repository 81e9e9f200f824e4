package partman.sidecar.report;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Observation;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.Registration;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.PlanText;
import partman.sidecar.plan.RetentionGuard;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;

/** One table with all that is known of it: how it is, what happens next, its partitions, and the SQL that is pending. */
final class TableSection {

    /** More words than this nobody reads; {@code /api/tables} has them all. */
    private static final int LONGEST_TEXT = 1_200;

    /** SQL of a whole conversion is long; {@code /plan} has it all. */
    private static final int LONGEST_SQL = 12_000;

    /** More partitions than this are not listed; the picture shows all of them. */
    private static final int MOST_PARTITIONS = 48;

    private final String id;
    private final Snapshot snapshot;
    private final Snapshot.Table table;
    private final Condition condition;
    private final Instant now;

    private TableSection(String id, Snapshot snapshot, Snapshot.Table table, Condition condition, Instant now) {
        this.id = id;
        this.snapshot = snapshot;
        this.table = table;
        this.condition = condition;
        this.now = now;
    }

    /** {@code id} is what the names of its parts begin with; {@code now} is this process's clock. */
    static Html of(String id, Snapshot snapshot, Snapshot.Table table, Condition condition, Instant now) {
        return new TableSection(id, snapshot, table, condition, now).html();
    }

    private Html html() {
        PartitionSet set = table.set();
        List<Html> parts = new ArrayList<>();
        if (!table.reason().isEmpty()) {
            parts.add(Html.of("<p class=\"reason\">{}</p>", Human.cut(sentence(table.reason()), LONGEST_TEXT)));
        }
        parts.add(Html.of("<p class=\"next\">{}</p>", condition.next()));
        if (table.trouble() != null) {
            parts.add(Html.of(
                    "<p class=\"trouble\"><b>In the way:</b> {}</p>", Human.cut(table.trouble(), LONGEST_TEXT)));
        }
        if (table.copying() != null) {
            parts.add(ConversionSteps.of(table.copying(), table.plan(), now));
        }
        if (set != null) {
            parts.add(picture(set));
        }
        parts.add(facts(set));
        if (set != null) {
            parts.add(partitions(set));
            Registration registration = set.registration();
            if (registration != null) {
                parts.add(Differences.of(id, set, registration, table.spec(), observedAt()));
            }
        }
        parts.add(sql());
        return Html.of(
                "<section class=\"card {}\" id=\"{}\" aria-labelledby=\"{}-name\"><header><h2 id=\"{}-name\">{}</h2><p class=\"state\">{}{}</p></header>{}</section>",
                condition.tone().label(),
                id,
                id,
                id,
                table.name().unquoted(),
                condition.tone().icon(),
                table.state().label().replace('_', ' '),
                Html.of(parts));
    }

    /** A capital for the first word, unless it is a name, which another case would make another one. */
    private static String sentence(String words) {
        int space = words.indexOf(' ');
        boolean isWord = (space < 0 ? words : words.substring(0, space)).chars().allMatch(Character::isLetter);
        return isWord ? Character.toUpperCase(words.charAt(0)) + words.substring(1) : words;
    }

    private Instant observedAt() {
        Observation observation = snapshot.observation();
        return observation == null ? now : observation.server().now();
    }

    private Html picture(PartitionSet set) {
        Coverage coverage = table.coverage();
        Timeline timeline = new Timeline(
                id,
                set,
                LocalDateTime.ofInstant(observedAt(), ZoneOffset.UTC),
                retentionLimit(set),
                coverage == null || coverage.horizon().equals(LocalDateTime.MAX) ? null : coverage.horizon());
        return Html.of("<figure>{}<figcaption>{}</figcaption></figure>", timeline.html(), timeline.legend());
    }

    private @Nullable PartitionInterval retention(PartitionSet set) {
        if (table.spec() != null) {
            return table.spec().retention();
        }
        return set.registration() == null ? null : set.registration().retention();
    }

    private @Nullable LocalDateTime retentionLimit(PartitionSet set) {
        PartitionInterval retention = retention(set);
        return retention == null ? null : retention.before(LocalDateTime.ofInstant(observedAt(), ZoneOffset.UTC));
    }

    private Html facts(@Nullable PartitionSet set) {
        Facts facts = new Facts();
        if (set != null) {
            facts.add(
                    "Partitions", Html.of("{}, {}", Human.number(set.children().size()), Human.size(set.sizeBytes())));
            facts.add("Default partition", contents(set.defaultPartition()));
            coverage(facts);
            PartitionInterval retention = retention(set);
            facts.add(
                    "Retention",
                    Html.of(
                            "{}{}",
                            retention == null ? "none: all are kept" : retention.toString(),
                            set.detached().tables() == 0
                                    ? ""
                                    : "; %s kept, %s"
                                            .formatted(
                                                    Human.count(
                                                            set.detached().tables(),
                                                            "detached table",
                                                            "detached tables"),
                                                    Human.size(set.detached().sizeBytes()))));
            String obstacle = RetentionGuard.obstacle(set);
            if (obstacle != null) {
                facts.add("Referred to", Html.text(Human.cut(sentence(obstacle), LONGEST_TEXT)));
            }
        }
        if (table.retiredBytes() != null) {
            facts.add(
                    "Retired table",
                    Html.of("{}, kept until the command drop-retired", Human.size(table.retiredBytes())));
        }
        if (set != null || table.progress().lastMaintenance() != null) {
            facts.add("Last maintenance", lastMaintenance(set == null ? null : set.registration()));
            facts.add("Next maintenance", nextMaintenance());
        }
        return facts.html();
    }

    private static Html contents(@Nullable DefaultPartition rest) {
        if (rest == null) {
            return Html.of("none");
        }
        if (!rest.counted()) {
            return Html.of("can't be counted now");
        }
        if (rest.rows() == 0) {
            return Html.of("empty");
        }
        return Html.of(
                "<strong class=\"w\">{}{}, not empty</strong>{}{}{}",
                rest.capped() ? "at least " : "",
                Human.count(rest.rows(), "row", "rows"),
                rest.sizeBytes() == null ? "" : ", " + Human.size(rest.sizeBytes()),
                rest.oldest() == null
                        ? ""
                        : "; from %s to %s".formatted(Human.bound(rest.oldest()), Human.bound(rest.newest())),
                rest.infinite() == 0 ? "" : "; %s at infinity".formatted(Human.number(rest.infinite())));
    }

    private void coverage(Facts facts) {
        Coverage coverage = table.coverage();
        if (coverage == null) {
            return;
        }
        Instant end = coverage.horizon().equals(LocalDateTime.MAX)
                ? null
                : coverage.horizon().toInstant(ZoneOffset.UTC);
        facts.add(
                "Premade to",
                Html.of(
                        "{}{}{}",
                        Human.bound(coverage.horizon()),
                        end == null ? "" : ", " + Human.distance(end, observedAt()),
                        coverage.missing() == 0
                                ? Html.NOTHING
                                : Html.of(
                                        "; <strong class=\"w\">{} missing</strong>",
                                        Human.number(coverage.missing()))));
    }

    private Html lastMaintenance(@Nullable Registration registration) {
        MaintenanceRun last = table.progress().lastMaintenance();
        if (last == null) {
            return registration == null || registration.maintenanceLastRun() == null
                    ? Html.of("none known")
                    : Html.of("{}, as part_config tells", Human.when(registration.maintenanceLastRun(), now));
        }
        Html message =
                last.message().isEmpty() ? Html.NOTHING : Html.of(": {}", Human.cut(last.message(), LONGEST_TEXT));
        Html outcome = last.outcome() == Snapshot.Outcome.SUCCESS
                ? Html.of("success")
                : Html.of("<strong class=\"w\">{}</strong>", last.outcome().label());
        return Html.of(
                "{}, {}{}{}",
                outcome,
                Human.when(last.ended(), now),
                last.took() == null || last.took().isZero() ? "" : ", took " + Human.span(last.took()),
                message);
    }

    private Html nextMaintenance() {
        Instant next = snapshot.nextMaintenanceOf(table);
        if (next == null) {
            return Html.text(table.isMaintained() ? "not known" : "none: " + whyNot());
        }
        return next.isBefore(now) ? Html.of("was due {}", Human.when(next, now)) : Human.when(next, now);
    }

    private String whyNot() {
        Registration registration = table.set() == null ? null : table.set().registration();
        return registration != null && registration.undoInProgress()
                ? "an undo is under way"
                : "automatic_maintenance is not on";
    }

    /** The picture's table; the newest partitions of very many. */
    private Html partitions(PartitionSet set) {
        List<Child> children = set.children();
        int left = Math.max(0, children.size() - MOST_PARTITIONS);
        List<Html> rows = new ArrayList<>();
        for (Child child : children.subList(left, children.size()).reversed()) {
            rows.add(Html.of(
                    "<tr><td>{}<td>{}<td>{}<td>{}",
                    shortened(child.name().name().name()),
                    Human.bound(child.from()),
                    Human.bound(child.to()),
                    child.sizeBytes() == null ? "locked" : Human.size(child.sizeBytes())));
        }
        if (rows.isEmpty()) {
            return Html.NOTHING;
        }
        return Html.of(
                "<details id=\"{}-parts\"><summary>{}</summary><table class=\"parts\"><thead><tr><th scope=\"col\">Partition<th scope=\"col\">From<th scope=\"col\">To<th scope=\"col\">Size</thead>{}</table>{}</details>",
                id,
                Human.count(children.size(), "partition", "partitions") + ", newest first",
                Html.of(rows),
                left == 0
                        ? Html.NOTHING
                        : Html.of(
                                "<p>{} older ones are not listed here; <a href=\"/api/tables\">/api/tables</a> has all.</p>",
                                Human.number(left)));
    }

    /** A partition's name without that of the set, which it begins with as a rule. */
    private String shortened(String name) {
        String parent = table.name().name().name();
        return name.startsWith(parent + "_") ? "…" + name.substring(parent.length()) : name;
    }

    /** What a plan is about to run. */
    private Html sql() {
        Plan plan = table.plan();
        if (plan == null || PlanText.transactions(plan).isEmpty()) {
            return Html.NOTHING;
        }
        String text = PlanText.of(table.name(), plan);
        boolean whole = text.length() <= LONGEST_SQL;
        // a part of it, copied and run, would be worse than none
        return Html.of(
                "<details id=\"{}-sql\"><summary>Pending SQL: {}</summary>{}<pre tabindex=\"0\"{}>{}</pre></details>",
                id,
                Human.count(PlanText.transactions(plan).size(), "transaction", "transactions"),
                whole
                        ? Html.of("<p>{}: <code>{}</code></p>", sentence(PlanText.SESSION_PURPOSE), PlanText.SESSION)
                        : Html.of("<p>Too long for this page, and cut: <a href=\"/plan\">/plan</a> has all of it.</p>"),
                whole ? Html.of(" class=\"copy\"") : Html.NOTHING,
                whole ? text : text.substring(0, text.lastIndexOf('\n', LONGEST_SQL)) + "\n…");
    }
}
