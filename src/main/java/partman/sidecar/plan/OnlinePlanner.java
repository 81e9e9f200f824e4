package partman.sidecar.plan;

import static partman.sidecar.model.TableState.BLOCKED;
import static partman.sidecar.model.TableState.CONVERTING;
import static partman.sidecar.model.TableState.PLAIN;

import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.ObservedTable.Shape;
import partman.sidecar.model.ObservedTable.Successor;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.RowKey;
import partman.sidecar.model.SwapWindow;
import partman.sidecar.model.TableSpec;
import partman.sidecar.step.AddForeignKeys;
import partman.sidecar.step.Analyze;
import partman.sidecar.step.ApplyJournal;
import partman.sidecar.step.BeginConversion;
import partman.sidecar.step.BuildIndexes;
import partman.sidecar.step.CheckBounds;
import partman.sidecar.step.CopyBlocks;
import partman.sidecar.step.CreateJournal;
import partman.sidecar.step.DeleteChangedRows;
import partman.sidecar.step.DropCovered;
import partman.sidecar.step.DropJournal;
import partman.sidecar.step.DropSuccessor;
import partman.sidecar.step.EndConversion;
import partman.sidecar.step.EnterPhase;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.SwapDefault;
import partman.sidecar.step.SwapTables;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdatePartConfig;
import partman.sidecar.step.VerifySuccessor;

/**
 * Plans how a plain table becomes a partitioned one while the application goes on using it; and in the same way, how the rows of a
 * large default partition get into partitions.
 *
 * <p>What is left follows from the phase that the conversion is in and from the catalog; what was planned before a crash does not
 * matter.
 */
final class OnlinePlanner {

    /** Changes that are applied at once; a table with several unique indexes has all applied at once. */
    private static final long CHANGES_AT_ONCE = 10_000;

    /** Changes that may wait while a conversion waits for its swap window. */
    private static final long LONGEST_WAITING_JOURNAL = 1_000;

    /** How long to wait for a lock that nobody else waits for: autovacuum lets go after PostgreSQL's deadlock timeout. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private OnlinePlanner() {}

    /** The plan for a plain table of which no conversion has begun. */
    static Plan begin(TableSpec spec, ObservedServer server, Shape shape) {
        Layout layout = Layout.of(spec, server, shape.rows());
        return begin(spec, server, shape, null, layout, layout.notes(spec, shape, method(spec, spec.table())));
    }

    /**
     * The plan for a set's default partition of which no conversion has begun.
     *
     * @param spec what is desired of the set, about the default partition
     */
    static Plan begin(TableSpec spec, ObservedServer server, Shape shape, PartitionSet set, Layout layout) {
        return begin(spec, server, shape, set, layout, layout.notesOnDefault(spec, shape, method(spec, set.parent())));
    }

    private static String method(TableSpec spec, QualifiedName table) {
        return "method online: the application goes on; its statements on %s wait for %d ms at most, and for the swap"
                .formatted(table, spec.conversion().lockTimeout().toMillis());
    }

    private static Plan begin(
            TableSpec spec,
            ObservedServer server,
            Shape shape,
            @Nullable PartitionSet set,
            Layout layout,
            List<String> notes) {
        Plan.Blocked blocked = layout.obstacle(spec, shape);
        if (blocked != null) {
            return blocked;
        }
        RowKey key = shape.rowKey();
        if (key == null) {
            return withoutKey(spec, set == null);
        }
        Identifier partman = server.partmanSchema();
        List<Step> steps = new ArrayList<>();
        steps.add(layout.createShadow(spec, partman, shape.ddl()));
        if (set != null) {
            steps.add(new CheckBounds(spec.table()));
        }
        steps.add(new BeginConversion(spec, shape, key));
        List<Stage> stages = new ArrayList<>();
        stages.add(
                Stage.of(Phase.SHADOW, new Transaction(steps, spec.conversion().lockTimeout())));
        Successor successor = new Successor(
                List.of(),
                layout.bounds(spec.partitionInterval()),
                List.of(),
                shape.ddl().indexes(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
        Work work = new Work(spec, set, partman, shape, key, successor, null);
        stages.addAll(work.stagesFrom(Phase.JOURNAL));
        return new Plan.Online(
                PLAIN,
                set == null ? spec.table() + " is a plain table" : "they are moved online",
                shape.oid(),
                List.of(),
                stages,
                work.after(),
                notes);
    }

    private static Plan withoutKey(TableSpec spec, boolean plain) {
        return new Plan.Blocked(
                BLOCKED,
                "%s can't be converted online: it has no unique index over columns that are never null (NOT NULL, no WHERE, not deferrable), by which changed rows could be told apart; create one%s"
                        .formatted(
                                spec.table(),
                                plain
                                        ? ", or set partman.conversion.method to offline, which locks the table for the whole copy"
                                        : ""));
    }

    /** The plan for a plain table whose conversion has begun. */
    static Plan plan(TableSpec spec, ObservedServer server, ObservedTable.Converting table) {
        return plan(spec, server, table, null);
    }

    /** The plan for a table whose conversion has begun; {@code set} is the one whose default partition it is, if it is one. */
    static Plan plan(
            TableSpec spec, ObservedServer server, ObservedTable.Converting table, @Nullable PartitionSet set) {
        Conversion conversion = table.conversion();
        if (!table.ownedByRole()) {
            return Planner.notOwned(spec, server, CONVERTING);
        }
        if (conversion.failure() != null) {
            return new Plan.Blocked(
                    BLOCKED,
                    "the online conversion has stopped, and nothing is lost: %s; the application still uses the table as it was; find out why, then run: partman-sidecar abort"
                            .formatted(conversion.failure()));
        }
        String changed = changed(spec, conversion);
        if (!changed.isEmpty()) {
            return abort(spec, server, conversion, "the conversion begins anew, since " + changed);
        }
        String reason =
                "its online conversion is in phase " + conversion.phase().label();
        Successor successor = table.successor();
        if (successor == null) {
            return new Plan.Survey(CONVERTING, reason);
        }
        Identifier partman = server.partmanSchema();
        if (conversion.phase() == Phase.FOREIGN_KEYS) {
            return new Plan.Online(
                    CONVERTING,
                    reason,
                    conversion.id(),
                    List.of(),
                    List.of(foreignKeys(
                            spec, conversion.id(), successor.validateForeignKeys(), successor.parentForeignKeys())),
                    after(spec, spec.table(), partman),
                    List.of());
        }
        Shape shape = Objects.requireNonNull(table.shape());
        RowKey key = shape.rowKey();
        if (!shape.obstacles().isEmpty()) {
            return new Plan.Blocked(
                    BLOCKED,
                    "the online conversion can't go on: %s; or run: partman-sidecar abort"
                            .formatted(String.join("; ", shape.obstacles())));
        }
        if (key == null || !key.columns().equals(conversion.keyColumns())) {
            return abort(
                    spec,
                    server,
                    conversion,
                    "the conversion begins anew, since the table's row key is another one now");
        }
        if (set != null && lacks(set, Horizon.of(spec, server, set).retentionLimit(), successor)) {
            return abort(
                    spec,
                    server,
                    conversion,
                    "the moving of rows begins anew, since partitions of %s were detached".formatted(set.parent()));
        }
        Work work = new Work(spec, set, partman, shape, key, successor, conversion);
        List<Stage> stages = work.stagesFrom(next(conversion, successor));
        SwapWindow window = spec.conversion().swapWindow();
        if (stages.getFirst().phase() == Phase.SWAP && window != null && !window.contains(server.now())) {
            String waiting = reason + ", which waits for its window, " + window + " UTC";
            if (conversion.journalRows() <= LONGEST_WAITING_JOURNAL) {
                return new Plan.Wait(CONVERTING, waiting);
            }
            stages = List.of(work.catchUp(Phase.SWAP));
        }
        return new Plan.Online(CONVERTING, reason, conversion.id(), List.of(), stages, work.after(), List.of());
    }

    /**
     * The phase to carry on with: indexes that came or went since they were built come first. Before one is built, rows that have
     * changed are deleted again: as they are in the copy they may not fit a unique index that the table has got since.
     */
    private static Phase next(Conversion conversion, Successor successor) {
        if (conversion.phase().compareTo(Phase.INDEXES) <= 0 || !successor.differsInIndexes()) {
            return conversion.phase();
        }
        return successor.lacksIndexes() ? Phase.KEYS_ONCE : Phase.INDEXES;
    }

    /** Whether the set has not got a partition any more that it had: its rows that come now would get into a new one of that name. */
    private static boolean lacks(PartitionSet set, @Nullable LocalDateTime retentionLimit, Successor successor) {
        return retentionLimit != null
                && successor.lowerBounds().stream()
                        .filter(bound -> bound.isBefore(retentionLimit))
                        .anyMatch(bound -> set.children().stream().noneMatch(child -> bound.equals(child.from())));
    }

    private static String changed(TableSpec spec, Conversion conversion) {
        if (!conversion.changed().isEmpty()) {
            return conversion.changed();
        }
        if (conversion.phase() == Phase.FOREIGN_KEYS) {
            return "";
        }
        if (!conversion.controlColumn().equals(spec.controlColumn())
                || !conversion
                        .partitionInterval()
                        .equals(spec.partitionInterval().toString())) {
            return "the settings ask for other partitions now";
        }
        return spec.conversion().method() == TableSpec.Method.ONLINE
                ? ""
                : "partman.conversion.method is another one now";
    }

    /** Gives up a conversion before its swap: the plain table is as it was, and nothing else is left. */
    static Plan.Run abort(TableSpec spec, ObservedServer server, Conversion conversion, String reason) {
        List<Step> steps = new ArrayList<>();
        steps.add(new DropJournal(spec.table(), conversion.id()));
        steps.add(new DropSuccessor(spec.table(), server.partmanSchema()));
        steps.add(new EndConversion(spec.table(), conversion.id()));
        return new Plan.Run(
                CONVERTING,
                reason,
                List.of(new Transaction(steps, spec.conversion().lockTimeout())),
                List.of());
    }

    private static Stage foreignKeys(
            TableSpec spec, long conversion, List<Definition> validate, List<Definition> adopt) {
        List<Transaction> validations = new ArrayList<>();
        for (Definition ddl : validate) {
            validations.add(transaction(spec, new AddForeignKeys(spec.table(), List.of(ddl))));
        }
        return new Stage(
                Phase.FOREIGN_KEYS,
                validations,
                List.of(transaction(
                        spec, new AddForeignKeys(spec.table(), adopt), new EndConversion(spec.table(), conversion))),
                "the swap has given each partition the key for new rows; now old rows are checked, and the table adopts the keys");
    }

    private static List<Transaction> after(TableSpec spec, QualifiedName table, Identifier partman) {
        return List.of(transaction(spec, new RunMaintenance(table, partman)));
    }

    private static Transaction transaction(TableSpec spec, Step... steps) {
        return new Transaction(List.of(steps), spec.conversion().lockTimeout());
    }

    /** A transaction that only the sidecar's own tables and autovacuum could keep waiting, so that nobody queues behind it. */
    private static Transaction aside(TableSpec spec, Step... steps) {
        Duration patience = spec.conversion().lockTimeout();
        return new Transaction(List.of(steps), patience.compareTo(PATIENCE) > 0 ? patience : PATIENCE);
    }

    /**
     * All that the phases need to know.
     *
     * @param set the set whose default partition the table is, or null if it is a plain table
     * @param begun null before the first phase
     */
    private record Work(
            TableSpec spec,
            @Nullable PartitionSet set,
            Identifier partman,
            Shape shape,
            RowKey key,
            Successor successor,
            @Nullable Conversion begun) {

        List<Stage> stagesFrom(Phase next) {
            List<Stage> stages = new ArrayList<>();
            for (Phase phase : Phase.values()) {
                if (phase.compareTo(next) >= 0 && (phase != Phase.FOREIGN_KEYS || hasForeignKeys())) {
                    stages.add(stage(phase));
                }
            }
            return List.copyOf(stages);
        }

        List<Transaction> after() {
            return OnlinePlanner.after(spec, set == null ? table() : set.parent(), partman);
        }

        private boolean hasForeignKeys() {
            return !shape.ddl().foreignKeys().isEmpty();
        }

        private Stage stage(Phase phase) {
            return switch (phase) {
                case SHADOW -> throw new IllegalArgumentException("a conversion that has begun has a successor");
                case JOURNAL -> Stage.of(phase, transaction(spec, new CreateJournal(table(), id(), key)));
                case BACKFILL -> backfill();
                case KEYS_ONCE ->
                    Stage.of(
                            phase,
                            aside(
                                    spec,
                                    new DeleteChangedRows(table(), id(), key),
                                    new EnterPhase(table(), id(), Phase.INDEXES)));
                case INDEXES -> indexes();
                case CATCH_UP -> catchUp(Phase.VERIFY);
                case VERIFY -> verify();
                case SWAP -> swap(set == null ? swapTables() : swapDefault(set));
                case FOREIGN_KEYS ->
                    foreignKeys(spec, id(), List.of(), shape.ddl().finalForeignKeys());
            };
        }

        private QualifiedName table() {
            return spec.table();
        }

        private long id() {
            return shape.oid();
        }

        private Stage backfill() {
            List<Blocks> left = begun == null || begun.phase() == Phase.JOURNAL ? null : begun.uncopied();
            List<Transaction> copies = new ArrayList<>();
            for (Blocks blocks : left == null ? List.of(Blocks.ALL) : left) {
                copies.add(transaction(spec, new CopyBlocks(table(), shape.columns(), id(), blocks)));
            }
            return new Stage(
                    Phase.BACKFILL,
                    copies,
                    List.of(transaction(spec, new EnterPhase(table(), id(), Phase.KEYS_ONCE))),
                    "%s, in batches of about %d ms by %d workers"
                            .formatted(
                                    left == null
                                            ? "all blocks there are when the journal begins"
                                            : "the blocks that are left",
                                    spec.conversion().batchTarget().toMillis(),
                                    spec.conversion().workers()));
        }

        private Stage indexes() {
            List<Transaction> shared = new ArrayList<>();
            for (List<Definition> ddl : successor.indexes()) {
                shared.add(aside(spec, new BuildIndexes(table(), ddl)));
            }
            List<Transaction> then = new ArrayList<>();
            if (!successor.superfluousIndexes().isEmpty()) {
                then.add(aside(spec, new BuildIndexes(table(), successor.superfluousIndexes())));
            }
            for (Definition ddl : successor.parentIndexes()) {
                then.add(aside(spec, new BuildIndexes(table(), List.of(ddl))));
            }
            then.add(transaction(spec, new EnterPhase(table(), id(), Phase.CATCH_UP)));
            return new Stage(
                    Phase.INDEXES,
                    shared,
                    then,
                    begun == null
                            ? "on each partition first, by %d workers, whose indexes the parent's then adopt"
                                    .formatted(spec.conversion().workers())
                            : "");
        }

        Stage catchUp(Phase then) {
            boolean oneUniqueIndex = shape.uniqueIndexes() == 1;
            ApplyJournal apply =
                    new ApplyJournal(table(), shape.columns(), id(), key, oneUniqueIndex ? CHANGES_AT_ONCE : null);
            return new Stage(
                    Phase.CATCH_UP,
                    List.of(),
                    List.of(
                            new Transaction(List.of(apply), spec.conversion().lockTimeout(), true),
                            transaction(spec, new EnterPhase(table(), id(), then))),
                    "the first transaction is repeated until the journal is short");
        }

        private Stage verify() {
            VerifySuccessor verify = new VerifySuccessor(
                    table(),
                    shape.columns(),
                    shape.hashable(),
                    id(),
                    key,
                    spec.controlColumn(),
                    new Identifier(shape.controlType()),
                    successor.bounds());
            return new Stage(
                    Phase.VERIFY,
                    List.of(aside(spec, verify), aside(spec, new Analyze(table()))),
                    List.of(transaction(spec, new EnterPhase(table(), id(), Phase.SWAP))),
                    "");
        }

        private List<Step> swapTables() {
            List<Step> steps = new ArrayList<>();
            steps.add(new LockTable(table(), LockTable.Mode.AGAINST_SCHEMA_CHANGES));
            steps.add(new LockTable(table(), LockTable.Mode.AGAINST_EVERYBODY));
            steps.add(new ApplyJournal(table(), shape.columns(), id(), key, null));
            steps.add(new DropJournal(table(), id()));
            steps.add(new SwapTables(
                    table(),
                    partman,
                    shape.owner(),
                    shape.ddl().release(),
                    shape.ddl().carryOver()));
            steps.add(new UpdatePartConfig(spec, partman, true, List.of()));
            if (hasForeignKeys()) {
                if (!successor.addForeignKeys().isEmpty()) {
                    steps.add(new AddForeignKeys(table(), successor.addForeignKeys()));
                }
                steps.add(new EnterPhase(table(), id(), Phase.FOREIGN_KEYS));
            } else {
                steps.add(new EndConversion(table(), id()));
            }
            return steps;
        }

        /** The parent is locked before its partition, as by everybody who uses the set. */
        private List<Step> swapDefault(PartitionSet into) {
            return List.of(
                    new LockTable(into.parent(), LockTable.Mode.AGAINST_SCHEMA_CHANGES),
                    new LockTable(table(), LockTable.Mode.AGAINST_SCHEMA_CHANGES),
                    new DropCovered(into.parent(), table()),
                    new LockTable(into.parent(), LockTable.Mode.AGAINST_EVERYBODY),
                    new LockTable(table(), LockTable.Mode.AGAINST_EVERYBODY),
                    new ApplyJournal(table(), shape.columns(), id(), key, null),
                    new DropJournal(table(), id()),
                    new SwapDefault(
                            into.parent(),
                            table(),
                            partman,
                            into.owner(),
                            shape.ddl().release(),
                            shape.ddl().carryOver()),
                    new DropSuccessor(table(), partman),
                    new EndConversion(table(), id()));
        }

        private Stage swap(List<Step> steps) {
            List<String> remarks = new ArrayList<>();
            SwapWindow window = spec.conversion().swapWindow();
            if (window != null) {
                remarks.add("between " + window + " UTC");
            }
            if (hasForeignKeys() && begun == null) {
                remarks.add(
                        "each partition gets the foreign keys for new rows, which takes SHARE ROW EXCLUSIVE on the tables that they reference");
            }
            return new Stage(
                    Phase.SWAP,
                    List.of(),
                    List.of(new Transaction(steps, spec.conversion().lockTimeout())),
                    String.join("; ", remarks));
        }
    }
}
