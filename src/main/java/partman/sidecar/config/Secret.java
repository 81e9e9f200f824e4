package partman.sidecar.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A value that no message shows, from an environment variable or from the file that the same variable with {@code _FILE}
 * names.
 *
 * <p>Faults do not show the file's path either: it may be a password that was put into the wrong variable.
 *
 * @param variable the one of the two that is set
 */
record Secret(String variable, String value) {

    private static final int MAX_BYTES = 65_536;

    /** Reads the secret; null if neither variable is set, or with a fault. A file's last line end is no part of it. */
    static @Nullable Secret read(String variable, Function<String, @Nullable String> environment, Faults faults) {
        String fileVariable = variable + "_FILE";
        String value = environment.apply(variable);
        String path = environment.apply(fileVariable);
        boolean inFile = path != null && !path.isBlank();
        if (value != null && !value.isEmpty()) {
            if (inFile) {
                faults.add(fileVariable, variable + " is set too; set only one of them");
            }
            return new Secret(variable, value);
        }
        if (path == null || !inFile) {
            return null;
        }
        String content = content(fileVariable, path.strip(), faults);
        return content == null ? null : new Secret(fileVariable, content);
    }

    private static @Nullable String content(String fileVariable, String path, Faults faults) {
        byte[] bytes;
        try (InputStream file = Files.newInputStream(Path.of(path))) {
            bytes = file.readNBytes(MAX_BYTES + 1);
        } catch (IOException | InvalidPathException e) {
            faults.add(fileVariable, "the file that it names can't be read; check the path and the file's permissions");
            return null;
        }
        String content = new String(bytes, StandardCharsets.UTF_8).replaceFirst("\\r?\\n\\z", "");
        if (content.isEmpty()) {
            faults.add(fileVariable, "the file that it names is empty; write the secret into it");
            return null;
        }
        if (bytes.length > MAX_BYTES) {
            faults.add(
                    fileVariable,
                    "the file that it names holds more than %d bytes, which is no secret".formatted(MAX_BYTES));
            return null;
        }
        return content;
    }

    /** Only which variable gave the secret. */
    @Override
    public String toString() {
        return "Secret[variable=" + variable + "]";
    }
}
