package partman.sidecar.config;

import java.util.ArrayList;
import java.util.List;

/** What is wrong with the settings, gathered until all of them have been read. */
final class Faults {

    private final List<String> lines = new ArrayList<>();

    /** Notes one fault; {@code text} says what happened and what to do, and shows a value only by way of {@link Shown}. */
    void add(String key, String text) {
        lines.add(key + ": " + text);
    }

    /** Notes faults that were found elsewhere. */
    void addAll(List<String> more) {
        lines.addAll(more);
    }

    List<String> lines() {
        return List.copyOf(lines);
    }

    void throwIfAny() {
        if (!lines.isEmpty()) {
            throw new InvalidConfigException(lines);
        }
    }
}
