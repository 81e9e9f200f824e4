package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TestDatabase;

/** Sets in {@code part_config} that maintenance must not pass over in silence. */
@Postgres
class UnmaintainedSetsIT {

    private final TestDatabase database;

    UnmaintainedSetsIT(TestDatabase database) {
        this.database = database;
        database.installPartman();
    }

    private SidecarProcess maintain() {
        return SidecarProcess.start(
                Map.of("DATABASE_URL", database.databaseUrl(), "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED", "false"),
                "maintain");
    }

    @Test
    void saysThatASetsTableIsGone() {
        database.execute(
                "CREATE TABLE public.orders (at timestamptz NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.orders', 'at', '1 month')",
                "DROP TABLE public.orders");

        try (SidecarProcess maintain = maintain()) {
            assertThat(maintain.exitCode()).isEqualTo(1);
            assertThat(maintain.out()).startsWith("public.orders: failure: ");
        }
    }

    @Test
    void maintainsTheSetsBelowASubpartitionedOne() {
        database.execute(
                "CREATE TABLE public.orders (at timestamptz NOT NULL) PARTITION BY RANGE (at)",
                "SELECT partman.create_parent('public.orders', 'at', '1 month', p_premake := 1)",
                "SELECT partman.create_sub_parent('public.orders', 'at', '1 day', p_declarative_check := 'yes', p_premake := 2)",
                "UPDATE partman.part_config SET premake = premake + 1, maintenance_last_run = NULL");

        try (SidecarProcess maintain = maintain()) {
            assertThat(maintain.exitCode()).as(maintain.output()).isEqualTo(0);
            assertThat(database.strings(
                            "SELECT parent_table FROM partman.part_config WHERE maintenance_last_run IS NULL"))
                    .isEmpty();
        }
    }
}
