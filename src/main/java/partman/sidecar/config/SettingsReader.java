package partman.sidecar.config;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import partman.sidecar.config.Settings.Mode;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.SwapWindow;
import partman.sidecar.model.TableSpec;

/** Types the settings' text; notes a fault for each value that makes no sense, and goes on with the next. */
final class SettingsReader {

    /** What becomes of a plain table that a conversion has retired. */
    private enum Retired {
        KEEP,
        DROP
    }

    private final SidecarConfig config;
    private final LocalDateTime now;
    private final Faults faults;
    private final Values values;

    SettingsReader(SidecarConfig config, Instant now, Faults faults) {
        this.config = config;
        this.now = LocalDateTime.ofInstant(now, ZoneOffset.UTC);
        this.faults = faults;
        this.values = new Values(faults);
    }

    /** The settings; they mean nothing if a fault was noted. */
    Settings read(List<String> ignoredUrlParameters) {
        Duration lockTimeout = values.duration(
                "partman.lock-timeout", config.lockTimeout(), Duration.ofMillis(1), Duration.ofSeconds(60));
        Mode mode = values.word("partman.mode", config.mode(), Mode.values());
        return new Settings(
                mode,
                tables(lockTimeout),
                maintenance(mode, lockTimeout),
                values.duration(
                        "partman.observe.every", config.observe().every(), Duration.ofSeconds(1), Duration.ofHours(1)),
                values.number(
                        "partman.observe.default-rows-cap", config.observe().defaultRowsCap(), 1, 1_000_000_000),
                ignoredUrlParameters);
    }

    private MaintenanceSpec maintenance(Mode mode, Duration lockTimeout) {
        SidecarConfig.Maintenance maintenance = config.maintenance();
        return new MaintenanceSpec(
                mode == Mode.APPLY,
                values.word("partman.maintenance.scheduler", maintenance.scheduler(), Scheduler.values()),
                values.cron("partman.maintenance.cron", maintenance.cron()),
                maintenance.cronDatabase().orElse(null),
                values.flag("partman.extension.update", config.extension().update()),
                lockTimeout);
    }

    private List<TableSpec> tables(Duration lockTimeout) {
        TableSpec.Conversion conversion = conversion(lockTimeout);
        long moveRows = values.number(
                "partman.default-partition.move-rows", config.defaultPartition().moveRows(), 0, 1_000_000_000);
        TableSpec.Drift drift = values.word("partman.drift", config.drift(), TableSpec.Drift.values());
        List<TableSpec> specs = new ArrayList<>();
        Map<QualifiedName, String> keys = new HashMap<>();
        new TreeMap<>(config.tables()).forEach((key, table) -> {
            String prefix = KnownKeys.TABLES + key;
            if (!values.flag(prefix + ".enabled", table.enabled())) {
                return;
            }
            TableSpec spec = table(key, table, conversion, moveRows, drift);
            if (spec == null) {
                return;
            }
            specs.add(spec);
            String other = keys.putIfAbsent(spec.table(), key);
            if (other != null) {
                faults.add(
                        prefix + ".name",
                        "%s is the table of %s%s too; remove one of the two"
                                .formatted(Shown.quoted(spec.table().unquoted()), KnownKeys.TABLES, other));
            }
        });
        return specs;
    }

    private TableSpec.Conversion conversion(Duration lockTimeout) {
        SidecarConfig.Conversion conversion = config.conversion();
        TableSpec.Method method =
                values.word("partman.conversion.method", conversion.method(), TableSpec.Method.values());
        int maxPartitions =
                (int) values.number("partman.conversion.max-partitions", conversion.maxPartitions(), 1, 10_000);
        int workers = (int) values.number("partman.conversion.workers", conversion.workers(), 1, 16);
        Duration batchTarget = values.duration(
                "partman.conversion.batch-target",
                conversion.batchTarget(),
                Duration.ofMillis(100),
                Duration.ofSeconds(60));
        Long maxRowsPerSecond = values.numberOrNone(
                "partman.conversion.max-rows-per-second", conversion.maxRowsPerSecond(), 1, 1_000_000_000);
        Duration maxReplicaLag = values.durationOrNone(
                "partman.conversion.max-replica-lag",
                conversion.maxReplicaLag(),
                Duration.ofSeconds(1),
                Duration.ofHours(24));
        SwapWindow swapWindow = values.windowOrNone("partman.conversion.swap-window", conversion.swapWindow());
        Retired retired = values.word("partman.conversion.retired", conversion.retired(), Retired.values());
        return new TableSpec.Conversion(
                method,
                maxPartitions,
                lockTimeout,
                workers,
                batchTarget,
                maxRowsPerSecond == null ? 0 : maxRowsPerSecond,
                maxReplicaLag,
                swapWindow,
                retired == Retired.DROP);
    }

    private @Nullable TableSpec table(
            String key,
            SidecarConfig.Table table,
            TableSpec.Conversion conversion,
            long moveRows,
            TableSpec.Drift drift) {
        String prefix = KnownKeys.TABLES + key;
        if (table.name().isEmpty()
                && table.control().isEmpty()
                && table.interval().isEmpty()) {
            faults.add(prefix, "has no name, control and interval; " + advice(key));
            return null;
        }
        QualifiedName name = required(prefix + ".name", table.name(), "public.events", values::table);
        Identifier control = required(prefix + ".control", table.control(), "created_at", values::column);
        PartitionInterval interval = required(prefix + ".interval", table.interval(), "1 month", values::interval);
        int premake = (int) values.number(prefix + ".premake", table.premake(), 1, 1000);
        PartitionInterval retention = optional(prefix + ".retention", table.retention(), values::interval);
        if (retention != null && interval != null && retention.roughLength().compareTo(interval.roughLength()) < 0) {
            faults.add(
                    prefix + ".retention",
                    "'%s' is shorter than the interval, '%s'; keep at least one partition"
                            .formatted(retention, interval));
        }
        boolean keepTable = values.flag(prefix + ".retention-keep-table", table.retentionKeepTable());
        boolean infinite = values.flag(prefix + ".infinite-time-partitions", table.infiniteTimePartitions());
        LocalDateTime start = optional(
                prefix + ".start-partition",
                table.startPartition(),
                (startKey, text) -> values.pastMoment(startKey, text, now));
        if (name == null || control == null || interval == null) {
            return null;
        }
        return new TableSpec(
                key,
                name,
                control,
                interval,
                premake,
                retention,
                keepTable,
                infinite,
                start,
                conversion,
                moveRows,
                drift);
    }

    /** What to do about a key that only side settings are given for: most likely it is misspelt. */
    private String advice(String key) {
        List<String> others = config.tables().entrySet().stream()
                .filter(other -> other.getValue().name().isPresent())
                .map(Map.Entry::getKey)
                .toList();
        String give = "give all three";
        return KnownKeys.nearest(key, others)
                .map(other -> give + ", or did you mean " + KnownKeys.TABLES + other + "?")
                .orElse(give);
    }

    private <T> @Nullable T required(
            String key, Optional<String> text, String example, BiFunction<String, String, @Nullable T> parser) {
        if (text.isEmpty()) {
            faults.add(key, "is not set; set it, for example to '" + example + "'");
            return null;
        }
        return parser.apply(key, text.get());
    }

    private <T> @Nullable T optional(
            String key, Optional<String> text, BiFunction<String, String, @Nullable T> parser) {
        return text.isEmpty() || Values.isNone(text.get()) ? null : parser.apply(key, text.get());
    }
}
