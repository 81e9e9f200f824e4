package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.plan.Plan;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The parts on a replica: none of them changes anything, even if nobody has told it where it is. */
@Postgres
class StandbyTest {

    private static final TableSpec SPEC = Parts.spec(QualifiedName.of("public", "enriched_events"), "timestamp")
            .retention("14 months")
            .build();

    @Test
    void doesNothingAtAnyTurnBeforeThePromotionAndAllOfItAfterwards(Server version) {
        try (PostgresServer primary = PostgresServer.startOwn(version);
                PostgresServer replica = primary.startReplica()) {
            TestDatabase original = primary.createDatabase();
            TableShapes.lagoRegistered(original);
            original.execute("UPDATE partman.part_config SET premake = 1, maintenance_last_run = NULL");
            replica.awaitReplayOf(primary);
            TestDatabase copy = replica.replicated(original);
            Parts parts = Parts.in(copy).tables(SPEC).build();
            String locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";

            parts.turns().observeAndWork();
            parts.turns().succeed();
            parts.turns().maintain();
            boolean leads = parts.leader().hold();
            Reconciler.Result result = parts.reconcile(SPEC);
            var runs = parts.maintenance().run(_ -> true);
            Snapshot before = parts.status().latest();

            assertThat(leads).isFalse();
            assertThat(copy.single(locks)).isEqualTo(0L);
            assertThat(result.failure()).isEmpty();
            assertThat(result.plan()).isInstanceOf(Plan.Run.class);
            assertThat(runs).isEmpty();
            assertThat(before.leader()).isFalse();
            assertThat(before.failure()).isNull();
            Snapshot.Table shown = before.find(SPEC.table()).orElseThrow();
            assertThat(shown.state()).isEqualTo(TableState.DRIFTED);
            assertThat(shown.trouble()).isNull();
            assertThat(shown.progress()).isEqualTo(Snapshot.Progress.NONE);

            replica.promote();
            parts.turns().maintain();

            assertThat(parts.status().latest().leader()).isTrue();
            assertThat(Objects.requireNonNull(parts.status()
                                    .latest()
                                    .find(SPEC.table())
                                    .orElseThrow()
                                    .progress()
                                    .lastMaintenance())
                            .outcome())
                    .isEqualTo(Snapshot.Outcome.SUCCESS);
            assertThat(copy.strings(
                            "SELECT maintenance_last_run > now() - interval '1 minute' FROM partman.part_config"))
                    .isEqualTo(List.of("true"));
        }
    }
}
