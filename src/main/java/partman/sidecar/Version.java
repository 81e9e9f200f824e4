package partman.sidecar;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The program's version, which the build takes from pom.xml. */
final class Version {

    static final String CURRENT = read();

    private Version() {}

    private static String read() {
        try (InputStream version = Objects.requireNonNull(Version.class.getResourceAsStream("version"))) {
            return new String(version.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
