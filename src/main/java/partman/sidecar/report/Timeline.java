package partman.sidecar.report;

import com.google.errorprone.annotations.CompileTimeConstant;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;

/**
 * A set's partitions as a picture: one bar a partition, oldest first, its height by bytes; the default partition apart. Bars are of
 * one width, whatever they span, and so is a hole between two; moments are marked where they fall between a bar's two bounds.
 *
 * <p>Positions are in percent and heights in pixels, so that the picture is as wide as the screen and its letters keep their size.
 */
final class Timeline {

    /** More bars can't be told apart on a phone: each then stands for several partitions. */
    static final int MOST_BARS = 60;

    /** Where the set's part of the picture ends, and the default partition's begins, in percent. */
    private static final double SET_WIDTH = 80;

    private static final double REST_FROM = 85;
    private static final double WIDEST_SLOT = 8;

    private static final int LABELS = 15;
    private static final int TOP = 3 * LABELS + 12;
    private static final int HEIGHT = 84;
    private static final int BASE = TOP + HEIGHT;

    private enum Kind {
        EXPIRED(" class=\"x\""),
        PAST(""),
        NOW(" class=\"n\""),
        AHEAD(" class=\"a\""),
        HOLE(" class=\"h\"");

        /** What makes its bars look otherwise. */
        private final Html attribute;

        Kind(@CompileTimeConstant final String attribute) {
            this.attribute = Html.of(attribute);
        }
    }

    /** One partition, several in a row, or a hole. */
    private record Bar(
            Kind kind,
            @Nullable LocalDateTime from,
            @Nullable LocalDateTime to,
            long bytes) {}

    private final String id;
    private final PartitionSet set;
    private final LocalDateTime now;
    private final @Nullable LocalDateTime retentionLimit;
    private final @Nullable LocalDateTime horizon;
    private final int perBar;
    private final List<Bar> bars;
    private final double slot;

    /**
     * @param id what the names of the picture's parts begin with
     * @param retentionLimit before which the retention takes partitions away, or null if it keeps all
     * @param horizon end of the premade partitions, or null if that is unknown
     */
    Timeline(
            String id,
            PartitionSet set,
            LocalDateTime now,
            @Nullable LocalDateTime retentionLimit,
            @Nullable LocalDateTime horizon) {
        this.id = id;
        this.set = set;
        this.now = now;
        this.retentionLimit = retentionLimit;
        this.horizon = horizon;
        List<Bar> single = bars();
        this.perBar = Math.max(1, (single.size() + MOST_BARS - 1) / MOST_BARS);
        this.bars = perBar == 1 ? single : together(single);
        this.slot = Math.min(WIDEST_SLOT, SET_WIDTH / Math.max(1, bars.size()));
    }

    private List<Bar> bars() {
        List<Bar> single = new ArrayList<>();
        LocalDateTime covered = null;
        for (Child child : set.children()) {
            LocalDateTime from = child.from();
            if (covered != null && from != null && covered.isBefore(from)) {
                single.add(new Bar(Kind.HOLE, covered, from, 0));
            }
            covered = child.to();
            single.add(new Bar(kind(child), from, child.to(), child.sizeBytes() == null ? 0 : child.sizeBytes()));
        }
        return single;
    }

    private Kind kind(Child child) {
        if (child.from() != null && child.from().isAfter(now)) {
            return Kind.AHEAD;
        }
        if (child.to() == null || child.to().isAfter(now)) {
            return Kind.NOW;
        }
        return retentionLimit != null && child.to().isBefore(retentionLimit) ? Kind.EXPIRED : Kind.PAST;
    }

    /** Joins so many bars that follow each other; of what kind they are, the last one says, unless one holds the present. */
    private List<Bar> together(List<Bar> single) {
        List<Bar> joined = new ArrayList<>();
        for (int i = 0; i < single.size(); i += perBar) {
            List<Bar> group = single.subList(i, Math.min(single.size(), i + perBar));
            boolean holdsNow = group.stream().anyMatch(bar -> bar.kind() == Kind.NOW);
            joined.add(new Bar(
                    holdsNow ? Kind.NOW : group.getLast().kind(),
                    group.getFirst().from(),
                    group.getLast().to(),
                    group.stream().mapToLong(Bar::bytes).sum()));
        }
        return joined;
    }

    /** The picture, with its words for those who don't see it. */
    Html html() {
        List<Html> parts = new ArrayList<>();
        long most = most();
        for (int i = 0; i < bars.size(); i++) {
            parts.add(bar(i, most));
        }
        parts.add(Html.of("<line class=\"axis\" x1=\"0\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>", at(width()), BASE, BASE));
        ends(parts);
        rest(parts, most);
        mark(parts, 0, retentionLimit, "retention", "r");
        mark(parts, 1, now, "now", "t");
        mark(parts, 2, horizon, "premade to", "z");
        return Html.of("""
                <svg class="timeline" role="img" aria-labelledby="{}-title {}-desc" width="100%" height="{}">\
                <title id="{}-title">Partitions of {}</title><desc id="{}-desc">{}</desc>{}</svg>""", id, id, BASE + LABELS + 3, id, set.parent().unquoted(), id, description(), Html.of(parts));
    }

    private long most() {
        long most = bars.stream().mapToLong(Bar::bytes).max().orElse(0);
        DefaultPartition rest = set.defaultPartition();
        return Math.max(1, Math.max(most, rest == null || rest.sizeBytes() == null ? 0 : rest.sizeBytes()));
    }

    private double width() {
        return slot * bars.size();
    }

    private Html bar(int index, long most) {
        Bar bar = bars.get(index);
        int height = bar.kind() == Kind.HOLE ? HEIGHT / 2 : height(bar.bytes(), most);
        return Html.of(
                "<rect{} x=\"{}%\" y=\"{}\" width=\"{}%\" height=\"{}\"/>",
                bar.kind().attribute, at(index * slot + slot * 0.1), BASE - height, at(slot * 0.8), height);
    }

    /** Whatever is there can be seen. */
    private static int height(long bytes, long most) {
        return (int) Math.max(3, Math.round((double) HEIGHT * bytes / most));
    }

    private void ends(List<Html> parts) {
        if (bars.isEmpty()) {
            return;
        }
        parts.add(Html.of(
                "<text x=\"0\" y=\"{}\">{}</text>",
                BASE + LABELS,
                Human.bound(bars.getFirst().from())));
        // two dates need room
        if (width() > SET_WIDTH / 2) {
            parts.add(Html.of(
                    "<text class=\"e\" x=\"{}%\" y=\"{}\">{}</text>",
                    at(width()), BASE + LABELS, Human.bound(bars.getLast().to())));
        }
    }

    /** The default partition: an empty outline, or a hatched bar with the number of its rows. */
    private void rest(List<Html> parts, long most) {
        DefaultPartition rest = set.defaultPartition();
        if (rest == null) {
            return;
        }
        boolean empty = rest.counted() && rest.rows() == 0;
        int height = empty ? 3 : Math.max(14, height(rest.sizeBytes() == null ? 0 : rest.sizeBytes(), most));
        double middle = (REST_FROM + 100) / 2;
        parts.add(Html.of(
                "<rect class=\"{}\" x=\"{}%\" y=\"{}\" width=\"{}%\" height=\"{}\"/><text class=\"m\" x=\"{}%\" y=\"{}\">default</text>",
                empty ? "d" : "D",
                at(REST_FROM + 2),
                BASE - height,
                at(100 - REST_FROM - 4),
                height,
                at(middle),
                BASE + LABELS));
        parts.add(Html.of(
                "<text class=\"{}\" x=\"{}%\" y=\"{}\">{}</text>",
                empty ? "m" : "m w",
                at(middle),
                BASE - height - 6,
                empty
                        ? "empty"
                        : rest.counted()
                                ? (rest.capped() ? "≥" : "")
                                        + Human.brief(rest.rows())
                                        + (rest.rows() == 1 ? " row" : " rows")
                                : "unknown"));
    }

    private void mark(List<Html> parts, int row, @Nullable LocalDateTime moment, String words, String kind) {
        if (moment == null) {
            return;
        }
        Double found = position(moment);
        boolean before = found == null && isBeforeAll(moment);
        if (found == null && !before) {
            return;
        }
        double x = found == null ? 0 : found;
        int y = LABELS * (row + 1) - 3;
        boolean left = x < SET_WIDTH / 2;
        parts.add(Html.of(
                "<line class=\"{}\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/><text class=\"{}\" dx=\"{}\" x=\"{}%\" y=\"{}\">{} {}</text>",
                kind,
                at(x),
                at(x),
                y - 10,
                BASE,
                left ? kind : kind + " e",
                left ? 5 : -5,
                at(x),
                y,
                before ? "← " + words : words,
                Human.bound(moment.toLocalDate().atStartOfDay())));
    }

    private boolean isBeforeAll(LocalDateTime moment) {
        LocalDateTime first = bars.isEmpty() ? null : bars.getFirst().from();
        return first != null && moment.isBefore(first);
    }

    /** Where a moment lies, in percent; null if no bar and no hole holds it. */
    private @Nullable Double position(LocalDateTime moment) {
        for (int i = 0; i < bars.size(); i++) {
            LocalDateTime from = bars.get(i).from();
            LocalDateTime to = bars.get(i).to();
            boolean before = from != null && moment.isBefore(from);
            // the end of the last one is a place, too
            if (!before && (to == null || !moment.isAfter(to))) {
                double share = from == null || to == null
                        ? 0.5
                        : (double) Duration.between(from, moment).toSeconds()
                                / Math.max(1, Duration.between(from, to).toSeconds());
                return (i + share) * slot;
            }
            if (before) {
                return null;
            }
        }
        return null;
    }

    /** The picture in words. */
    private String description() {
        StringBuilder words = new StringBuilder();
        words.append(Human.count(set.children().size(), "partition", "partitions"));
        if (!set.children().isEmpty()) {
            words.append(" from ")
                    .append(Human.bound(set.children().getFirst().from()))
                    .append(" to ")
                    .append(Human.bound(set.children().getLast().to()));
        }
        words.append(", ").append(Human.size(set.sizeBytes())).append(" in all.");
        long holes = bars.stream().filter(bar -> bar.kind() == Kind.HOLE).count();
        if (holes > 0) {
            words.append(' ').append(Human.count(holes, "hole", "holes")).append(" between them.");
        }
        words.append(" Now: ")
                .append(Human.bound(now.toLocalDate().atStartOfDay()))
                .append('.');
        if (retentionLimit != null) {
            words.append(" The retention takes away what ends before ")
                    .append(Human.bound(retentionLimit.toLocalDate().atStartOfDay()))
                    .append('.');
        }
        if (horizon != null) {
            words.append(" Premade to ").append(Human.bound(horizon)).append('.');
        }
        DefaultPartition rest = set.defaultPartition();
        words.append(rest == null ? " There is no default partition." : " " + contents(rest));
        return words.toString();
    }

    private static String contents(DefaultPartition rest) {
        if (!rest.counted()) {
            return "The rows of the default partition can't be counted now.";
        }
        return rest.rows() == 0 ? "The default partition is empty." : "Warning: " + rest.contents() + ".";
    }

    /** What the bars mean, in words. */
    Html legend() {
        Html several = perBar == 1
                ? Html.NOTHING
                : Html.of(" Each bar stands for {} partitions that follow each other.", perBar);
        return Html.of(
                "Height: size with indexes. Filled: past; strongest: now; outlined: made ahead{}{}.{}",
                bars.stream().anyMatch(bar -> bar.kind() == Kind.HOLE) ? "; dashed: a hole" : "",
                bars.stream().anyMatch(bar -> bar.kind() == Kind.EXPIRED) ? "; pale: expired" : "",
                several);
    }

    private static String at(double percent) {
        String text = String.format(Locale.ROOT, "%.1f", percent);
        return text.replaceFirst("\\.?0+$", "");
    }
}
