package partman.sidecar.plan;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.ObservedTable.Interval;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Registration;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.SwapWindow;
import partman.sidecar.model.TableSpec;

/**
 * What plans are made from. Unless a test says otherwise all is well: {@code public.events} has a partition for each month
 * that its configuration asks for, at noon of 2026-05-17.
 */
final class Given {

    static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    static final Identifier PARTMAN = new Identifier("partman");
    static final Instant NOW = Instant.parse("2026-05-17T12:00:00Z");
    static final Duration LOCK_TIMEOUT = Duration.ofMillis(700);

    private Given() {}

    // The server

    static ObservedServer server(Extension extension) {
        return server(extension, true);
    }

    static ObservedServer server(Extension extension, boolean mayCreate) {
        return new ObservedServer(NOW, "17.11 (Debian)", "my db", "The Role", false, mayCreate, extension);
    }

    static ObservedServer server() {
        return server(new Extension.Installed("5.2.4", PARTMAN, "5.2.4", true));
    }

    /** A look at the database whose only table is {@code public.events}; a retired one may be there beside it. */
    static Observation observation(ObservedTable table, boolean retired) {
        return new Observation(
                NOW,
                Duration.ofMillis(20),
                server(),
                Map.of(EVENTS, table),
                List.of(),
                List.of(),
                retired ? Map.of(EVENTS, 8192L) : Map.of());
    }

    // The desired state: a month, premake 3, no retention

    static SpecBuilder spec() {
        return new SpecBuilder();
    }

    static final class SpecBuilder {

        private TableSpec.Method method = TableSpec.Method.OFFLINE;
        private @Nullable SwapWindow window;
        private boolean dropRetired;
        private PartitionInterval interval = PartitionInterval.parse("1 month");
        private int premake = 3;
        private @Nullable PartitionInterval retention;
        private boolean keepTable = true;
        private boolean infinite = true;
        private @Nullable LocalDateTime start;
        private int maxPartitions = 500;
        private long moveRows = 1000;
        private TableSpec.Drift drift = TableSpec.Drift.FIX;
        private Duration lockTimeout = LOCK_TIMEOUT;

        SpecBuilder interval(String text) {
            interval = PartitionInterval.parse(text);
            return this;
        }

        SpecBuilder premake(int partitions) {
            premake = partitions;
            return this;
        }

        SpecBuilder retention(String text) {
            retention = PartitionInterval.parse(text);
            return this;
        }

        SpecBuilder keepTable(boolean keep) {
            keepTable = keep;
            return this;
        }

        SpecBuilder infinite(boolean newInfinite) {
            infinite = newInfinite;
            return this;
        }

        SpecBuilder start(String day) {
            start = day(day);
            return this;
        }

        SpecBuilder maxPartitions(int most) {
            maxPartitions = most;
            return this;
        }

        SpecBuilder moveRows(long most) {
            moveRows = most;
            return this;
        }

        SpecBuilder reportDrift() {
            drift = TableSpec.Drift.REPORT;
            return this;
        }

        SpecBuilder lockTimeout(Duration limit) {
            lockTimeout = limit;
            return this;
        }

        SpecBuilder online() {
            method = TableSpec.Method.ONLINE;
            return this;
        }

        SpecBuilder window(String from, String to) {
            window = new SwapWindow(LocalTime.parse(from), LocalTime.parse(to));
            return this;
        }

        SpecBuilder dropRetired() {
            dropRetired = true;
            return this;
        }

        TableSpec build() {
            return new TableSpec(
                    "events",
                    EVENTS,
                    new Identifier("at"),
                    interval,
                    premake,
                    retention,
                    keepTable,
                    infinite,
                    start,
                    new TableSpec.Conversion(
                            method, maxPartitions, lockTimeout, 2, Duration.ofSeconds(1), 0, null, window, dropRetired),
                    moveRows,
                    drift);
        }
    }

    // Plain tables

    static final long OID = 16_400;

    /** Of the partitions that an empty table gets. */
    static final List<LocalDateTime> BOUNDS =
            days("2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-09-01");

    static final RowKey ROW_KEY =
            new RowKey(List.of(new Identifier("id"), new Identifier("at")), new Definition("the keys are equal"));

    static ObservedTable.Plain plain(boolean owned, ObservedTable.@Nullable Shape shape) {
        return new ObservedTable.Plain(300, owned, 8192L, shape);
    }

    static ShapeBuilder shape() {
        return new ShapeBuilder();
    }

    static final class ShapeBuilder {

        private List<String> obstacles = List.of();
        private List<String> notes = List.of();
        private List<Definition> indexes = definitions("index");
        private List<Definition> foreignKeys = List.of();
        private List<Interval> intervals = List.of();
        private long infinite;
        private long bytes = 64L * 1024;
        private boolean hashable = true;
        private int uniqueIndexes = 1;
        private @Nullable RowKey rowKey = ROW_KEY;

        ShapeBuilder uniqueIndexes(int number) {
            uniqueIndexes = number;
            return this;
        }

        ShapeBuilder rowKey(@Nullable RowKey key) {
            rowKey = key;
            return this;
        }

        ShapeBuilder obstacles(String... texts) {
            obstacles = List.of(texts);
            return this;
        }

        ShapeBuilder notes(String... texts) {
            notes = List.of(texts);
            return this;
        }

        ShapeBuilder indexes(String... ddl) {
            indexes = definitions(ddl);
            return this;
        }

        ShapeBuilder foreignKeys(String... ddl) {
            foreignKeys = definitions(ddl);
            return this;
        }

        ShapeBuilder rows(Interval... units) {
            intervals = List.of(units);
            return this;
        }

        ShapeBuilder infinite(long rows) {
            infinite = rows;
            return this;
        }

        ShapeBuilder bytes(long total) {
            bytes = total;
            return this;
        }

        ShapeBuilder hashable(boolean newHashable) {
            hashable = newHashable;
            return this;
        }

        ObservedTable.Shape build() {
            long total = intervals.stream().mapToLong(Interval::rows).sum() + infinite;
            return new ObservedTable.Shape(
                    OID,
                    new Identifier("owner"),
                    "timestamp",
                    obstacles,
                    notes,
                    List.of(new Identifier("id"), new Identifier("at")),
                    hashable,
                    rowKey,
                    uniqueIndexes,
                    "fingerprint",
                    bytes,
                    new ObservedTable.Ddl(
                            definitions("shadow"),
                            definitions("template"),
                            indexes,
                            foreignKeys,
                            foreignKeys.stream()
                                    .map(ddl -> new Definition("final " + ddl.sql()))
                                    .toList(),
                            definitions("release"),
                            definitions("carry over")),
                    new ObservedTable.Rows(total, intervals, infinite));
        }
    }

    // Tables that are being converted: nothing is copied of 100 blocks, and the successor has every index

    static ConvertingBuilder converting(Phase phase) {
        return new ConvertingBuilder(phase);
    }

    static final class ConvertingBuilder {

        private final Phase phase;
        private boolean owned = true;
        private List<Identifier> keyColumns = ROW_KEY.columns();
        private String control = "at";
        private String interval = "1 month";
        private String changed = "";
        private @Nullable String failure;
        private List<Blocks> copied = List.of();
        private long journalRows;
        private boolean surveyed = true;
        private List<LocalDateTime> lowerBounds = BOUNDS.subList(0, BOUNDS.size() - 1);
        private ShapeBuilder shape = Given.shape();
        private List<List<Definition>> indexes = List.of();
        private List<Definition> parentIndexes = List.of();
        private List<Definition> superfluousIndexes = List.of();
        private List<Definition> addForeignKeys = List.of();
        private List<Definition> validateForeignKeys = List.of();
        private List<Definition> parentForeignKeys = List.of();

        private ConvertingBuilder(Phase phase) {
            this.phase = phase;
        }

        ConvertingBuilder owned(boolean newOwned) {
            owned = newOwned;
            return this;
        }

        ConvertingBuilder keyColumns(String... columns) {
            keyColumns = Stream.of(columns).map(Identifier::new).toList();
            return this;
        }

        ConvertingBuilder control(String column) {
            control = column;
            return this;
        }

        ConvertingBuilder interval(String text) {
            interval = text;
            return this;
        }

        ConvertingBuilder changed(String how) {
            changed = how;
            return this;
        }

        ConvertingBuilder failure(String why) {
            failure = why;
            return this;
        }

        ConvertingBuilder copied(Blocks... ranges) {
            copied = List.of(ranges);
            return this;
        }

        ConvertingBuilder journalRows(long rows) {
            journalRows = rows;
            return this;
        }

        ConvertingBuilder lowerBounds(LocalDateTime... bounds) {
            lowerBounds = List.of(bounds);
            return this;
        }

        ConvertingBuilder notSurveyed() {
            surveyed = false;
            return this;
        }

        ConvertingBuilder shape(ShapeBuilder newShape) {
            shape = newShape;
            return this;
        }

        /** Those that the partitions lack, each of them one. */
        ConvertingBuilder indexes(String... ddl) {
            indexes = definitions(ddl).stream().map(List::of).toList();
            return this;
        }

        /** Those that one partition lacks. */
        ConvertingBuilder indexesOfOne(String... ddl) {
            indexes = List.of(definitions(ddl));
            return this;
        }

        ConvertingBuilder parentIndexes(String... ddl) {
            parentIndexes = definitions(ddl);
            return this;
        }

        ConvertingBuilder superfluousIndexes(String... ddl) {
            superfluousIndexes = definitions(ddl);
            return this;
        }

        ConvertingBuilder addForeignKeys(String... ddl) {
            addForeignKeys = definitions(ddl);
            return this;
        }

        ConvertingBuilder validateForeignKeys(String... ddl) {
            validateForeignKeys = definitions(ddl);
            return this;
        }

        ConvertingBuilder parentForeignKeys(String... ddl) {
            parentForeignKeys = definitions(ddl);
            return this;
        }

        Conversion conversion() {
            return new Conversion(
                    OID,
                    phase,
                    NOW.minusSeconds(3600),
                    keyColumns,
                    new Identifier(control),
                    interval,
                    changed,
                    failure,
                    phase == Phase.JOURNAL ? 0 : 100,
                    copied,
                    300,
                    0,
                    phase == Phase.JOURNAL ? 0 : 100 * 8192,
                    journalRows);
        }

        /** Once the tables are swapped there is no plain table to survey. */
        ObservedTable.Converting build() {
            return new ObservedTable.Converting(
                    conversion(),
                    owned,
                    surveyed && phase != Phase.FOREIGN_KEYS ? shape.build() : null,
                    surveyed
                            ? new ObservedTable.Successor(
                                    lowerBounds,
                                    BOUNDS,
                                    indexes,
                                    parentIndexes,
                                    superfluousIndexes,
                                    addForeignKeys,
                                    validateForeignKeys,
                                    parentForeignKeys)
                            : null);
        }
    }

    static List<Definition> definitions(String... ddl) {
        return Stream.of(ddl).map(Definition::new).toList();
    }

    static Interval rows(String day, long rows) {
        return new Interval(day(day), rows);
    }

    // Partition sets

    static SetBuilder set() {
        return new SetBuilder();
    }

    static final class SetBuilder {

        private boolean owned = true;
        private String control = "at";
        private String controlType = "timestamp";
        private List<Child> children = months("2026-04", "2026-05", "2026-06", "2026-07", "2026-08");
        private @Nullable DefaultPartition defaultPartition = emptyDefault();
        private @Nullable Registration registration = registered().build();
        private List<String> referencedBy = List.of();

        SetBuilder owned(boolean newOwned) {
            owned = newOwned;
            return this;
        }

        SetBuilder control(String column, String type) {
            control = column;
            controlType = type;
            return this;
        }

        SetBuilder children(List<Child> newChildren) {
            children = newChildren;
            return this;
        }

        SetBuilder defaultPartition(@Nullable DefaultPartition newDefault) {
            defaultPartition = newDefault;
            return this;
        }

        SetBuilder registration(@Nullable Registration newRegistration) {
            registration = newRegistration;
            return this;
        }

        SetBuilder referencedBy(String... foreignKeys) {
            referencedBy = List.of(foreignKeys);
            return this;
        }

        ObservedTable.Partitioned build() {
            return new ObservedTable.Partitioned(new PartitionSet(
                    EVENTS,
                    new Identifier("owner"),
                    owned,
                    new Identifier(control),
                    controlType,
                    children,
                    defaultPartition,
                    registration,
                    PartitionSet.Detached.NONE,
                    List.of(),
                    List.of(new Identifier("id"), new Identifier("at")),
                    referencedBy));
        }
    }

    static List<Child> months(String... months) {
        List<Child> children = new ArrayList<>();
        for (String month : months) {
            LocalDateTime from = day(month + "-01");
            children.add(child("events_p" + month.replace("-", "") + "01", from, from.plusMonths(1)));
        }
        return children;
    }

    static Child child(String name, @Nullable LocalDateTime from, @Nullable LocalDateTime to) {
        return new Child(EVENTS.withName(new Identifier(name)), from, to, false, false, 8192L);
    }

    static DefaultPartition emptyDefault() {
        return defaultWith(false);
    }

    /** A default partition that another session locks. */
    static DefaultPartition notCounted() {
        return new DefaultPartition(
                EVENTS.withName(new Identifier("events_default")),
                null,
                false,
                0,
                false,
                null,
                null,
                0,
                List.of(),
                new ObservedTable.Plain(-1, true, null, null));
    }

    /** A default partition with more rows than are moved under a lock: this is what it looks like as a table of its own. */
    static DefaultPartition largeDefault(ObservedTable table, Interval... units) {
        return defaultWith(false, units).with(table);
    }

    /** A default partition that holds these rows. */
    static DefaultPartition defaultWith(boolean capped, Interval... units) {
        List<Interval> spread = List.of(units);
        return new DefaultPartition(
                EVENTS.withName(new Identifier("events_default")),
                8192L,
                true,
                spread.stream().mapToLong(Interval::rows).sum(),
                capped,
                spread.isEmpty() ? null : spread.getFirst().from(),
                spread.isEmpty() ? null : spread.getLast().from(),
                0,
                spread,
                new ObservedTable.Plain(-1, true, null, null));
    }

    static RegistrationBuilder registered() {
        return new RegistrationBuilder();
    }

    static final class RegistrationBuilder {

        private String control = "at";
        private @Nullable PartitionInterval interval = PartitionInterval.parse("1 mon");
        private int premake = 3;
        private @Nullable String retention;
        private boolean keepTable = true;
        private @Nullable String retentionSchema;
        private boolean infinite = true;
        private String maintenance = "on";
        private boolean ignoreDefault = true;
        private boolean undoing;

        RegistrationBuilder control(String column) {
            control = column;
            return this;
        }

        RegistrationBuilder interval(@Nullable String text) {
            interval = text == null ? null : PartitionInterval.parse(text);
            return this;
        }

        RegistrationBuilder premake(int partitions) {
            premake = partitions;
            return this;
        }

        RegistrationBuilder retention(String text) {
            retention = text;
            return this;
        }

        RegistrationBuilder keepTable(boolean keep) {
            keepTable = keep;
            return this;
        }

        RegistrationBuilder retentionSchema(String schema) {
            retentionSchema = schema;
            return this;
        }

        RegistrationBuilder infinite(boolean newInfinite) {
            infinite = newInfinite;
            return this;
        }

        RegistrationBuilder maintenance(String automatic) {
            maintenance = automatic;
            return this;
        }

        RegistrationBuilder ignoreDefault(boolean ignore) {
            ignoreDefault = ignore;
            return this;
        }

        RegistrationBuilder undoInProgress() {
            undoing = true;
            return this;
        }

        Registration build() {
            return new Registration(
                    control,
                    interval,
                    premake,
                    readable(retention),
                    retention,
                    keepTable,
                    retentionSchema,
                    infinite,
                    maintenance,
                    ignoreDefault,
                    undoing,
                    "partman.template_public_events",
                    null);
        }

        private static @Nullable PartitionInterval readable(@Nullable String text) {
            try {
                return text == null ? null : PartitionInterval.parse(text);
            } catch (IllegalArgumentException e) {
                return null;
            }
        }
    }

    static LocalDateTime day(String date) {
        return LocalDate.parse(date).atStartOfDay();
    }

    static List<LocalDateTime> days(String... dates) {
        return Stream.of(dates).map(Given::day).toList();
    }
}
