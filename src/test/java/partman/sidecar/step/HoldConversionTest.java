package partman.sidecar.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** A process that another one has followed without its notice changes nothing any more. */
@Postgres
class HoldConversionTest {

    private final TestDatabase database;
    private final HoldConversion hold;
    private final TakeOverConversion takeOver;

    HoldConversionTest(TestDatabase database) {
        this.database = database;
        this.hold = (HoldConversion) StepCase.HOLD_CONVERSION.begin(database);
        this.takeOver = new TakeOverConversion(hold.table(), hold.conversion());
    }

    @Test
    void failsAsRetryableOnceAnotherProcessHasTakenTheConversionOver() {
        StepCase.run(database, takeOver);

        ThrowingCallable holding = () -> StepCase.run(database, hold);

        assertThatThrownBy(holding)
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE))
                .hasMessage("another process has taken over the conversion of public.events");
    }

    @Test
    void failsAsRetryableOnceTheConversionHasEnded() {
        database.execute("DELETE FROM partman_sidecar.conversion");

        assertThatThrownBy(() -> StepCase.run(database, hold))
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE));
        assertThatThrownBy(() -> StepCase.run(database, takeOver))
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE))
                .hasMessage("the conversion of public.events has ended meanwhile");
    }

    @Test
    void letsSeveralConnectionsWorkAndNobodyTakeOverBeforeTheyAreDone() {
        Session other = database.session();

        try (Session session = database.session()) {
            session.inTransaction(() -> {
                hold.run(session);
                assertThatCode(() -> StepCase.run(other, hold)).doesNotThrowAnyException();
                assertThatThrownBy(() -> StepCase.run(other, takeOver))
                        .isInstanceOfSatisfying(
                                DatabaseException.class,
                                e -> assertThat(e.isLockTimeout()).isTrue());
                return true;
            });
        }

        assertThat(takeOver.takeOver(other)).isEqualTo(hold.epoch() + 1);
    }

    /** Such a transaction sees the conversion as it was when it began. */
    @Test
    void failsAsRetryableInATransactionWithOneSnapshotToo() {
        Session session = database.session();
        Transaction transaction = new Transaction(List.of(hold), Duration.ofMillis(200), true);

        ThrowingCallable holding = () -> session.inTransaction(() -> {
            transaction.begin(session);
            session.backendPid();
            StepCase.run(database, takeOver);
            hold.run(session);
            return true;
        });

        assertThatThrownBy(holding)
                .isInstanceOfSatisfying(
                        DatabaseException.class, e -> assertThat(e.kind()).isEqualTo(DatabaseException.Kind.RETRYABLE));
    }
}
