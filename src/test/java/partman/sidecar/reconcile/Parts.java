package partman.sidecar.reconcile;

import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.NotificationOptions;
import jakarta.enterprise.util.TypeLiteral;
import java.lang.annotation.Annotation;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import partman.sidecar.catalog.Catalog;
import partman.sidecar.config.Settings;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.MaintenanceSpec;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.SwapWindow;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.Session;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/**
 * The process's parts, wired by hand for one test: {@code Parts.in(database).tables(spec).build()}, with {@code spec} from
 * {@code Parts.spec(shape).build()}. Closed with the database.
 */
public final class Parts {

    /** Whose rights the parts work with unless a test says otherwise. */
    private static final String SUPERUSER = "postgres";

    private final Settings settings;
    private final Database database;
    private final Events events = new Events();
    private final Clock clock = new Clock();
    private final Status status;
    private final Leader leader;
    private final Observer observer;
    private final StepRunner runner;
    private final Maintenance maintenance;
    private final OnlineConversion online;
    private final Reconciler reconciler;
    private final Turns turns;

    private Parts(Settings settings, Database database) {
        this.settings = settings;
        this.database = database;
        this.status = new Status(events);
        this.leader = new Leader(database);
        this.observer = new Observer(settings, database, leader, status);
        LockRetry retry = new LockRetry(status, database);
        this.runner = new StepRunner(database, observer, retry);
        Watch watch = new Watch(settings, status);
        this.maintenance = new Maintenance(settings, database, observer, status, retry, watch, clock);
        this.online = new OnlineConversion(database, observer, runner, retry, status, leader);
        this.reconciler =
                new Reconciler(settings, database, observer, runner, online, maintenance, status, leader, clock);
        Upkeep upkeep = new Upkeep(database, observer, status, leader, clock);
        this.turns = new Turns(settings, observer, reconciler, maintenance, upkeep, watch, status, leader);
    }

    /** Begins the parts for a database. */
    public static Builder in(TestDatabase database) {
        return new Builder(database);
    }

    /** Begins the desired state of a shape: one month, premake 3, no retention, and converted offline. */
    public static SpecBuilder spec(Shape shape) {
        return new SpecBuilder(shape.table(), shape.controlColumn());
    }

    /** Begins the desired state of a table: one month, premake 3, no retention, and converted offline. */
    public static SpecBuilder spec(QualifiedName table, String controlColumn) {
        return new SpecBuilder(table, new Identifier(controlColumn));
    }

    public Settings settings() {
        return settings;
    }

    public Database database() {
        return database;
    }

    public Status status() {
        return status;
    }

    public Leader leader() {
        return leader;
    }

    public Observer observer() {
        return observer;
    }

    public StepRunner runner() {
        return runner;
    }

    public Maintenance maintenance() {
        return maintenance;
    }

    public Reconciler reconciler() {
        return reconciler;
    }

    Turns turns() {
        return turns;
    }

    public OnlineConversion online() {
        return online;
    }

    /** What the parts take for the time; the server has its own. */
    public Clock clock() {
        return clock;
    }

    /** Every snapshot that was published, oldest first. */
    public List<Snapshot> published() {
        return events.fired;
    }

    /** Works on one table, as the process does. */
    public Reconciler.Result reconcile(TableSpec spec) {
        return reconciler.reconcile(spec);
    }

    /** The plan for one table as it is now. */
    public Plan plan(TableSpec spec) {
        return reconciler.plan(spec);
    }

    /** Runs the next phase of a table's online conversion, or whatever else its plan has next. */
    public void carryOn(TableSpec spec) {
        online.carryOn(spec, (Plan.Online) plan(spec));
    }

    /** Carries on with a table's online conversion until this phase is the next one. */
    public void carryOnTo(TableSpec spec, Phase phase) {
        for (Plan plan = plan(spec); nextOf(plan).compareTo(phase) < 0; plan = plan(spec)) {
            online.carryOn(spec, (Plan.Online) plan);
        }
    }

    private static Phase nextOf(Plan plan) {
        return ((Plan.Online) plan).stages().getFirst().phase();
    }

    /** One look at the database. */
    public Observation observe() {
        try (Session session = database.open()) {
            return new Catalog(settings.defaultRowsCap()).observe(session, settings.tables());
        }
    }

    /** One table as it is observed now. */
    public ObservedTable observe(TableSpec spec) {
        return Objects.requireNonNull(observe().tables().get(spec.table()));
    }

    /** One partition set as it is observed now. */
    public PartitionSet observeSet(TableSpec spec) {
        return ((ObservedTable.Partitioned) observe(spec)).set();
    }

    /** The time as a test sets it; the real one until then. */
    public static final class Clock implements InstantSource {

        private volatile @Nullable Instant fixed;

        @Override
        public Instant instant() {
            Instant now = fixed;
            return now == null ? Instant.now() : now;
        }

        public void set(Instant now) {
            fixed = now;
        }

        /** Moves the time forward, from the real one if it was not set yet. */
        public void advance(Duration by) {
            fixed = instant().plus(by);
        }
    }

    /** Collects what is fired. */
    private static final class Events implements Event<Snapshot> {

        private final List<Snapshot> fired = new CopyOnWriteArrayList<>();

        @Override
        public void fire(Snapshot snapshot) {
            fired.add(snapshot);
        }

        @Override
        public <U extends Snapshot> CompletionStage<U> fireAsync(U event) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends Snapshot> CompletionStage<U> fireAsync(U event, NotificationOptions options) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Event<Snapshot> select(Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends Snapshot> Event<U> select(Class<U> subtype, Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U extends Snapshot> Event<U> select(TypeLiteral<U> subtype, Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }
    }

    /** Chooses what the parts work on and how. */
    public static final class Builder {

        private final TestDatabase testDatabase;
        private String role = SUPERUSER;
        private List<TableSpec> tables = List.of();
        private Settings.Mode mode = Settings.Mode.APPLY;
        private Scheduler scheduler = Scheduler.SIDECAR;
        private Duration lockTimeout = Duration.ofMillis(500);
        private Duration observeEvery = Duration.ofSeconds(30);
        private long defaultRowsCap = 1_000_000;

        private Builder(TestDatabase testDatabase) {
            this.testDatabase = testDatabase;
        }

        public Builder role(String newRole) {
            role = newRole;
            return this;
        }

        public Builder tables(TableSpec... specs) {
            tables = List.of(specs);
            return this;
        }

        public Builder mode(Settings.Mode newMode) {
            mode = newMode;
            return this;
        }

        public Builder scheduler(Scheduler newScheduler) {
            scheduler = newScheduler;
            return this;
        }

        /** For maintenance; a table's own steps have the one of its {@link TableSpec}. */
        public Builder lockTimeout(Duration timeout) {
            lockTimeout = timeout;
            return this;
        }

        public Builder observeEvery(Duration pause) {
            observeEvery = pause;
            return this;
        }

        public Builder defaultRowsCap(long cap) {
            defaultRowsCap = cap;
            return this;
        }

        public Parts build() {
            Settings settings = new Settings(
                    mode,
                    tables,
                    new MaintenanceSpec(mode == Settings.Mode.APPLY, scheduler, "0 * * * *", null, false, lockTimeout),
                    observeEvery,
                    defaultRowsCap,
                    List.of());
            return new Parts(settings, testDatabase.database(role));
        }
    }

    /** Chooses a table's desired state. */
    public static final class SpecBuilder {

        private final QualifiedName table;
        private final Identifier controlColumn;
        private PartitionInterval interval = PartitionInterval.parse("1 month");
        private int premake = 3;
        private @Nullable PartitionInterval retention;
        private boolean retentionKeepTable = true;
        private boolean infiniteTimePartitions = true;
        private @Nullable LocalDateTime startPartition;
        private TableSpec.Method method = TableSpec.Method.OFFLINE;
        private int maxPartitions = 500;
        private Duration lockTimeout = Duration.ofMillis(500);
        private int workers = 2;
        private Duration batchTarget = Duration.ofSeconds(1);
        private long maxRowsPerSecond;
        private @Nullable Duration maxReplicaLag;
        private @Nullable SwapWindow swapWindow;
        private boolean dropRetired;
        private long moveRows = 100_000;
        private TableSpec.Drift drift = TableSpec.Drift.FIX;

        private SpecBuilder(QualifiedName table, Identifier controlColumn) {
            this.table = table;
            this.controlColumn = controlColumn;
        }

        public SpecBuilder interval(String text) {
            interval = PartitionInterval.parse(text);
            return this;
        }

        public SpecBuilder premake(int partitions) {
            premake = partitions;
            return this;
        }

        public SpecBuilder retention(@Nullable String text) {
            retention = text == null ? null : PartitionInterval.parse(text);
            return this;
        }

        public SpecBuilder retentionKeepTable(boolean keep) {
            retentionKeepTable = keep;
            return this;
        }

        public SpecBuilder infiniteTimePartitions(boolean infinite) {
            infiniteTimePartitions = infinite;
            return this;
        }

        public SpecBuilder startPartition(@Nullable LocalDateTime start) {
            startPartition = start;
            return this;
        }

        public SpecBuilder method(TableSpec.Method way) {
            method = way;
            return this;
        }

        public SpecBuilder maxPartitions(int most) {
            maxPartitions = most;
            return this;
        }

        public SpecBuilder lockTimeout(Duration timeout) {
            lockTimeout = timeout;
            return this;
        }

        public SpecBuilder workers(int connections) {
            workers = connections;
            return this;
        }

        public SpecBuilder batchTarget(Duration length) {
            batchTarget = length;
            return this;
        }

        public SpecBuilder maxRowsPerSecond(long most) {
            maxRowsPerSecond = most;
            return this;
        }

        public SpecBuilder maxReplicaLag(@Nullable Duration most) {
            maxReplicaLag = most;
            return this;
        }

        public SpecBuilder swapWindow(@Nullable SwapWindow window) {
            swapWindow = window;
            return this;
        }

        public SpecBuilder dropRetired(boolean drop) {
            dropRetired = drop;
            return this;
        }

        public SpecBuilder moveRows(long most) {
            moveRows = most;
            return this;
        }

        public SpecBuilder drift(TableSpec.Drift newDrift) {
            drift = newDrift;
            return this;
        }

        public TableSpec build() {
            return new TableSpec(
                    "table",
                    table,
                    controlColumn,
                    interval,
                    premake,
                    retention,
                    retentionKeepTable,
                    infiniteTimePartitions,
                    startPartition,
                    new TableSpec.Conversion(
                            method,
                            maxPartitions,
                            lockTimeout,
                            workers,
                            batchTarget,
                            maxRowsPerSecond,
                            maxReplicaLag,
                            swapWindow,
                            dropRetired),
                    moveRows,
                    drift);
        }
    }
}
