package partman.sidecar.testing;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;

/**
 * The tables that break naive code. Each method makes one in a database; all but Lago's hold {@link #ROWS} rows, spread
 * evenly from three months ago until now.
 */
public final class TableShapes {

    /** A table that was made, and the column it is (to be) partitioned by. */
    public record Shape(QualifiedName table, Identifier controlColumn) {

        static Shape of(String schema, String table, String controlColumn) {
            return new Shape(QualifiedName.of(schema, table), new Identifier(controlColumn));
        }
    }

    /** What a table holds, whatever the order of its rows and the partition that each lies in. */
    public record Content(long rows, String checksum) {}

    /** Rows in every shape but Lago's. */
    public static final int ROWS = 300;

    private static final Shape EVENTS = Shape.of("public", "events", "at");

    /** For the column list of a statement that fills a table: {@link #ROWS} values of {@code i} and {@code at}. */
    private static final String SPREAD = """
            FROM (SELECT i,
                         now() AT TIME ZONE 'UTC' - interval '3 months' * (1 - i / %1$d.0) AS at
                  FROM generate_series(1, %1$d) AS i) AS spread
            """.formatted(ROWS);

    private TableShapes() {}

    // Lago's enriched_events, in the three states that it is met in

    private static final Shape LAGO = Shape.of("public", "enriched_events", "timestamp");

    /** From Lago's {@code db/structure.sql}: the table has no primary key. */
    private static final String LAGO_COLUMNS = """
            CREATE TABLE public.enriched_events (
                id uuid DEFAULT gen_random_uuid() NOT NULL,
                organization_id uuid NOT NULL,
                event_id uuid NOT NULL,
                transaction_id character varying NOT NULL,
                external_subscription_id character varying NOT NULL,
                code character varying NOT NULL,
                "timestamp" timestamp(6) without time zone NOT NULL,
                subscription_id uuid NOT NULL,
                plan_id uuid NOT NULL,
                charge_id uuid NOT NULL,
                charge_filter_id uuid,
                grouped_by jsonb DEFAULT '{}'::jsonb NOT NULL,
                value character varying,
                decimal_value numeric(40,15) DEFAULT 0.0 NOT NULL,
                enriched_at timestamp(6) without time zone NOT NULL,
                operation_type character varying,
                precise_total_amount_cents numeric(40,15),
                target_wallet_code character varying
            )
            """;

    private static final String LAGO_PARTITION_KEY = "PARTITION BY RANGE (\"timestamp\")";

    private static final String LAGO_INDEXES = """
            CREATE INDEX idx_billing_on_enriched_events
                ON public.enriched_events (organization_id, subscription_id, charge_id, charge_filter_id, "timestamp");
            CREATE INDEX idx_lookup_on_enriched_events
                ON public.enriched_events (organization_id, external_subscription_id, code, "timestamp");
            CREATE UNIQUE INDEX idx_unique_on_enriched_events
                ON public.enriched_events (organization_id, external_subscription_id, transaction_id, "timestamp", charge_id);
            CREATE INDEX index_enriched_events_on_event_id
                ON public.enriched_events (event_id);
            """;

    /** As Lago migrates it where pg_partman is not there: an ordinary table, empty. */
    public static Shape lagoPlain(TestDatabase database) {
        database.execute(LAGO_COLUMNS, LAGO_INDEXES);
        return LAGO;
    }

    /**
     * As a fresh install loads it from the dumped schema, empty: pg_partman is there (this installs it), the table is
     * partitioned, but has a default partition alone, and no row in {@code part_config}. The template table of the machine
     * that the schema was dumped on is there too, with the columns of that day.
     */
    public static Shape lagoUnregistered(TestDatabase database) {
        database.installPartman();
        database.execute(
                LAGO_COLUMNS + LAGO_PARTITION_KEY,
                "CREATE TABLE public.enriched_events_default PARTITION OF public.enriched_events DEFAULT",
                LAGO_INDEXES,
                """
                CREATE TABLE partman.template_public_enriched_events (LIKE public.enriched_events);
                ALTER TABLE partman.template_public_enriched_events
                    DROP COLUMN operation_type,
                    DROP COLUMN precise_total_amount_cents,
                    DROP COLUMN target_wallet_code,
                    ADD COLUMN properties jsonb NOT NULL;
                """);
        return LAGO;
    }

    /**
     * As Lago's own migration and its page on partitioning mean to leave it, maintenance included; empty. Installs
     * pg_partman. The page also makes a default partition by hand, with which {@code create_parent} fails.
     */
    public static Shape lagoRegistered(TestDatabase database) {
        database.installPartman();
        database.execute(LAGO_COLUMNS + LAGO_PARTITION_KEY, LAGO_INDEXES);
        database.execute("""
                SELECT partman.create_parent(
                    p_parent_table := 'public.enriched_events',
                    p_control := 'timestamp',
                    p_interval := '1 month',
                    p_type := 'range',
                    p_premake := 3,
                    p_start_partition := '2024-12-01')
                """, """
                UPDATE partman.part_config
                SET infinite_time_partitions = true,
                    retention = '14 months',
                    retention_keep_table = true
                WHERE parent_table = 'public.enriched_events'
                """, "CALL partman.run_maintenance_proc()");
        return LAGO;
    }

    /**
     * Adds rows to Lago's table, the same ones for the same arguments on the same day: spread evenly from the first of the
     * month, {@code fromMonthsAgo} months ago, until today.
     */
    public static void loadLagoRows(TestDatabase database, int rows, int fromMonthsAgo) {
        database.execute("""
                INSERT INTO public.enriched_events
                SELECT md5('id' || i)::uuid,
                       md5('organization' || i %% 3)::uuid,
                       md5('event' || i)::uuid,
                       'transaction ' || i,
                       'subscription ' || i %% 100,
                       'code ' || i %% 10,
                       first + (last - first) * ((i - 1) / %1$d.0),
                       md5('subscription' || i %% 100)::uuid,
                       md5('plan' || i %% 5)::uuid,
                       md5('charge' || i %% 7)::uuid,
                       CASE WHEN i %% 4 = 0 THEN md5('filter' || i %% 11)::uuid END,
                       CASE WHEN i %% 5 = 0 THEN jsonb_build_object('region?', 'ü ' || i %% 9) ELSE '{}' END,
                       CASE WHEN i %% 6 > 0 THEN (i / 8.0)::text END,
                       i / 8.0,
                       first + (last - first) * ((i - 1) / %1$d.0) + interval '2 seconds',
                       CASE WHEN i %% 3 = 0 THEN 'add' END,
                       CASE WHEN i %% 7 = 0 THEN i / 1000.0 END,
                       CASE WHEN i %% 50 = 0 THEN 'wallet ' || i %% 2 END
                FROM generate_series(1, %1$d) AS i,
                     (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - interval '%2$d months' AS first,
                             date_trunc('day', now() AT TIME ZONE 'UTC') AS last) AS range
                """.formatted(rows, fromMonthsAgo));
    }

    // One that has everything

    /**
     * A table that has every property that a conversion could lose, owned by role {@code owner}; roles {@code reader} and
     * {@code writer} have rights on it. The triggers write to {@code app.audit}.
     */
    public static Shape everything(TestDatabase database) {
        database.createRole("owner");
        database.createRole("reader");
        database.createRole("writer");
        database.execute("CREATE SCHEMA app AUTHORIZATION owner", "GRANT USAGE ON SCHEMA app TO reader, writer");
        try (Client owner = database.client("owner")) {
            owner.execute("SET search_path = app");
            owner.execute(
                    EVERYTHING_AROUND, EVERYTHING_TABLE, EVERYTHING_INDEXES, EVERYTHING_ROWS, EVERYTHING_SEQUENCES);
            owner.execute(EVERYTHING_TRIGGERS, EVERYTHING_RIGHTS, EVERYTHING_VIEWS, EVERYTHING_COMMENTS);
        }
        // publications belong to whoever may create them in the database
        database.execute(
                "CREATE PUBLICATION everything FOR TABLE app.everything WITH (publish_via_partition_root = true)",
                "CREATE PUBLICATION large_amounts FOR TABLE app.everything WHERE (amount > 100)"
                        + " WITH (publish = 'insert', publish_via_partition_root = true)",
                "ANALYZE app.everything");
        return Shape.of("app", "everything", "created_at");
    }

    private static final String EVERYTHING_AROUND = """
            CREATE TYPE mood AS ENUM ('calm', 'hasty');
            CREATE DOMAIN percentage AS integer CHECK (VALUE BETWEEN 0 AND 100);
            CREATE TABLE audit (trigger_name text, operation text);
            CREATE TABLE customers (id bigint PRIMARY KEY);
            INSERT INTO customers SELECT generate_series(1, 10);
            CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = app AS $$
                BEGIN
                    INSERT INTO audit VALUES (TG_NAME, TG_OP);
                    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
                END $$;
            CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    NEW.touched := NEW.touched + 1;
                    RETURN NEW;
                END $$;
            """;

    private static final String EVERYTHING_TABLE = """
            CREATE TABLE everything (
                id bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000 INCREMENT BY 5),
                dropped text DEFAULT 'gone',
                created_at timestamp with time zone NOT NULL DEFAULT now(),
                customer_id bigint,
                serial_number serial,
                amount numeric(12, 2) NOT NULL DEFAULT 0 CONSTRAINT amount_is_positive CHECK (amount >= 0),
                with_tax numeric(14, 4) GENERATED ALWAYS AS (amount * 1.19) STORED,
                note text COLLATE "C" DEFAULT 'it''s {not} :a ? "gap" \\ $1',
                payload text,
                mood mood NOT NULL DEFAULT 'calm',
                tags varchar(20)[] DEFAULT '{}',
                done percentage,
                touched integer NOT NULL DEFAULT 0,
                CONSTRAINT everything_pkey PRIMARY KEY (id, created_at),
                CONSTRAINT number_once_per_moment UNIQUE (serial_number, created_at),
                CONSTRAINT note_is_tidy CHECK (note !~ '[?]{2}|''{3}' AND (done IS NULL OR amount > 0)),
                CONSTRAINT customer_exists FOREIGN KEY (customer_id) REFERENCES customers (id)
                    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
            ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_threshold = 500,
                    toast_tuple_target = 1024, toast.autovacuum_vacuum_scale_factor = 0.05);
            ALTER TABLE everything DROP COLUMN dropped;
            ALTER TABLE everything ALTER COLUMN customer_id SET STATISTICS 1000;
            ALTER TABLE everything ALTER COLUMN customer_id SET (n_distinct = -0.25);
            ALTER TABLE everything ALTER COLUMN payload SET STORAGE EXTERNAL;
            ALTER TABLE everything ALTER COLUMN note SET COMPRESSION pglz;
            ALTER TABLE everything REPLICA IDENTITY FULL;
            """;

    private static final String EVERYTHING_INDEXES = """
            CREATE INDEX everything_lower_note ON everything (lower(note) DESC NULLS LAST);
            ALTER INDEX everything_lower_note ALTER COLUMN 1 SET STATISTICS 500;
            CREATE INDEX everything_unfinished ON everything (customer_id) INCLUDE (amount) WITH (fillfactor = 70)
                WHERE done IS NULL OR done < 100;
            CREATE INDEX everything_tags ON everything USING gin (tags);
            CREATE INDEX everything_created_at ON everything USING brin (created_at);
            CREATE STATISTICS everything_statistics (ndistinct, dependencies) ON customer_id, mood FROM everything;
            ALTER STATISTICS everything_statistics SET STATISTICS 300;
            """;

    private static final String EVERYTHING_ROWS = """
            INSERT INTO everything (created_at, customer_id, amount, note, payload, mood, tags, done)
            SELECT at AT TIME ZONE 'UTC',
                   CASE WHEN i % 10 > 0 THEN i % 10 END,
                   i,
                   'note ' || i,
                   CASE WHEN i % 50 = 0 THEN repeat('toasted ', 1000) END,
                   CASE WHEN i % 2 = 0 THEN 'calm' ELSE 'hasty' END::mood,
                   ARRAY['tag ' || i % 4],
                   CASE WHEN i % 3 = 0 THEN i % 100 END
            """ + SPREAD;

    private static final String EVERYTHING_SEQUENCES = """
            ALTER TABLE everything ALTER COLUMN id RESTART WITH 5000;
            SELECT setval('everything_serial_number_seq', 41000);
            """;

    private static final String EVERYTHING_TRIGGERS = """
            CREATE TRIGGER before_row BEFORE INSERT OR UPDATE ON everything FOR EACH ROW EXECUTE FUNCTION touch();
            CREATE TRIGGER after_row AFTER INSERT OR UPDATE OR DELETE ON everything FOR EACH ROW EXECUTE FUNCTION audit();
            CREATE TRIGGER after_row_with_condition AFTER UPDATE OF amount ON everything FOR EACH ROW
                WHEN (OLD.amount < NEW.amount) EXECUTE FUNCTION audit('an argument', 'it''s {another}');
            CREATE TRIGGER after_row_disabled AFTER INSERT ON everything FOR EACH ROW EXECUTE FUNCTION audit();
            ALTER TABLE everything DISABLE TRIGGER after_row_disabled;
            CREATE TRIGGER after_row_always AFTER INSERT ON everything FOR EACH ROW EXECUTE FUNCTION audit();
            ALTER TABLE everything ENABLE ALWAYS TRIGGER after_row_always;
            CREATE TRIGGER after_row_on_replica AFTER INSERT ON everything FOR EACH ROW EXECUTE FUNCTION audit();
            ALTER TABLE everything ENABLE REPLICA TRIGGER after_row_on_replica;
            CREATE TRIGGER after_statement AFTER INSERT OR TRUNCATE ON everything FOR EACH STATEMENT
                EXECUTE FUNCTION audit();
            """;

    private static final String EVERYTHING_RIGHTS = """
            GRANT SELECT, INSERT ON everything TO writer;
            GRANT UPDATE, DELETE ON everything TO writer WITH GRANT OPTION;
            GRANT SELECT (id, created_at, note) ON everything TO reader;
            GRANT UPDATE (note) ON everything TO reader WITH GRANT OPTION;
            GRANT SELECT (id) ON everything TO PUBLIC;
            GRANT REFERENCES ON everything TO PUBLIC;
            REVOKE TRUNCATE ON everything FROM owner;
            GRANT USAGE ON SEQUENCE everything_serial_number_seq TO writer;
            ALTER TABLE everything ENABLE ROW LEVEL SECURITY;
            ALTER TABLE everything FORCE ROW LEVEL SECURITY;
            CREATE POLICY writers_see_all ON everything TO writer USING (true) WITH CHECK (amount < 1000000);
            CREATE POLICY nobody_sees_large ON everything AS RESTRICTIVE FOR SELECT TO PUBLIC USING (amount < 100000);
            """;

    private static final String EVERYTHING_VIEWS = """
            CREATE VIEW careful WITH (security_barrier = true) AS
                SELECT id, created_at, amount FROM everything WHERE done IS NULL;
            GRANT SELECT ON careful TO reader WITH GRANT OPTION;
            COMMENT ON VIEW careful IS 'a view''s comment';
            COMMENT ON COLUMN careful.amount IS 'a comment on a column of a view';
            CREATE VIEW upon_careful AS
                SELECT date_trunc('month', created_at) AS month, sum(amount) AS amount FROM careful GROUP BY 1;
            GRANT SELECT ON upon_careful TO PUBLIC;
            """;

    private static final String EVERYTHING_COMMENTS = """
            COMMENT ON TABLE everything IS 'a table''s comment with {braces}';
            COMMENT ON COLUMN everything.note IS 'a column''s comment';
            COMMENT ON INDEX everything_lower_note IS 'an index''s comment';
            COMMENT ON INDEX everything_pkey IS 'a comment on the index of a constraint';
            COMMENT ON CONSTRAINT everything_pkey ON everything IS 'a key''s comment';
            COMMENT ON CONSTRAINT note_is_tidy ON everything IS 'a check''s comment';
            COMMENT ON CONSTRAINT customer_exists ON everything IS 'a foreign key''s comment';
            COMMENT ON TRIGGER after_row ON everything IS 'a trigger''s comment';
            COMMENT ON POLICY writers_see_all ON everything IS 'a policy''s comment';
            COMMENT ON STATISTICS everything_statistics IS 'a comment on statistics';
            """;

    // Keys and names

    /** {@code public.events} with a control column {@code at} of this type. */
    public static Shape controlledBy(TestDatabase database, String type) {
        boolean number = List.of("integer", "bigint").contains(type);
        database.execute(
                "CREATE TABLE public.events (id bigint, at %s NOT NULL, note text, PRIMARY KEY (id, at))"
                        .formatted(type),
                "INSERT INTO public.events SELECT i, %s, 'note ' || i %s"
                        .formatted(number ? "extract(epoch FROM at)::" + type : "at AT TIME ZONE 'UTC'", SPREAD));
        return EVENTS;
    }

    /** Its key has three columns of three types, not in the table's order, and the control column is not the last one. */
    public static Shape compositeKey(TestDatabase database) {
        database.execute("""
                CREATE TABLE public.events (
                    note text,
                    number numeric NOT NULL,
                    at timestamp NOT NULL,
                    tenant varchar(40) NOT NULL,
                    PRIMARY KEY (tenant, at, number)
                )
                """, "INSERT INTO public.events SELECT 'note', i / 4.0, at, 'tenant ' || i % 3 " + SPREAD);
        return EVENTS;
    }

    /** No unique index at all. */
    public static Shape withoutKey(TestDatabase database) {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL)",
                "INSERT INTO public.events SELECT i / 2, at " + SPREAD);
        return EVENTS;
    }

    /** Schema, table, columns, index and key have upper case, spaces, quotes, umlauts and key words in their names. */
    public static Shape quotedNames(TestDatabase database) {
        Shape shape = Shape.of("My \"Schema\"", "Täble \"of\" Ünits", "Zeit Pünkt");
        database.execute(
                "CREATE SCHEMA " + shape.table().schema().sql(),
                """
                CREATE TABLE %1$s (
                    "select" bigint NOT NULL,
                    "Zeit Pünkt" timestamp with time zone NOT NULL,
                    "it's {a} :note ?" text,
                    CONSTRAINT "Kéy" PRIMARY KEY ("select", "Zeit Pünkt")
                );
                CREATE INDEX "Índex ""of"" it" ON %1$s ("it's {a} :note ?");
                INSERT INTO %1$s SELECT i, at AT TIME ZONE 'UTC', 'note ' || i
                """.formatted(shape.table().sql()) + SPREAD);
        return shape;
    }

    /** Table, columns, index and key have names of 63 bytes, the longest there are; one ends within two-byte characters. */
    public static Shape longNames(TestDatabase database) {
        String table = "events_" + "t".repeat(56);
        String control = "at_" + "c".repeat(60);
        String note = "n" + "ö".repeat(31);
        database.execute(
                """
                CREATE TABLE public.%1$s (
                    id bigint NOT NULL,
                    %2$s timestamp NOT NULL,
                    %3$s text,
                    CONSTRAINT %4$s PRIMARY KEY (id, %2$s)
                );
                CREATE INDEX %5$s ON public.%1$s (%3$s);
                INSERT INTO public.%1$s SELECT i, at, 'note ' || i
                """.formatted(table, control, note, "key_" + "k".repeat(59), "index_" + "i".repeat(57)) + SPREAD);
        return Shape.of("public", table, control);
    }

    // What a conversion must refuse

    /** Another table, {@code public.details}, refers to it. */
    public static Shape inboundForeignKey(TestDatabase database) {
        controlledBy(database, "timestamp");
        database.execute("""
                CREATE TABLE public.details (
                    event_id bigint,
                    event_at timestamp,
                    CONSTRAINT event_exists FOREIGN KEY (event_id, event_at) REFERENCES public.events (id, at)
                )
                """, "INSERT INTO public.details SELECT id, at FROM public.events WHERE id < 10");
        return EVENTS;
    }

    /** Partitioned already, by another method. */
    public static Shape partitionedByHash(TestDatabase database) {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL) PARTITION BY HASH (id)",
                "CREATE TABLE public.events_0 PARTITION OF public.events FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
                "CREATE TABLE public.events_1 PARTITION OF public.events FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
                "INSERT INTO public.events SELECT i, at " + SPREAD);
        return EVENTS;
    }

    /** Partitioned already, by another method and another column. */
    public static Shape partitionedByList(TestDatabase database) {
        database.execute(
                "CREATE TABLE public.events (id bigint, at timestamp NOT NULL, kind text) PARTITION BY LIST (kind)",
                "CREATE TABLE public.events_a PARTITION OF public.events FOR VALUES IN ('a')",
                "CREATE TABLE public.events_default PARTITION OF public.events DEFAULT",
                "INSERT INTO public.events SELECT i, at, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END " + SPREAD);
        return EVENTS;
    }

    /** Inherits its columns from {@code public.things}, as tables did before there were partitions. */
    public static Shape inheritanceChild(TestDatabase database) {
        database.execute(
                "CREATE TABLE public.things (id bigint NOT NULL, at timestamp NOT NULL)",
                "CREATE TABLE public.events (PRIMARY KEY (id, at)) INHERITS (public.things)",
                "INSERT INTO public.events SELECT i, at " + SPREAD);
        return EVENTS;
    }

    /** {@code public.special_events} inherits from it. */
    public static Shape inheritanceParent(TestDatabase database) {
        controlledBy(database, "timestamp");
        database.execute("CREATE TABLE public.special_events () INHERITS (public.events)");
        return EVENTS;
    }

    /** A rule rewrites deletes. */
    public static Shape withRule(TestDatabase database) {
        controlledBy(database, "timestamp");
        database.execute("CREATE RULE keep AS ON DELETE TO public.events DO INSTEAD NOTHING");
        return EVENTS;
    }

    /** A view of that name, on {@code public.real_events}. */
    public static Shape view(TestDatabase database) {
        controlledBy(database, "timestamp");
        database.execute(
                "ALTER TABLE public.events RENAME TO real_events",
                "CREATE VIEW public.events AS SELECT * FROM public.real_events");
        return EVENTS;
    }

    /** A materialized view, {@code public.events_by_day}, is made from it. */
    public static Shape underMaterializedView(TestDatabase database) {
        controlledBy(database, "timestamp");
        database.execute("""
                CREATE MATERIALIZED VIEW public.events_by_day AS
                    SELECT date_trunc('day', at) AS day, count(*) AS events FROM public.events GROUP BY 1
                """);
        return EVENTS;
    }

    /** What the table holds now, to compare with what it holds later. */
    public static Content content(TestDatabase database, QualifiedName table) {
        List<@Nullable Object> row = database.query("""
                SELECT count(*), COALESCE(sum(hashtextextended(t::text, 0)::numeric), 0)::text
                FROM %s AS t
                """.formatted(table.sql())).getFirst();
        return new Content((Long) Objects.requireNonNull(row.get(0)), (String) Objects.requireNonNull(row.get(1)));
    }
}
