package partman.sidecar.report;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.reconcile.Snapshot;

/** Tables of which a line tells enough, as many as fit. */
final class Others {

    /** A table and how it is; {@code id} is its name in the page. */
    record Line(String id, Snapshot.Table table, Condition condition) {}

    private Others() {}

    /**
     * The lines.
     *
     * @param mostBytes how long all of it may be
     * @param others whether there are tables before these
     */
    static Html of(List<Line> lines, int mostBytes, boolean others) {
        if (lines.isEmpty()) {
            return Html.NOTHING;
        }
        List<Html> rows = new ArrayList<>();
        int left = mostBytes;
        for (Line line : lines) {
            Html row = row(line);
            left -= row.bytes();
            if (left < 0) {
                break;
            }
            rows.add(row);
        }
        int hidden = lines.size() - rows.size();
        return Html.of(
                "<section class=\"card\" aria-labelledby=\"others\"><header><h2 id=\"others\">{}</h2></header><table class=\"others\"><thead><tr><th scope=\"col\">Table<th scope=\"col\">Partitions<th scope=\"col\">Default<th scope=\"col\">Premade to</thead>{}</table>{}</section>",
                Human.count(lines.size(), others ? "more table" : "table", others ? "more tables" : "tables"),
                Html.of(rows),
                hidden == 0
                        ? Html.NOTHING
                        : Html.of(
                                "<p>{} more are not shown, {}; <a href=\"/api/tables\">/api/tables</a> has all.</p>",
                                Human.number(hidden),
                                hiddenTones(lines.subList(rows.size(), lines.size()))));
    }

    private static String hiddenTones(List<Line> lines) {
        long unwell = lines.stream()
                .filter(line -> line.condition().tone() != Tone.OK)
                .count();
        return unwell == 0 ? "all healthy" : "%s of them not healthy".formatted(Human.number(unwell));
    }

    private static Html row(Line line) {
        Snapshot.Table table = line.table();
        PartitionSet set = table.set();
        return Html.of(
                "<tr id=\"{}\"><th scope=\"row\">{}{}<td>{}<td>{}<td>{}",
                line.id(),
                table.name().unquoted(),
                line.condition().tone() == Tone.OK
                        ? Html.NOTHING
                        : Html.of(
                                " <b class=\"{}\">{}{}</b>",
                                line.condition().tone().label(),
                                line.condition().tone().icon(),
                                table.state().label().replace('_', ' ')),
                set == null
                        ? "–"
                        : "%s, %s".formatted(Human.number(set.children().size()), Human.size(set.sizeBytes())),
                contents(set),
                table.coverage() == null ? "–" : Human.bound(table.coverage().horizon()));
    }

    private static Html contents(@Nullable PartitionSet set) {
        DefaultPartition rest = set == null ? null : set.defaultPartition();
        if (rest == null) {
            return Html.of("none");
        }
        if (!rest.counted()) {
            return Html.of("unknown");
        }
        return rest.rows() == 0
                ? Html.of("empty")
                : Html.of("<strong class=\"w\">{}</strong>", Human.count(rest.rows(), "row", "rows"));
    }
}
