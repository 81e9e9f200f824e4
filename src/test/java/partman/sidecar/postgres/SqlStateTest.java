package partman.sidecar.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.postgres.DatabaseException.Kind;

class SqlStateTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "53300", "08000", "08001", "08006"
            })
    void retriesWhatMayPass(String sqlState) {
        assertThat(failure(sqlState).kind()).isEqualTo(Kind.RETRYABLE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"42501", "42P01", "23505", "23514", "28P01", "3D000", "22P02", "P0001", "53100"})
    void givesUpOnWhatStays(String sqlState) {
        assertThat(failure(sqlState).kind()).isEqualTo(Kind.PERMANENT);
    }

    @Test
    void retriesWhenThePoolGaveNoConnection() {
        assertThat(new DatabaseException("no connection", new SQLException("timeout")).kind())
                .isEqualTo(Kind.RETRYABLE);
    }

    @Test
    void tellsALockTimeoutFromOtherFailures() {
        assertThat(failure("55P03").isLockTimeout()).isTrue();
        assertThat(failure("40P01").isLockTimeout()).isFalse();
        assertThat(new DatabaseException("changed meanwhile", Kind.RETRYABLE).isLockTimeout())
                .isFalse();
    }

    private static DatabaseException failure(String sqlState) {
        return new DatabaseException("failed", new SQLException("failed", sqlState));
    }
}
