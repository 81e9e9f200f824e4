package partman.sidecar.report;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.RetentionGuard;

/** What the settings want of a set beside what {@code part_config} has, column by column. */
final class Differences {

    /** A column of {@code part_config}; {@code wanted} is null where the settings say nothing about it. */
    private record Column(String name, @Nullable String wanted, String present, boolean differs) {}

    private final String id;
    private final List<Column> columns = new ArrayList<>();

    private Differences(String id) {
        this.id = id;
    }

    /** {@code spec} is null for a set that the settings don't name. */
    static Html of(String id, PartitionSet set, Registration registration, @Nullable TableSpec spec, Instant now) {
        Differences differences = new Differences(id);
        differences.compare(set, registration, spec, now);
        return differences.html(spec != null);
    }

    private void compare(PartitionSet set, Registration registration, @Nullable TableSpec spec, Instant now) {
        compare("control", spec == null ? null : spec.controlColumn().name(), registration.controlColumn());
        compare(
                "partition_interval",
                spec == null ? null : spec.partitionInterval().toString(),
                registration.partitionInterval() == null
                        ? "not of time"
                        : registration.partitionInterval().toString());
        compare(
                "premake",
                spec == null ? null : Integer.toString(spec.premake()),
                Integer.toString(registration.premake()));
        boolean sameRetention = spec != null
                && Objects.equals(spec.retention(), registration.retention())
                && (registration.retention() == null) == (registration.retentionText() == null);
        String retention = registration.retentionText() == null ? "none" : registration.retentionText();
        String wanted = spec == null
                ? null
                : spec.retention() == null ? "none" : spec.retention().toString();
        columns.add(new Column("retention", wanted, retention, spec != null && !sameRetention));
        compare(
                "retention_keep_table",
                spec == null ? null : spec.retentionKeepTable(),
                registration.retentionKeepTable());
        compare(
                "infinite_time_partitions",
                spec == null ? null : spec.infiniteTimePartitions(),
                registration.infiniteTimePartitions());
        boolean heldBack = spec != null && RetentionGuard.danger(set, spec, now) != null;
        String automatic = registration.automaticMaintenance();
        compare(
                "automatic_maintenance",
                spec == null ? null : heldBack && automatic.equals("off") ? "off" : "on",
                automatic);
        compare("ignore_default_data", spec == null ? null : Boolean.TRUE, registration.ignoreDefaultData());
    }

    private void compare(String name, @Nullable Object wanted, Object present) {
        String text = wanted == null ? null : wanted.toString();
        columns.add(new Column(name, text, present.toString(), text != null && !text.equals(present.toString())));
    }

    private Html html(boolean configured) {
        long different = columns.stream().filter(Column::differs).count();
        List<Html> rows = new ArrayList<>();
        for (Column column : columns) {
            rows.add(Html.of(
                    "<tr{}><th scope=\"row\">{}<td>{}<td>{}{}",
                    column.differs() ? Html.of(" class=\"differs\"") : Html.NOTHING,
                    column.name(),
                    column.wanted() == null ? "–" : column.wanted(),
                    column.present(),
                    column.differs() ? Html.of(" <strong>differs</strong>") : Html.NOTHING));
        }
        return Html.of(
                "<details id=\"{}-config\"{}><summary>Settings and part_config: {}</summary><table><thead><tr><th scope=\"col\">Column<th scope=\"col\">Settings<th scope=\"col\">part_config</thead>{}</table></details>",
                id,
                different > 0 ? Html.of(" open") : Html.NOTHING,
                !configured
                        ? "not in the settings"
                        : different == 0 ? "all the same" : Human.count(different, "value differs", "values differ"),
                Html.of(rows));
    }
}
