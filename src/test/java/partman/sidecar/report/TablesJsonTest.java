package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.report.Snapshots.EVENTS;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.Stage;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.Copying;
import partman.sidecar.step.CreateExtension;
import partman.sidecar.step.EnterPhase;
import partman.sidecar.step.Transaction;

class TablesJsonTest {

    @Test
    void saysThatNothingIsKnownBeforeTheFirstObservation() {
        assertThat(json(Snapshot.NOTHING_YET)).isEqualTo(new JsonObject("""
                {
                    "observedAt": null,
                    "database": null,
                    "inRecovery": null,
                    "up": false,
                    "failure": "the database has not been looked at yet",
                    "leader": false,
                    "versions": {"sidecar": "1.2.3", "postgres": null, "partman": null},
                    "maintenance": {"scheduler": "none", "up": null, "next": null, "backgroundWorker": null, "cron": null, "warnings": [], "sql": null},
                    "tables": []
                }"""));
    }

    @Test
    void tellsAllThatIsKnownOfASet() {
        Snapshot snapshot = Snapshots.of(Snapshots.events(new Plan.Blocked(TableState.BLOCKED, "a person must act")));

        assertThat(json(snapshot)).isEqualTo(new JsonObject("""
                {
                    "observedAt": "2026-03-10T12:00:00Z",
                    "database": "lago",
                    "inRecovery": false,
                    "up": true,
                    "failure": null,
                    "leader": true,
                    "versions": {"sidecar": "1.2.3", "postgres": "17.11", "partman": "5.2.4"},
                    "maintenance": {
                        "scheduler": "pg-cron",
                        "up": true,
                        "next": "2026-03-10T13:00:00Z",
                        "backgroundWorker": {"databases": ["lago"], "intervalSeconds": 3600, "role": "keeper",
                                             "roleIsSuperuser": false, "analyze": "off", "jobmon": "on"},
                        "cron": {
                            "database": "postgres",
                            "launcherLives": true,
                            "version": "1.6",
                            "failure": null,
                            "jobs": [{"id": 7, "name": "the job", "schedule": "0 * * * *", "user": "sidecar", "active": true,
                                      "lastStatus": "succeeded", "lastMessage": "CALL",
                                      "lastStarted": "2026-03-10T11:59:00Z", "lastEnded": "2026-03-10T11:59:01Z"}]
                        },
                        "warnings": [{"kind": "two_schedulers", "text": "take one away"}],
                        "sql": null
                    },
                    "tables": [{
                        "name": "public.events",
                        "configured": true,
                        "state": "blocked",
                        "reason": "a person must act",
                        "trouble": "canceling statement due to lock timeout",
                        "plan": {"kind": "blocked", "notes": [], "sql": null},
                        "partitions": [
                            {"name": "public.events_p20260301", "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z",
                             "sizeBytes": 1000, "empty": false},
                            {"name": "public.events_p20260401", "from": "2026-04-01T00:00:00Z", "to": "2026-05-01T00:00:00Z",
                             "sizeBytes": 200, "empty": false}
                        ],
                        "defaultPartition": {
                            "name": "public.events_default",
                            "rows": 7,
                            "capped": false,
                            "sizeBytes": 50,
                            "oldest": "2020-01-01T00:00:00Z",
                            "newest": "2020-01-02T00:00:00Z",
                            "infinite": 2
                        },
                        "registration": {
                            "control": "timestamp",
                            "partitionInterval": "1 month",
                            "premake": 3,
                            "retention": "14 months",
                            "retentionKeepTable": true,
                            "infiniteTimePartitions": true,
                            "automaticMaintenance": "on",
                            "templateTable": "partman.template_public_events",
                            "maintenanceLastRun": "2026-03-10T10:00:00Z"
                        },
                        "coverage": {
                            "missing": 2,
                            "holes": [],
                            "notPremade": ["2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"],
                            "horizon": "2026-05-01T00:00:00Z"
                        },
                        "conversion": null,
                        "detached": {"tables": 2, "sizeBytes": 300},
                        "referencedBy": ["public.refs (refs_of_events)"],
                        "retiredBytes": 4096,
                        "maintenance": {
                            "successes": 5,
                            "failures": 1,
                            "skips": 2,
                            "last": {
                                "outcome": "failure",
                                "ended": "2026-03-10T11:00:00Z",
                                "tookSeconds": 1.5,
                                "message": "2 partitions are missing"
                            },
                            "lastSuccess": "2026-03-10T10:00:00Z",
                            "next": "2026-03-10T13:00:00Z"
                        },
                        "lockTimeouts": 4
                    }]
                }"""));
    }

    @Test
    void showsTheExactSqlOfAPlanThatIsPending() {
        Plan plan = new Plan.Run(
                TableState.EXTENSION_MISSING,
                "pg_partman is not created",
                List.of(Transaction.of(new CreateExtension(new Identifier("partman")), Duration.ofMillis(500))),
                List.of("needs the right to create schemas"));

        JsonObject shown = first(Snapshots.of(Snapshots.events(plan))).getJsonObject("plan");

        assertThat(shown.getString("kind")).isEqualTo("run");
        assertThat(shown.getJsonArray("notes")).containsExactly("needs the right to create schemas");
        assertThat(shown.getString("sql"))
                .contains("SET LOCAL lock_timeout = 500;")
                .contains("CREATE EXTENSION");
    }

    @Test
    void tellsHowFarAConversionIs() {
        Plan plan = new Plan.Survey(TableState.CONVERTING, "in phase backfill");

        JsonObject table = first(Snapshots.of(
                Snapshots.converting(EVENTS, plan, Snapshots.copying(1_250.5, Duration.ofMillis(90_500)))));

        assertThat(table.getString("state")).isEqualTo("converting");
        assertThat(table.getJsonObject("conversion")).isEqualTo(new JsonObject("""
                {
                    "phase": "backfill",
                    "started": "2026-03-10T09:00:00Z",
                    "failure": null,
                    "rowsTotal": 50000,
                    "rowsCopied": 12345,
                    "bytesTotal": 3276800,
                    "bytesCopied": 819200,
                    "rowsPerSecond": 1250.5,
                    "secondsLeft": 90.5,
                    "journalRows": 678
                }"""));
    }

    @Test
    void tellsWhyAConversionHasStopped() {
        Plan plan = new Plan.Blocked(TableState.BLOCKED, "the copy differs; run: partman-sidecar abort");

        JsonObject table = first(Snapshots.of(Snapshots.converting(
                EVENTS, plan, new Copying(Snapshots.conversion(Phase.VERIFY, "the copy differs"), 0, null))));

        assertThat(table.getString("reason")).contains("partman-sidecar abort");
        assertThat(table.getJsonObject("conversion").getMap())
                .containsEntry("phase", "verify")
                .containsEntry("failure", "the copy differs")
                .containsEntry("rowsPerSecond", 0.0)
                .containsEntry("secondsLeft", null);
    }

    @Test
    void showsTheSqlThatIsLeftOfAConversion() {
        Transaction enter = Transaction.of(new EnterPhase(EVENTS, 16_400, Phase.SWAP), Duration.ofMillis(500));
        Plan plan = new Plan.Online(
                TableState.CONVERTING,
                "in phase verify",
                16_400,
                List.of(),
                List.of(new Stage(Phase.VERIFY, List.of(), List.of(enter), "")),
                List.of(),
                List.of("the application goes on"));

        JsonObject shown = first(Snapshots.of(Snapshots.converting(EVENTS, plan, Snapshots.copying(0, null))))
                .getJsonObject("plan");

        assertThat(shown.getString("kind")).isEqualTo("convert");
        assertThat(shown.getJsonArray("notes")).containsExactly("the application goes on");
        assertThat(shown.getString("sql")).contains("-- phase verify", "SET phase = 'swap'");
    }

    @Test
    void showsTheSqlOfAnOfflineConversion() {
        Transaction create = Transaction.of(new CreateExtension(new Identifier("partman")), Duration.ofMillis(500));
        Plan plan = new Plan.Convert(
                TableState.PLAIN, "plain", List.of(), create, List.of(), List.of("the application waits"));

        JsonObject shown = first(Snapshots.of(Snapshots.events(plan))).getJsonObject("plan");

        assertThat(shown.getString("kind")).isEqualTo("convert");
        assertThat(shown.getJsonArray("notes")).containsExactly("the application waits");
        assertThat(shown.getString("sql")).contains("CREATE EXTENSION");
    }

    @Test
    void hasNoPlanForASetThatIsNotConfigured() {
        JsonObject table = first(Snapshots.of(Snapshots.unconfigured(Snapshots.EVENTS_SET)));

        assertThat(table.getBoolean("configured")).isFalse();
        assertThat(table.getJsonObject("plan")).isNull();
        assertThat(table.getJsonObject("coverage")).isNull();
    }

    @Test
    void leavesOutWhatATableHasNotThatIsNoSet() {
        JsonObject table = first(Snapshots.of(Snapshots.plain(EVENTS)));

        assertThat(table.getMap())
                .containsEntry("state", "plain")
                .containsEntry("partitions", null)
                .containsEntry("defaultPartition", null)
                .containsEntry("registration", null)
                .containsEntry("referencedBy", null)
                .containsEntry("conversion", null);
        assertThat(table.getJsonObject("plan").getString("kind")).isEqualTo("survey");
    }

    @Test
    void writesOpenEndsAsNullAndAnEndlessHorizonAsInfinity() {
        var open = new Child(EVENTS.withName(new Identifier("events_all")), null, null, false, true, null);
        var endless = new Coverage(List.of(), List.of(), LocalDateTime.MAX);

        JsonObject table = first(Snapshots.of(Snapshots.table(
                EVENTS, TableState.HEALTHY, new Plan.Nothing(), Snapshots.set(EVENTS, List.of(open), null), endless)));

        assertThat(table.getJsonArray("partitions").getJsonObject(0)).isEqualTo(new JsonObject("""
                {"name": "public.events_all", "from": null, "to": null, "sizeBytes": null, "empty": true}"""));
        assertThat(table.getJsonObject("coverage").getString("horizon")).isEqualTo("infinity");
    }

    private static JsonObject first(Snapshot snapshot) {
        return json(snapshot).getJsonArray("tables").getJsonObject(0);
    }

    /** Written and read again, so that it is compared as a client sees it. */
    private static JsonObject json(Snapshot snapshot) {
        return new JsonObject(TablesJson.of(snapshot, "1.2.3").encode());
    }
}
