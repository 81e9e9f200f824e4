package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.model.ObservedServer.Extension;

class ObservedServerTest {

    @Test
    void knowsVersionAndSchemaOfAnInstalledPartman() {
        ObservedServer server = server(new Extension.Installed("5.2.4", new Identifier("parts"), "5.5.0", true));

        assertThat(server.partmanVersion()).isEqualTo("5.2.4");
        assertThat(server.partmanSchema()).isEqualTo(new Identifier("parts"));
    }

    static Stream<Extension> notInstalled() {
        return Stream.of(new Extension.Unavailable(), new Extension.Available("5.2.4"));
    }

    @ParameterizedTest
    @MethodSource("notInstalled")
    void meansThePartmanSchemaWhereItIsNotInstalled(Extension extension) {
        ObservedServer server = server(extension);

        assertThat(server.partmanVersion()).isNull();
        assertThat(server.partmanSchema()).isEqualTo(new Identifier("partman"));
    }

    private static ObservedServer server(Extension extension) {
        return new ObservedServer(
                Instant.parse("2026-05-17T12:00:00Z"), "17.11", "lago", "sidecar", false, true, extension);
    }
}
