package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.report.Snapshots.EVENTS;

import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.quarkus.runtime.StartupEvent;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.Copying;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;
import partman.sidecar.reconcile.Snapshot.Progress;

@SuppressWarnings("deprecation") // the registry that Quarkus uses is the older of Micrometer's two for Prometheus
class MetricsTest {

    private static final Plan DEFAULT_NOT_EMPTY = new Plan.Wait(TableState.DEFAULT_NOT_EMPTY, "7 rows");
    private static final Plan CONVERTING = new Plan.Survey(TableState.CONVERTING, "in phase backfill");
    private static final QualifiedName OTHER = QualifiedName.of("public", "other");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Metrics metrics = new Metrics(registry, "1.2.3", true);

    @Test
    void showsThatNothingIsKnownBeforeTheFirstObservation() {
        metrics.showNothingYet(new StartupEvent());

        assertThat(series()).isEqualTo("""
                partman_info{partman_version="",postgres_version="",version="1.2.3"} 1.0
                partman_leader 0.0
                partman_observation_errors_total 0.0
                partman_up 0.0
                """);
    }

    @Test
    void showsAllThatIsKnownOfASet() {
        metrics.show(Snapshots.of(Snapshots.events(DEFAULT_NOT_EMPTY)));

        assertThat(series()).isEqualTo("""
                partman_default_partition_bytes{parent_table="public.events"} 50.0
                partman_default_partition_oldest_row_timestamp_seconds{parent_table="public.events"} 1.5778368E9
                partman_default_partition_rows_capped{parent_table="public.events"} 0.0
                partman_default_partition_rows{parent_table="public.events"} 7.0
                partman_detached_partitions_bytes{parent_table="public.events"} 300.0
                partman_detached_partitions{parent_table="public.events"} 2.0
                partman_info{partman_version="5.2.4",postgres_version="17.11",version="1.2.3"} 1.0
                partman_leader 1.0
                partman_lock_timeouts_total{parent_table="public.events"} 4.0
                partman_lock_wait_seconds_max{parent_table="public.events"} 0.012
                partman_maintenance_due_timestamp_seconds 1.77314328E9
                partman_maintenance_duration_seconds{parent_table="public.events"} 1.5
                partman_maintenance_last_run_timestamp_seconds{parent_table="public.events"} 1.7731368E9
                partman_maintenance_last_success_timestamp_seconds{parent_table="public.events"} 1.7731368E9
                partman_maintenance_runs_total{outcome="failure",parent_table="public.events"} 1.0
                partman_maintenance_runs_total{outcome="skipped",parent_table="public.events"} 2.0
                partman_maintenance_runs_total{outcome="success",parent_table="public.events"} 5.0
                partman_observation_duration_seconds 0.02
                partman_observation_errors_total 3.0
                partman_observation_timestamp_seconds 1.773144E9
                partman_partition_interval_seconds{parent_table="public.events"} 2592000.0
                partman_partition_set_bytes{parent_table="public.events"} 1250.0
                partman_partitions_expired{parent_table="public.events"} 0.0
                partman_partitions_missing{parent_table="public.events"} 2.0
                partman_partitions{parent_table="public.events"} 2.0
                partman_premade_horizon_seconds{parent_table="public.events"} 4449600.0
                partman_retained_table_bytes{parent_table="public.events"} 4096.0
                partman_scheduler_up{scheduler="pg-cron"} 1.0
                partman_table_state{parent_table="public.events",state="blocked"} 0.0
                partman_table_state{parent_table="public.events",state="converting"} 0.0
                partman_table_state{parent_table="public.events",state="default_not_empty"} 1.0
                partman_table_state{parent_table="public.events",state="drifted"} 0.0
                partman_table_state{parent_table="public.events",state="extension_missing"} 0.0
                partman_table_state{parent_table="public.events",state="extension_unavailable"} 0.0
                partman_table_state{parent_table="public.events",state="extension_unsupported"} 0.0
                partman_table_state{parent_table="public.events",state="foreign"} 0.0
                partman_table_state{parent_table="public.events",state="healthy"} 0.0
                partman_table_state{parent_table="public.events",state="missing"} 0.0
                partman_table_state{parent_table="public.events",state="plain"} 0.0
                partman_table_state{parent_table="public.events",state="unregistered"} 0.0
                partman_up 1.0
                partman_warning{warning="extension_update"} 0.0
                partman_warning{warning="lock_stuck"} 0.0
                partman_warning{warning="scheduler_down"} 0.0
                partman_warning{warning="security_advisory"} 0.0
                partman_warning{warning="two_schedulers"} 1.0
                """);
    }

    @Test
    void describesEachMetricAsItIsDefined() {
        metrics.show(Snapshots.of(
                Snapshots.events(DEFAULT_NOT_EMPTY),
                Snapshots.converting(OTHER, CONVERTING, Snapshots.copying(1, Duration.ZERO))));

        List<String> expected = Stream.of(Metric.values())
                .flatMap(metric -> Stream.of(
                        "# HELP %s %s".formatted(metric.shownName(), metric.help()),
                        "# TYPE %s %s"
                                .formatted(metric.shownName(), metric.type().label())))
                .toList();
        assertThat(registry.scrape().lines().filter(line -> line.startsWith("#")))
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void tellsOnlyTheStateOfATableThatIsNoSet() {
        metrics.show(Snapshots.of(Snapshots.plain(EVENTS)));

        assertThat(seriesOf("public.events")).isEqualTo("""
                partman_lock_timeouts_total{parent_table="public.events"} 0.0
                partman_lock_wait_seconds_max{parent_table="public.events"} 0.0
                partman_maintenance_runs_total{outcome="failure",parent_table="public.events"} 0.0
                partman_maintenance_runs_total{outcome="skipped",parent_table="public.events"} 0.0
                partman_maintenance_runs_total{outcome="success",parent_table="public.events"} 0.0
                partman_table_state{parent_table="public.events",state="plain"} 1.0
                """);
    }

    @Test
    void showsHowFarAConversionIs() {
        metrics.show(Snapshots.of(
                Snapshots.converting(EVENTS, CONVERTING, Snapshots.copying(1_250.5, Duration.ofMillis(90_500)))));

        assertThat(seriesOf("public.events")).isEqualTo("""
                partman_conversion_bytes{kind="copied",parent_table="public.events"} 819200.0
                partman_conversion_bytes{kind="total",parent_table="public.events"} 3276800.0
                partman_conversion_eta_seconds{parent_table="public.events"} 90.5
                partman_conversion_failed{parent_table="public.events"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="backfill"} 1.0
                partman_conversion_phase{parent_table="public.events",phase="catch_up"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="foreign_keys"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="indexes"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="journal"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="keys_once"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="shadow"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="swap"} 0.0
                partman_conversion_phase{parent_table="public.events",phase="verify"} 0.0
                partman_conversion_rows_per_second{parent_table="public.events"} 1250.5
                partman_conversion_rows{kind="copied",parent_table="public.events"} 12345.0
                partman_conversion_rows{kind="journal",parent_table="public.events"} 678.0
                partman_conversion_rows{kind="total",parent_table="public.events"} 50000.0
                partman_lock_timeouts_total{parent_table="public.events"} 2.0
                partman_lock_wait_seconds_max{parent_table="public.events"} 0.35
                partman_maintenance_runs_total{outcome="failure",parent_table="public.events"} 0.0
                partman_maintenance_runs_total{outcome="skipped",parent_table="public.events"} 0.0
                partman_maintenance_runs_total{outcome="success",parent_table="public.events"} 0.0
                partman_table_state{parent_table="public.events",state="converting"} 1.0
                """);
    }

    @Test
    void showsNoTimeLeftThatCantBeTold() {
        metrics.show(Snapshots.of(Snapshots.converting(EVENTS, CONVERTING, Snapshots.copying(0, null))));

        assertThat(series())
                .contains("partman_conversion_rows_per_second{parent_table=\"public.events\"} 0.0\n")
                .doesNotContain("partman_conversion_eta_seconds");
    }

    @Test
    void marksAConversionThatHasStopped() {
        Plan blocked = new Plan.Blocked(TableState.BLOCKED, "the copy differs");

        metrics.show(Snapshots.of(Snapshots.converting(
                EVENTS, blocked, new Copying(Snapshots.conversion(Phase.VERIFY, "the copy differs"), 0, null))));

        assertThat(series())
                .contains("partman_conversion_failed{parent_table=\"public.events\"} 1.0\n")
                .contains("partman_conversion_phase{parent_table=\"public.events\",phase=\"verify\"} 1.0\n")
                .contains("partman_table_state{parent_table=\"public.events\",state=\"blocked\"} 1.0\n");
    }

    @Test
    void dropsTheSeriesOfAConversionThatEnded() {
        metrics.show(Snapshots.of(Snapshots.converting(EVENTS, CONVERTING, Snapshots.copying(1, Duration.ZERO))));

        metrics.show(Snapshots.of(Snapshots.healthy(EVENTS)));

        assertThat(series()).contains("public.events").doesNotContain("partman_conversion");
    }

    @Test
    void dropsTheSeriesOfATableThatVanished() {
        metrics.show(Snapshots.of(Snapshots.events(DEFAULT_NOT_EMPTY), Snapshots.healthy(OTHER)));

        metrics.show(Snapshots.of(Snapshots.healthy(OTHER)));

        assertThat(series()).doesNotContain("public.events").contains("public.other");
        assertThat(registry.scrape()).doesNotContain("partman_partitions ");
    }

    @Test
    void showsATableAgainThatCameBack() {
        metrics.show(Snapshots.of(Snapshots.events(DEFAULT_NOT_EMPTY)));
        String before = series();
        metrics.show(Snapshots.of());

        metrics.show(Snapshots.of(Snapshots.events(DEFAULT_NOT_EMPTY)));

        assertThat(series()).isEqualTo(before);
    }

    @Test
    void followsEachNewSnapshot() {
        metrics.show(Snapshots.of(Snapshots.plain(EVENTS)));

        metrics.show(Snapshots.of(Snapshots.healthy(EVENTS)));

        assertThat(series())
                .contains("partman_table_state{parent_table=\"public.events\",state=\"plain\"} 0.0\n")
                .contains("partman_table_state{parent_table=\"public.events\",state=\"healthy\"} 1.0\n");
    }

    @Test
    void keepsWhatWasLastSeenWhileTheDatabaseIsAway() {
        Snapshot seen = Snapshots.of(Snapshots.events(DEFAULT_NOT_EMPTY));
        metrics.show(seen);

        metrics.show(Snapshots.failed(seen, "connection refused"));

        assertThat(series())
                .contains("partman_up 0.0\n")
                .contains("partman_leader 0.0\n")
                .contains("partman_observation_errors_total 4.0\n")
                .contains("partman_default_partition_rows{parent_table=\"public.events\"} 7.0\n");
    }

    @Test
    void showsNoNumberOfRowsThatCouldNotBeCounted() {
        var locked = new DefaultPartition(
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

        metrics.show(Snapshots.of(Snapshots.unconfigured(Snapshots.set(EVENTS, List.of(), locked))));

        assertThat(series()).doesNotContain("partman_default_partition").contains("partman_partitions{");
    }

    @Test
    void showsZeroRowsForASetWithoutADefaultPartition() {
        metrics.show(Snapshots.of(Snapshots.unconfigured(Snapshots.set(EVENTS, List.of(), null))));

        assertThat(series())
                .contains("partman_default_partition_rows{parent_table=\"public.events\"} 0.0\n")
                .contains("partman_default_partition_bytes{parent_table=\"public.events\"} 0.0\n")
                .doesNotContain("oldest");
    }

    @Test
    void marksACountThatStoppedAtTheCap() {
        var large = new DefaultPartition(
                EVENTS.withName(new Identifier("events_default")),
                9L,
                true,
                1_000_000,
                true,
                null,
                null,
                0,
                List.of(),
                new ObservedTable.Plain(-1, true, null, null));

        metrics.show(Snapshots.of(Snapshots.unconfigured(Snapshots.set(EVENTS, List.of(), large))));

        assertThat(series())
                .contains("partman_default_partition_rows{parent_table=\"public.events\"} 1000000.0\n")
                .contains("partman_default_partition_rows_capped{parent_table=\"public.events\"} 1.0\n");
    }

    @Test
    void showsAnEndlessHorizonAsInfinity() {
        var endless = new Coverage(List.of(), List.of(), LocalDateTime.MAX);

        metrics.show(Snapshots.of(
                Snapshots.table(EVENTS, TableState.HEALTHY, new Plan.Nothing(), Snapshots.EVENTS_SET, endless)));

        assertThat(series()).contains("partman_premade_horizon_seconds{parent_table=\"public.events\"} +Inf\n");
    }

    @Test
    void tellsOfASetThatWasNeverMaintained() {
        metrics.show(Snapshots.of(
                Snapshots.unconfigured(Snapshots.set(EVENTS, Snapshots.EVENTS_SET.children(), null, "on", null))));

        assertThat(series())
                .contains("partman_maintenance_last_run_timestamp_seconds{parent_table=\"public.events\"} 0.0\n");
    }

    @Test
    void expectsNoMaintenanceOfASetThatAsksForNone() {
        metrics.show(Snapshots.of(Snapshots.unconfigured(
                Snapshots.set(EVENTS, Snapshots.EVENTS_SET.children(), null, "off", Snapshots.NOW))));

        assertThat(series()).contains("partman_partitions{").doesNotContain("partman_maintenance_last_run");
    }

    @Test
    void showsNoDurationOfARunThatWasSkipped() {
        Snapshot.Table table = Snapshots.healthy(EVENTS);
        var skipped = new MaintenanceRun(Outcome.SKIPPED, Snapshots.NOW, Duration.ZERO, "pg_partman's lock is held");

        metrics.show(Snapshots.of(new Snapshot.Table(
                EVENTS,
                table.spec(),
                table.state(),
                "",
                table.plan(),
                null,
                null,
                null,
                null,
                new Progress(0, 0, 1, skipped, null, 0, Duration.ZERO),
                null)));

        assertThat(series()).doesNotContain("_duration_seconds{").doesNotContain("last_success");
    }

    /** The lines of a scrape that hold values, sorted, without the comma that the text format allows at a label set's end. */
    private String series() {
        return registry.scrape()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.replace(",}", "}") + "\n")
                .sorted()
                .collect(Collectors.joining());
    }

    /** What is said of one table, but for the states that it is not in. */
    private String seriesOf(String table) {
        return series().lines()
                .filter(line -> line.contains('"' + table + '"'))
                .filter(line -> !line.startsWith("partman_table_state") || !line.endsWith(" 0.0"))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
    }
}
