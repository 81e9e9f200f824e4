package partman.sidecar.step;

import java.time.Duration;
import java.time.LocalDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.postgres.Session;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/**
 * One for each step: how to get where it has something to do, how to see that it was done, and what keeps it from being
 * done.
 *
 * @see StepContractTest
 */
enum StepCase {
    CREATE_EXTENSION("CREATE SCHEMA partman", "SELECT count(*) = 1 FROM pg_extension WHERE extname = 'pg_partman'") {
        @Override
        Step prepare(TestDatabase database) {
            return new CreateExtension(PARTMAN);
        }
    },
    LOCK_TABLE("SELECT FROM public.events", "SELECT true") {
        @Override
        Step prepare(TestDatabase database) {
            return conversionStep(database, LockTable.class);
        }
    },
    CREATE_SHADOW(
            "LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE",
            "SELECT count(*) > 3 FROM pg_inherits WHERE inhparent = to_regclass('partman_work_public.events')") {
        @Override
        Step prepare(TestDatabase database) {
            return conversionStep(database, CreateShadow.class);
        }
    },
    COPY_ROWS(
            "LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE",
            "SELECT count(*) = 300 AND count(DISTINCT id) = 300 FROM partman_work_public.events") {
        @Override
        Step prepare(TestDatabase database) {
            return conversionStep(database, CopyRows.class);
        }
    },
    BUILD_INDEXES(
            "LOCK TABLE partman_work_public.events IN ROW EXCLUSIVE MODE",
            "SELECT count(*) = 1 FROM pg_constraint WHERE contype = 'p' AND conrelid = 'partman_work_public.events'::regclass") {
        @Override
        Step prepare(TestDatabase database) {
            return conversionStep(database, BuildIndexes.class);
        }
    },
    ADD_FOREIGN_KEYS(
            "LOCK TABLE public.kinds IN ROW EXCLUSIVE MODE",
            "SELECT count(*) = 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = 'partman_work_public.events'::regclass") {
        @Override
        Step prepare(TestDatabase database) {
            return conversionStep(database, AddForeignKeys.class);
        }
    },
    VERIFY_COPY("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE", "SELECT true") {
        @Override
        Step prepare(TestDatabase database) {
            return conversionStep(database, VerifyCopy.class);
        }
    },
    SWAP_TABLES("SELECT FROM public.events", """
            SELECT count(*) = 300 AND (SELECT relkind = 'p' FROM pg_class WHERE oid = 'public.events'::regclass)
                AND to_regclass('partman_retired_public.events') IS NOT NULL
                AND to_regclass('partman_work_public.events') IS NULL
            FROM public.events
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return conversionStep(database, SwapTables.class);
        }
    },
    DROP_RETIRED(
            "SELECT FROM partman_retired_public.events",
            "SELECT to_regclass('partman_retired_public.events') IS NULL") {
        @Override
        Step prepare(TestDatabase database) {
            database.execute(
                    "CREATE SCHEMA partman_retired_public", "CREATE TABLE partman_retired_public.events (id bigint)");
            return new DropRetired(EVENTS);
        }
    },
    CREATE_PARENT("SELECT FROM public.events", """
            SELECT count(*) = 1 AND (SELECT count(*) > 3 FROM pg_inherits WHERE inhparent = 'public.events'::regclass)
            FROM partman.part_config
            """) {
        @Override
        Step prepare(TestDatabase database) {
            database.installPartman();
            partitioned(database);
            return new CreateParent(SPEC, PARTMAN, month(-1), false);
        }
    },
    CREATE_PARTITIONS(
            "SELECT FROM public.events_default",
            "SELECT count(*) = 2 FROM pg_class WHERE relkind = 'r' AND relname IN ('" + child(-5) + "', '" + child(-6)
                    + "')") {
        @Override
        Step prepare(TestDatabase database) {
            registered(database);
            return new CreatePartitions(EVENTS, PARTMAN, DEFAULT, List.of(month(-6), month(-5)));
        }
    },
    MOVE_DEFAULT_ROWS("SELECT FROM public.events", """
            SELECT count(*) = 50 AND (SELECT count(*) = 0 FROM public.events_default)
                AND (SELECT count(*) = 0 FROM public.fired)
                AND (SELECT string_agg(tgenabled, '' ORDER BY tgname) = 'AODR' FROM pg_trigger
                     WHERE tgrelid = 'public.events'::regclass AND NOT tgisinternal)
            FROM public.events
            """) {
        @Override
        Step prepare(TestDatabase database) {
            registered(database);
            database.execute(
                    "INSERT INTO public.events SELECT i, '%s'::timestamp + i * interval '1 day', 'note' FROM generate_series(1, 50) AS i"
                            .formatted(month(-6)),
                    "CREATE TABLE public.fired (name text)",
                    """
                    CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN
                        INSERT INTO public.fired VALUES (TG_NAME);
                        RETURN NULL;
                    END $$
                    """);
            for (String trigger : List.of("a_always", "b_origin", "c_disabled", "d_replica")) {
                database.execute("CREATE TRIGGER " + trigger
                        + " AFTER INSERT OR DELETE ON public.events FOR EACH ROW EXECUTE FUNCTION public.fire()");
            }
            database.execute(
                    "ALTER TABLE public.events ENABLE ALWAYS TRIGGER a_always",
                    "ALTER TABLE public.events DISABLE TRIGGER c_disabled",
                    "ALTER TABLE public.events ENABLE REPLICA TRIGGER d_replica");
            return new MoveDefaultRows(
                    SPEC,
                    PARTMAN,
                    set(database),
                    DEFAULT,
                    null,
                    List.of(month(-6), month(-5), month(-4)),
                    month(-6),
                    month(4),
                    50);
        }
    },
    RENAME_CHILD("SELECT FROM public.old_name", "SELECT to_regclass('public.new_name') IS NOT NULL") {
        @Override
        Step prepare(TestDatabase database) {
            partitioned(database);
            database.execute("CREATE TABLE public.old_name PARTITION OF public.events FOR VALUES FROM ('%s') TO ('%s')"
                    .formatted(month(0), month(1)));
            return new RenameChild(QualifiedName.of("public", "old_name"), new Identifier("new_name"));
        }
    },
    RUN_MAINTENANCE(
            "LOCK TABLE public.events_default IN ACCESS SHARE MODE",
            "SELECT count(*) = 1 FROM pg_class WHERE relkind = 'r' AND relname = '" + child(3) + "'") {
        @Override
        Step prepare(TestDatabase database) {
            registered(database);
            database.execute("DROP TABLE public." + child(3));
            return new RunMaintenance(EVENTS, PARTMAN);
        }
    },
    UPDATE_PART_CONFIG(
            "SELECT FROM partman.part_config FOR UPDATE",
            "SELECT premake = 7 AND retention = '14 months' FROM partman.part_config") {
        @Override
        Step prepare(TestDatabase database) {
            registered(database);
            TableSpec spec =
                    Parts.spec(EVENTS, "at").premake(7).retention("14 months").build();
            return new UpdatePartConfig(spec, PARTMAN, List.of());
        }
    };

    static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    static final QualifiedName DEFAULT = QualifiedName.of("public", "events_default");
    static final Identifier PARTMAN = new Identifier("partman");
    static final TableSpec SPEC = Parts.spec(EVENTS, "at").build();

    private final String blocker;
    private final String effect;

    StepCase(String blocker, String effect) {
        this.blocker = blocker;
        this.effect = effect;
    }

    /** Brings an empty database to where the step has something to do. */
    abstract Step prepare(TestDatabase database);

    /** What another client does in its open transaction, so that the step has to wait. */
    String blocker() {
        return blocker;
    }

    boolean isDone(TestDatabase database) {
        return Objects.equals(database.single(effect), true);
    }

    /** The first of the current month and this many months on, in UTC. */
    private static LocalDateTime month(int monthsOn) {
        return YearMonth.now(ZoneOffset.UTC).plusMonths(monthsOn).atDay(1).atStartOfDay();
    }

    private static String child(int monthsOn) {
        return "events_p" + month(monthsOn).toLocalDate().toString().replace("-", "");
    }

    private static void partitioned(TestDatabase database) {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, note text) PARTITION BY RANGE (at)",
                "CREATE TABLE public.events_default PARTITION OF public.events DEFAULT");
    }

    /** A set with partitions from three months ago on. */
    private static void registered(TestDatabase database) {
        database.installPartman();
        partitioned(database);
        run(database, new CreateParent(SPEC, PARTMAN, month(-3), false));
    }

    private static PartitionSet set(TestDatabase database) {
        Observation observation = Parts.in(database).tables(SPEC).build().observe();
        return ((ObservedTable.Partitioned)
                        Objects.requireNonNull(observation.tables().get(EVENTS)))
                .set();
    }

    /** The step of a planned conversion; those before it were run. */
    private static Step conversionStep(TestDatabase database, Class<? extends Step> type) {
        database.installPartman();
        TableShapes.controlledBy(database, "timestamp");
        database.execute(
                "CREATE TABLE public.kinds (kind text PRIMARY KEY)",
                "INSERT INTO public.kinds SELECT DISTINCT note FROM public.events",
                "ALTER TABLE public.events ADD CONSTRAINT kind_exists FOREIGN KEY (note) REFERENCES public.kinds (kind)");
        Plan plan = Parts.in(database).tables(SPEC).build().plan(SPEC);
        for (Step step : ((Plan.Convert) plan).conversion().steps()) {
            if (type.isInstance(step)) {
                return step;
            }
            run(database, step);
        }
        throw new AssertionError("a conversion has no " + type);
    }

    /** Runs a step in a transaction of its own, as the process does. */
    static void run(TestDatabase database, Step step) {
        try (Session session = database.session()) {
            run(session, step);
        }
    }

    static void run(Session session, Step step) {
        Transaction transaction = Transaction.of(step, Duration.ofMillis(200));
        session.inTransaction(() -> {
            transaction.limitLocks(session);
            step.run(session);
            return true;
        });
    }
}
