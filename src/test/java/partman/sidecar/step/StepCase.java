package partman.sidecar.step;

import java.time.Duration;
import java.time.LocalDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.plan.Plan;
import partman.sidecar.postgres.Session;
import partman.sidecar.reconcile.Parts;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.Template;
import partman.sidecar.testing.TestDatabase;

/**
 * At least one for each step: how to get where it has something to do, how to see that it was done, and what keeps it from
 * being done.
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
    UPDATE_EXTENSION(
            "ALTER EXTENSION pg_partman UPDATE",
            "SELECT e.extversion = a.default_version FROM pg_extension AS e JOIN pg_available_extensions AS a ON a.name = e.extname WHERE e.extname = 'pg_partman'") {
        @Override
        Step prepare(TestDatabase database) {
            database.installPartman();
            database.pretendOlderPartman();
            return new UpdateExtension("the newest");
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
    LOCK_TABLE_AGAINST_SCHEMA_CHANGES("LOCK TABLE public.events IN SHARE UPDATE EXCLUSIVE MODE", "SELECT true") {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, LockTable.class);
        }
    },
    BEGIN_CONVERSION("CREATE SCHEMA partman_sidecar", """
            SELECT count(*) = 1 FROM partman_sidecar.conversion
            WHERE id = 'public.events'::regclass AND phase = 'journal' AND epoch > 0 AND key_columns = '{id,at}' AND row_count = 300
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, BeginConversion.class);
        }
    },
    TAKE_OVER_CONVERSION(
            "SELECT FROM partman_sidecar.conversion FOR SHARE", "SELECT epoch > 0 FROM partman_sidecar.conversion") {
        @Override
        Step prepare(TestDatabase database) {
            TakeOverConversion takeOver = new TakeOverConversion(EVENTS, begunConversion(database));
            database.execute("UPDATE partman_sidecar.conversion SET epoch = 0");
            return takeOver;
        }
    },
    HOLD_CONVERSION("SELECT FROM partman_sidecar.conversion FOR UPDATE", "SELECT true") {
        @Override
        Step prepare(TestDatabase database) {
            TakeOverConversion takeOver = new TakeOverConversion(EVENTS, begunConversion(database));
            return new HoldConversion(EVENTS, takeOver.conversion(), takeOver.takeOver(database.session()));
        }
    },
    CREATE_JOURNAL("DELETE FROM public.events WHERE id = 1", """
            SELECT count(*) = 1 AND to_regclass('{journal}') IS NOT NULL
                AND (SELECT phase = 'backfill' AND block_count > 0 FROM partman_sidecar.conversion)
            FROM pg_trigger WHERE tgrelid = 'public.events'::regclass AND tgenabled = 'A'
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, CreateJournal.class);
        }
    },
    COPY_BLOCKS("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE", """
            SELECT count(*) = 300 AND count(DISTINCT id) = 300
                AND (SELECT count(*) = 1 AND min(from_block) = 0 AND min(to_block) > 0 FROM partman_sidecar.batch)
            FROM partman_work_public.events
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, CopyBlocks.class);
        }
    },
    ENTER_PHASE(
            "SELECT FROM partman_sidecar.conversion FOR SHARE",
            "SELECT phase = 'keys_once' FROM partman_sidecar.conversion") {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, EnterPhase.class);
        }
    },
    DELETE_CHANGED_ROWS(
            "LOCK TABLE partman_work_public.events IN ACCESS EXCLUSIVE MODE",
            "SELECT count(*) = 280 AND min(id) = 11 AND max(id) = 290 FROM partman_work_public.events") {
        @Override
        Step prepare(TestDatabase database) {
            Step step = onlineStep(database, DeleteChangedRows.class);
            database.execute(CHANGES);
            return step;
        }
    },
    BUILD_INDEXES_OF_PARTITION("SELECT FROM partman_work_public.events", """
            SELECT count(*) = 1 FROM pg_constraint
            WHERE contype = 'p' AND conrelid IN (SELECT relid FROM pg_partition_tree('partman_work_public.events') WHERE isleaf)
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, BuildIndexes.class);
        }
    },
    BUILD_INDEXES_THAT_ADOPT_THOSE_OF_PARTITIONS("LOCK TABLE partman_work_public.events IN ROW EXCLUSIVE MODE", """
            SELECT count(*) = 1 AND (SELECT count(*) FROM pg_inherits WHERE inhparent = min(k.conindid::bigint)::oid)
                = (SELECT count(*) FROM pg_inherits WHERE inhparent = 'partman_work_public.events'::regclass)
            FROM pg_constraint AS k WHERE contype = 'p' AND conrelid = 'partman_work_public.events'::regclass
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(
                    database,
                    step -> step instanceof BuildIndexes(var _, var ddl)
                            && ddl.getFirst()
                                    .sql()
                                    .startsWith("ALTER TABLE partman_work_public.events ADD CONSTRAINT "));
        }
    },
    ANALYZE(
            "LOCK TABLE partman_work_public.events IN SHARE UPDATE EXCLUSIVE MODE",
            "SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'partman_work_public' AND tablename = 'events'") {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, Analyze.class);
        }
    },
    APPLY_JOURNAL("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE", """
            SELECT count(*) = 291 AND (SELECT count(*) = 0 FROM {journal}) AND NOT EXISTS (
                TABLE public.events EXCEPT TABLE partman_work_public.events)
            FROM partman_work_public.events
            """) {
        @Override
        Step prepare(TestDatabase database) {
            Step step = onlineStep(database, ApplyJournal.class);
            database.execute(CHANGES);
            return step;
        }
    },
    VERIFY_SUCCESSOR("LOCK TABLE public.events IN ACCESS EXCLUSIVE MODE", "SELECT true") {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, VerifySuccessor.class);
        }
    },
    STOP_CONVERSION(
            "SELECT FROM partman_sidecar.conversion FOR SHARE",
            "SELECT failure IS NOT DISTINCT FROM 'the copy differs' FROM partman_sidecar.conversion") {
        @Override
        Step prepare(TestDatabase database) {
            return new StopConversion(EVENTS, begunConversion(database), "the copy differs");
        }
    },
    DROP_JOURNAL("SELECT FROM public.events", """
            SELECT to_regclass('{journal}') IS NULL AND to_regclass('partman_sidecar.conversion') IS NOT NULL
                AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'public.events'::regclass)
                AND NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'partman_sidecar'::regnamespace)
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, DropJournal.class);
        }
    },
    DROP_SUCCESSOR("SELECT FROM partman_work_public.events", """
            SELECT count(*) = 0 AND (SELECT count(*) = 0 FROM partman.part_config)
                AND to_regclass('partman.template_public_events') IS NULL
            FROM pg_class WHERE relnamespace = 'partman_work_public'::regnamespace
            """) {
        @Override
        Step prepare(TestDatabase database) {
            begunConversion(database);
            return new DropSuccessor(EVENTS, PARTMAN);
        }
    },
    END_CONVERSION(
            "SELECT FROM partman_sidecar.conversion",
            "SELECT count(*) = 0 FROM pg_namespace WHERE nspname IN ('partman_sidecar', 'partman_work_public')") {
        @Override
        Step prepare(TestDatabase database) {
            return onlineStep(database, EndConversion.class);
        }
    },
    ADD_FOREIGN_KEYS_TO_PARTITIONS("LOCK TABLE public.kinds IN ROW EXCLUSIVE MODE", """
            SELECT count(*) > 3 AND NOT bool_or(convalidated) FROM pg_constraint
            WHERE contype = 'f' AND conrelid IN (SELECT relid FROM pg_partition_tree('public.events') WHERE isleaf)
            """) {
        @Override
        Step prepare(TestDatabase database) {
            plainWithForeignKey(database);
            return onlineStepFromHere(database, AddForeignKeys.class::isInstance);
        }
    },
    VALIDATE_FOREIGN_KEYS("LOCK TABLE public.kinds IN EXCLUSIVE MODE", """
            SELECT count(*) = 1 FROM pg_constraint
            WHERE contype = 'f' AND convalidated AND conrelid IN (SELECT relid FROM pg_partition_tree('public.events') WHERE isleaf)
            """) {
        @Override
        Step prepare(TestDatabase database) {
            plainWithForeignKey(database);
            return onlineStepFromHere(database, step -> foreignKeyDdl(step).contains(" VALIDATE "));
        }
    },
    ADD_FOREIGN_KEYS_THAT_ADOPT_THOSE_OF_PARTITIONS("LOCK TABLE public.kinds IN ROW EXCLUSIVE MODE", """
            SELECT count(*) = 1 FROM pg_constraint
            WHERE contype = 'f' AND convalidated AND conrelid = 'public.events'::regclass
            """) {
        @Override
        Step prepare(TestDatabase database) {
            plainWithForeignKey(database);
            return onlineStepFromHere(
                    database, step -> foreignKeyDdl(step).startsWith("ALTER TABLE public.events ADD "));
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
            loadDefault(database);
            database.execute("CREATE TABLE public.fired (name text)", """
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
    CHECK_BOUNDS("SELECT FROM partman_work_public.events_default", """
            SELECT count(*) = count(*) FILTER (WHERE EXISTS (
                SELECT FROM pg_constraint WHERE conrelid = inhrelid AND conname = 'partman_sidecar_bounds' AND convalidated))
            FROM pg_inherits WHERE inhparent = 'partman_work_public.events_default'::regclass
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return largeDefaultStep(database, CheckBounds.class);
        }
    },
    DROP_COVERED("SELECT FROM partman_work_public.events_default", """
            SELECT count(*) = 4 AND (SELECT sum(pg_relation_size(inhrelid)) > 0 FROM pg_inherits
                                     WHERE inhparent = 'partman_work_public.events_default'::regclass)
            FROM pg_inherits WHERE inhparent = 'partman_work_public.events_default'::regclass
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return largeDefaultStep(database, DropCovered.class);
        }
    },
    SWAP_DEFAULT("SELECT FROM public.events", """
            SELECT count(*) = 50 AND (SELECT count(*) = 0 FROM public.events_default)
                AND (SELECT count(*) = 50 FROM partman_retired_public.events_default)
                AND (SELECT count(*) = 0 FROM pg_inherits WHERE inhparent = 'partman_work_public.events_default'::regclass)
            FROM public.events
            """) {
        @Override
        Step prepare(TestDatabase database) {
            return largeDefaultStep(database, SwapDefault.class);
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
            return new UpdatePartConfig(spec, PARTMAN, true, List.of());
        }
    };

    static final QualifiedName EVENTS = QualifiedName.of("public", "events");
    static final QualifiedName DEFAULT = QualifiedName.of("public", "events_default");
    static final Identifier PARTMAN = new Identifier("partman");
    static final TableSpec SPEC = Parts.spec(EVENTS, "at").build();
    static final TableSpec ONLINE = Parts.spec(EVENTS, "at")
            .method(TableSpec.Method.ONLINE)
            .moveRows(10)
            .build();

    /** What an application does to rows that are copied already: 291 are left. */
    private static final String CHANGES = """
            UPDATE public.events SET at = at - interval '1 second' WHERE id <= 10;
            DELETE FROM public.events WHERE id > 290;
            INSERT INTO public.events VALUES (291, now() AT TIME ZONE 'UTC', 'new');
            """;

    private static final Map<StepCase, Template<Step>> PREPARED =
            Stream.of(values()).collect(Collectors.toMap(Function.identity(), one -> new Template<>(one::prepare)));

    private static final String UNDEFINED_TABLE = "42P01";

    private final String blocker;
    private final String effect;

    StepCase(String blocker, String effect) {
        this.blocker = blocker;
        this.effect = effect;
    }

    /** Brings an empty database to where the step has something to do. */
    abstract Step prepare(TestDatabase database);

    /** As {@link #prepare}, whatever the database held; the preparation is run once for all tests. */
    Step begin(TestDatabase database) {
        return Objects.requireNonNull(PREPARED.get(this)).copyTo(database);
    }

    /** What another client does in its open transaction, so that the step has to wait. */
    String blocker() {
        return blocker;
    }

    /** Whether the step's effect can be seen; what it makes need not exist before. */
    boolean isDone(TestDatabase database) {
        String journal = "partman_sidecar.journal_" + database.single("SELECT to_regclass('public.events')::oid");
        try {
            return Objects.equals(database.single(effect.replace("{journal}", journal)), true);
        } catch (Client.Refused e) {
            if (e.sqlState().equals(UNDEFINED_TABLE)) {
                return false;
            }
            throw e;
        }
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

    /** 50 rows of the months before. */
    private static void loadDefault(TestDatabase database) {
        database.execute(
                "INSERT INTO public.events SELECT i, '%s'::timestamp + i * interval '1 day', 'note' FROM generate_series(1, 50) AS i"
                        .formatted(month(-6)));
    }

    private static Step largeDefaultStep(TestDatabase database, Class<? extends Step> type) {
        registered(database);
        database.execute("ALTER TABLE public.events ADD PRIMARY KEY (id, at)");
        loadDefault(database);
        return onlineStepFromHere(database, type::isInstance);
    }

    private static PartitionSet set(TestDatabase database) {
        Observation observation = Parts.in(database).tables(SPEC).build().observe();
        return ((ObservedTable.Partitioned)
                        Objects.requireNonNull(observation.tables().get(EVENTS)))
                .set();
    }

    /** The step of a planned conversion; those before it were run. */
    private static Step conversionStep(TestDatabase database, Class<? extends Step> type) {
        plainWithForeignKey(database);
        Plan plan = Parts.in(database).tables(SPEC).build().plan(SPEC);
        try (Session session = database.session()) {
            for (Step step : ((Plan.Convert) plan).conversion().steps()) {
                if (type.isInstance(step)) {
                    return step;
                }
                run(session, step);
            }
        }
        throw new AssertionError("a conversion has no " + type);
    }

    private static void plain(TestDatabase database) {
        database.installPartman();
        TableShapes.controlledBy(database, "timestamp");
        database.execute("CREATE INDEX by_note ON public.events (note)");
    }

    private static void plainWithForeignKey(TestDatabase database) {
        plain(database);
        database.execute(
                "CREATE TABLE public.kinds (kind text PRIMARY KEY)",
                "INSERT INTO public.kinds SELECT DISTINCT note FROM public.events",
                "ALTER TABLE public.events ADD CONSTRAINT kind_exists FOREIGN KEY (note) REFERENCES public.kinds (kind)");
    }

    private static Step onlineStep(TestDatabase database, Class<? extends Step> type) {
        return onlineStep(database, type::isInstance);
    }

    private static Step onlineStep(TestDatabase database, Predicate<Step> wanted) {
        plain(database);
        return onlineStepFromHere(database, wanted);
    }

    /** The next such step of the planned online conversion; those before it were run, phase by phase. */
    private static Step onlineStepFromHere(TestDatabase database, Predicate<Step> wanted) {
        Parts parts = Parts.in(database).tables(ONLINE).build();
        try (Session session = database.session()) {
            while (parts.plan(ONLINE) instanceof Plan.Online online) {
                for (Transaction transaction : online.stages().getFirst().all()) {
                    for (Step step : transaction.steps()) {
                        if (wanted.test(step)) {
                            return step;
                        }
                        run(session, step);
                    }
                }
            }
        }
        throw new AssertionError("an online conversion has no such step");
    }

    /** An online conversion whose journal is about to begin; gives its number. */
    private static long begunConversion(TestDatabase database) {
        return ((CreateJournal) onlineStep(database, CreateJournal.class)).conversion();
    }

    private static String foreignKeyDdl(Step step) {
        return step instanceof AddForeignKeys foreignKeys
                ? foreignKeys.foreignKeyDdl().getFirst().sql()
                : "";
    }

    /** Runs a step in a transaction of its own, as the process does. */
    static void run(TestDatabase database, Step step) {
        try (Session session = database.session()) {
            run(session, step);
        }
    }

    static void run(Session session, Step step) {
        run(session, step, Duration.ofMillis(200));
    }

    static void run(Session session, Step step, Duration lockTimeout) {
        Transaction transaction = new Transaction(List.of(step), lockTimeout, step instanceof ApplyJournal);
        session.inTransaction(() -> {
            transaction.begin(session);
            step.run(session);
            return true;
        });
    }
}
