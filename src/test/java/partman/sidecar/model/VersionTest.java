package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VersionTest {

    @ParameterizedTest
    @CsvSource({"5.2.4, 5.5.0", "5.5.0, 5.10.0", "5.9, 6.0.0", "5.5, 5.5.1", "17.12 (Debian 17.12-1), 18beta1"})
    void comesBeforeALaterOne(String earlier, String later) {
        assertThat(Version.parse(earlier)).isLessThan(Version.parse(later));
        assertThat(Version.parse(later)).isGreaterThan(Version.parse(earlier));
    }

    @ParameterizedTest
    @CsvSource({"5.5, 5.5.0", "5.5.0, 5.5.0", "18beta1, 18"})
    void isTheSameWithoutWhatIsNoNumber(String one, String other) {
        assertThat(Version.parse(one)).isEqualByComparingTo(Version.parse(other));
    }

    @ParameterizedTest
    @CsvSource({"17.12 (Debian 17.12-1), 17", "18beta1, 18", "5.2.4, 5", "unknown, 0"})
    void hasAMajorOne(String text, int major) {
        assertThat(Version.parse(text).major()).isEqualTo(major);
    }
}
