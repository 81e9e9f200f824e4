package partman.sidecar.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.TableState;
import partman.sidecar.model.Warning;
import partman.sidecar.reconcile.Snapshot.Outcome;

/** What PromQL names: metrics, their labels and values, compared with {@link Metric}, so that a typo does not pass for silence. */
final class Expressions {

    /** Labels that Prometheus itself gives to every series of a scrape, or may. */
    private static final Set<String> OF_TARGETS = Set.of("job", "instance", "pod");

    /** Metrics that Prometheus makes of a scrape. */
    private static final Set<String> OF_SCRAPES = Set.of("up");

    private static final Map<Metric.Label, Set<String>> VALUES = Map.of(
            Metric.Label.STATE, labels(TableState.values(), TableState::label),
            Metric.Label.OUTCOME, labels(Outcome.values(), Outcome::label),
            Metric.Label.SCHEDULER, labels(Scheduler.values(), Scheduler::label),
            Metric.Label.WARNING, labels(Warning.Kind.values(), Warning.Kind::label),
            Metric.Label.PHASE, labels(Conversion.Phase.values(), Conversion.Phase::label),
            Metric.Label.KIND, Set.of("copied", "total", "journal"));

    private static final Pattern SELECTOR = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)\\s*\\{([^}]*)}");
    private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(=~|!~|!=|=)\\s*\"([^\"]*)\"");
    private static final Pattern GROUPING =
            Pattern.compile("\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\(([^)]*)\\)");
    private static final Pattern METRIC = Pattern.compile("\\b(?:partman_\\w+|up\\b(?!\\s*\\())");

    private Expressions() {}

    private static <T> Set<String> labels(T[] values, Function<T, String> label) {
        return Arrays.stream(values).map(label).collect(Collectors.toSet());
    }

    /** The metrics that an expression names. */
    static Set<String> metrics(String expression) {
        Set<String> names = new HashSet<>();
        Matcher matcher =
                METRIC.matcher(expression.replace(AlertRules.RECORDED, " ").replaceAll("\"[^\"]*\"", "\"\""));
        while (matcher.find()) {
            names.add(matcher.group());
        }
        return names;
    }

    /** What an expression names and no scrape has: metrics, labels that their metric lacks, values that a label never has. */
    static List<String> unknownNames(String expression) {
        Map<String, Metric> known =
                Arrays.stream(Metric.values()).collect(Collectors.toMap(Metric::shownName, metric -> metric));
        List<String> unknown = new ArrayList<>();
        Set<String> labels = new HashSet<>(OF_TARGETS);
        for (String name : metrics(expression)) {
            Metric metric = known.get(name);
            if (metric != null) {
                metric.labels().forEach(label -> labels.add(label.label()));
            } else if (!OF_SCRAPES.contains(name)) {
                unknown.add("metric " + name);
            }
        }
        Matcher selectors = SELECTOR.matcher(expression);
        while (selectors.find()) {
            Metric metric = known.get(selectors.group(1));
            Matcher matchers = MATCHER.matcher(selectors.group(2));
            while (matchers.find()) {
                unknown.addAll(unknown(metric, matchers.group(1), matchers.group(3)));
            }
        }
        Matcher groupings = GROUPING.matcher(expression);
        while (groupings.find()) {
            Stream.of(groupings.group(1).split(",", -1))
                    .map(String::strip)
                    .filter(label -> !label.isEmpty() && !labels.contains(label))
                    .forEach(label -> unknown.add("label " + label));
        }
        return unknown;
    }

    private static List<String> unknown(@Nullable Metric metric, String label, String values) {
        if (OF_TARGETS.contains(label)) {
            return List.of();
        }
        if (metric == null
                || metric.labels().stream().noneMatch(own -> own.label().equals(label))) {
            return List.of("label %s of %s".formatted(label, metric));
        }
        Set<String> possible = VALUES.get(Metric.Label.valueOf(label.toUpperCase(Locale.ROOT)));
        if (possible == null || values.startsWith("$")) {
            return List.of();
        }
        return Stream.of(values.split("\\|", -1))
                .filter(value -> !possible.contains(value))
                .map(value -> "value %s of label %s".formatted(value, label))
                .toList();
    }
}
