package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.report.Snapshots.EVENTS;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.json.Json;
import java.io.StringReader;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Pace;
import partman.sidecar.reconcile.Snapshot;

/** The health reports as SmallRye Health puts them together: the checks' answers, then the filters. */
class HealthTest {

    private static final QualifiedName OTHER = QualifiedName.of("billing", "Other");

    private final SettableClock clock = new SettableClock();
    private final Latest latest = new Latest(clock, new Pace(Duration.ofSeconds(30)));

    @Test
    void isNotReadyBeforeTheFirstObservation() {
        assertThat(ready()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "database", "status": "DOWN",
                     "data": {"reason": "the database has not been looked at yet"}}
                ]}"""));
    }

    @Test
    void isReadyOnceTheDatabaseCouldBeUsed() {
        latest.keep(Snapshots.of(Snapshots.plain(EVENTS)));

        assertThat(ready()).isEqualTo(json("""
                {"status": "UP", "checks": [{"name": "database", "status": "UP"}]}"""));
    }

    @Test
    void isNotReadyWhileTheDatabaseIsAway() {
        latest.keep(Snapshots.failed(Snapshots.of(Snapshots.healthy(EVENTS)), "connection refused"));

        assertThat(ready()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "database", "status": "DOWN", "data": {"reason": "connection refused"}}
                ]}"""));
    }

    @Test
    void isNotReadyWhenNothingWasHeardForLong() {
        latest.keep(Snapshots.of(Snapshots.healthy(EVENTS)));
        clock.move(Duration.ofSeconds(121));

        assertThat(ready()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "database", "status": "DOWN", "data": {"reason":
                        "the last observation ended at 2026-03-10T12:00:00Z, and none since"}}
                ]}"""));
    }

    @Test
    void staysReadyAsLongAsAnObservationMayTakeToCome() {
        latest.keep(Snapshots.of(Snapshots.healthy(EVENTS)));
        clock.move(Duration.ofMinutes(2));

        assertThat(ready().getString("status")).isEqualTo("UP");
    }

    @Test
    void isWellWhenEachConfiguredTableIsHealthy() {
        latest.keep(Snapshots.of(Snapshots.healthy(EVENTS), Snapshots.healthy(OTHER)));

        assertThat(well()).isEqualTo(json("""
                {"status": "UP", "checks": [
                    {"name": "public.events", "status": "UP", "data": {"state": "healthy", "reason": ""}},
                    {"name": "billing.Other", "status": "UP", "data": {"state": "healthy", "reason": ""}}
                ]}"""));
    }

    @Test
    void namesTheTableThatIsNotWellAndWhy() {
        latest.keep(Snapshots.of(
                Snapshots.healthy(OTHER),
                Snapshots.events(new Plan.Wait(TableState.DEFAULT_NOT_EMPTY, "7 rows in the default partition"))));

        assertThat(well()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "billing.Other", "status": "UP", "data": {"state": "healthy", "reason": ""}},
                    {"name": "public.events", "status": "DOWN", "data": {
                        "state": "default_not_empty",
                        "reason": "7 rows in the default partition",
                        "trouble": "canceling statement due to lock timeout"}}
                ]}"""));
    }

    @Test
    void isNotWellUntilAConversionIsDoneAndTellsHowFarItIs() {
        Plan carryOn = new Plan.Survey(TableState.CONVERTING, "its online conversion is in phase backfill");
        latest.keep(Snapshots.of(Snapshots.converting(EVENTS, carryOn, Snapshots.copying(1, null))));

        assertThat(ready().getString("status")).isEqualTo("UP");
        assertThat(well()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "public.events", "status": "DOWN", "data": {
                        "state": "converting",
                        "reason": "its online conversion is in phase backfill",
                        "phase": "backfill",
                        "rowsCopied": 12345,
                        "rowsTotal": 50000}}
                ]}"""));
    }

    @Test
    void saysNothingOfTablesThatAreNotConfigured() {
        latest.keep(Snapshots.of(Snapshots.unconfigured(Snapshots.EVENTS_SET)));

        assertThat(well()).isEqualTo(json("""
                {"status": "UP", "checks": []}"""));
    }

    @Test
    void isNotWellWhileTheDatabaseIsAway() {
        latest.keep(Snapshots.failed(Snapshots.of(Snapshots.healthy(EVENTS)), "connection refused"));

        assertThat(well()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "database", "status": "DOWN", "data": {"reason": "connection refused"}}
                ]}"""));
    }

    @Test
    void believesNoTableWhenNothingWasHeardForLong() {
        latest.keep(Snapshots.of(Snapshots.healthy(EVENTS)));
        clock.move(Duration.ofDays(1));

        assertThat(well()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "public.events", "status": "DOWN", "data": {
                        "state": "healthy",
                        "reason": "the last observation ended at 2026-03-10T12:00:00Z, and none since"}}
                ]}"""));
    }

    @Test
    void listsDatabaseAndTablesTogether() {
        latest.keep(Snapshots.of(Snapshots.plain(EVENTS)));

        assertThat(all()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "database", "status": "UP"},
                    {"name": "public.events", "status": "DOWN",
                     "data": {"state": "plain", "reason": "public.events is a plain table"}}
                ]}"""));
    }

    @Test
    void listsTheDatabaseOnceWhileItIsAway() {
        latest.keep(Snapshots.failed(Snapshot.NOTHING_YET, "connection refused"));

        assertThat(all()).isEqualTo(json("""
                {"status": "DOWN", "checks": [
                    {"name": "database", "status": "DOWN", "data": {"reason": "connection refused"}}
                ]}"""));
    }

    @Test
    void leavesReportsOfOtherChecksAlone() {
        latest.keep(Snapshots.of(Snapshots.plain(EVENTS)));

        assertThat(report()).isEqualTo(json("""
                {"status": "UP", "checks": []}"""));
    }

    private JsonObject ready() {
        return report(new DatabaseCheck(latest));
    }

    private JsonObject well() {
        return report(new TablesCheck(latest));
    }

    private JsonObject all() {
        return report(new DatabaseCheck(latest), new TablesCheck(latest));
    }

    private JsonObject report(HealthCheck... checks) {
        JsonArray answers = new JsonArray();
        boolean up = true;
        for (HealthCheck check : checks) {
            HealthCheckResponse response = check.call();
            JsonObject answer = new JsonObject().put("name", response.getName()).put("status", response.getStatus());
            response.getData().ifPresent(data -> answer.put("data", new JsonObject(data)));
            answers.add(answer);
            up &= response.getStatus() == HealthCheckResponse.Status.UP;
        }
        String unfiltered = new JsonObject()
                .put("status", up ? "UP" : "DOWN")
                .put("checks", answers)
                .encode();
        return json(new ExpandTables()
                .filter(Json.createReader(new StringReader(unfiltered)).readObject())
                .toString());
    }

    private static JsonObject json(String text) {
        return new JsonObject(text);
    }
}
