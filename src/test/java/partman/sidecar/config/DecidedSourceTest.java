package partman.sidecar.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecidedSourceTest {

    private static final String KEY = "quarkus.datasource.password";

    @AfterEach
    void forget() {
        DecidedSource.publish(Map.of());
    }

    /** A configuration that reads values as Quarkus does. */
    private static SmallRyeConfig config() {
        return new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .addDiscoveredSources()
                .build();
    }

    @Test
    void saysNothingUntilTheSettingsAreLoadedSoThatABuildStoresNothing() {
        SmallRyeConfig config = config();

        assertThat(config.getOptionalValue(KEY, String.class)).isEmpty();
        assertThat(new DecidedSource().getPropertyNames()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "a$b", "a$$b", "${x}", "a\\b", "a\\$b", "a\\\\${x}", "$", "\\", "a,b", " a "})
    void givesAPasswordToQuarkusUnchanged(String password) {
        DecidedSource.publish(Map.of(KEY, password));

        assertThat(config().getValue(KEY, String.class)).isEqualTo(password);
    }
}
