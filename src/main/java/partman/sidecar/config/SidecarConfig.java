package partman.sidecar.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Map;
import java.util.Optional;

/**
 * Every setting of the sidecar, as text.
 *
 * <p>{@link Settings} checks and types it, so that all faults are told at once. Each key is also an environment variable:
 * {@code partman.observe.every} is {@code PARTMAN_OBSERVE_EVERY}.
 */
@ConfigMapping(prefix = "partman")
public interface SidecarConfig {

    /** What the process may do: {@code apply} changes the database, {@code plan} prints the SQL that it would run, {@code observe} only looks, and needs read rights alone. */
    @WithDefault("apply")
    String mode();

    /** The tables to look after, each under a key of your choice (lower-case letters, digits and hyphens). */
    Map<String, Table> tables();

    /** When pg_partman's maintenance runs. */
    Maintenance maintenance();

    /** The extension pg_partman itself. */
    Extension extension();

    /** How often the database is looked at. */
    Observe observe();

    /**
     * What becomes of a table's row in {@code part_config} that somebody has changed by hand: {@code fix} puts back what is
     * configured, {@code report} leaves it, and says what differs.
     */
    @WithDefault("fix")
    String drift();

    /** What becomes of rows in the default partition. */
    DefaultPartition defaultPartition();

    /** How a plain table becomes a partitioned one. */
    Conversion conversion();

    /** Longest wait for a lock that blocks the application, in whole milliseconds, from {@code 1ms} to {@code 60s}. */
    @WithDefault("500ms")
    String lockTimeout();

    /** One table that shall be partitioned by time. */
    interface Table {

        /** Whether the sidecar looks after the table; {@code false} leaves the table and its partitions as they are. */
        @WithDefault("true")
        String enabled();

        /**
         * The table as {@code schema.table}, in the case that PostgreSQL shows; without a schema it is in {@code public}. pg_partman
         * takes no name with a period or an apostrophe.
         */
        Optional<String> name();

        /** The control column: the {@code timestamp}, {@code timestamptz} or {@code date} column to partition by. */
        Optional<String> control();

        /** What one partition spans, for example {@code 1 month}, {@code 7 days} or {@code 6 hours}. */
        Optional<String> interval();

        /** How many partitions to hold ready after the present one, from 1 to 1000. */
        @WithDefault("4")
        String premake();

        /** Age from which a partition is detached, for example {@code 14 months}; {@code none}, or no value, keeps all. */
        Optional<String> retention();

        /** Whether a partition that the retention detaches stays as a table of its own; {@code false} drops it. */
        @WithDefault("true")
        String retentionKeepTable();

        /** Whether partitions are premade even when no new rows come. */
        @WithDefault("true")
        String infiniteTimePartitions();

        /**
         * Lower bound of the first partition, a date or a date with a time, in UTC; no value means the oldest one that is
         * useful, and so does {@code none}.
         */
        Optional<String> startPartition();
    }

    /** When pg_partman's maintenance runs. */
    interface Maintenance {

        /** When maintenance runs, as a five-field cron expression in UTC; pg_cron reads it in its {@code cron.timezone}. */
        @WithDefault("0 * * * *")
        String cron();

        /**
         * Who runs maintenance: {@code sidecar}; {@code pg-cron}, of which the sidecar then keeps one job; {@code bgw},
         * pg_partman's background worker; or {@code none} if something else does. The sidecar watches each of them.
         */
        @WithDefault("sidecar")
        String scheduler();

        /** The database that has pg_cron's jobs; no value means the one that the server names, else {@code postgres}. */
        Optional<String> cronDatabase();
    }

    /** The extension pg_partman itself. */
    interface Extension {

        /** Whether pg_partman is updated once the server offers a newer version of the same major one. */
        @WithDefault("false")
        String update();
    }

    /** How often the database is looked at. */
    interface Observe {

        /** Time between two looks at the database, from {@code 1s} to {@code 1h}. */
        @WithDefault("30s")
        String every();

        /** Rows of a default partition that are counted; a larger one shows this number. */
        @WithDefault("1000000")
        String defaultRowsCap();
    }

    /** What becomes of rows in the default partition. */
    interface DefaultPartition {

        /** Most rows that are moved out of a default partition under the set's lock, in one transaction; more are moved online, and with 0 all are. */
        @WithDefault("100000")
        String moveRows();
    }

    /** How a plain table becomes a partitioned one. */
    interface Conversion {

        /**
         * The way to convert: {@code online} copies while the application goes on reading and writing; {@code offline} does all
         * in one transaction, during which the application waits for the table.
         */
        @WithDefault("online")
        String method();

        /** Most partitions that a conversion, or moving rows out of a default partition, makes; what needs more is left alone and reported. */
        @WithDefault("500")
        String maxPartitions();

        /** Connections of an online conversion that copy rows and build indexes at the same time, from 1 to 16. */
        @WithDefault("2")
        String workers();

        /** How long one batch of an online copy shall take, from {@code 100ms} to {@code 60s}; the number of its rows adapts. */
        @WithDefault("1s")
        String batchTarget();

        /** Most rows that all workers together copy in a second, from 1 to 1000000000; {@code none} sets no limit. */
        @WithDefault("none")
        String maxRowsPerSecond();

        /** How far a replica may lag before an online copy pauses, from {@code 1s} to {@code 24h}; {@code none} never pauses it. */
        @WithDefault("30s")
        String maxReplicaLag();

        /**
         * Time of the day, in UTC, at which an online conversion may put the partitioned table in the place of the plain one, for
         * example {@code 02:00-04:00}; {@code 23:00-01:00} goes over midnight; {@code none} allows any time.
         */
        @WithDefault("none")
        String swapWindow();

        /** What becomes of the plain table once the partitioned one has taken its place: {@code keep} or {@code drop}. */
        @WithDefault("keep")
        String retired();
    }
}
