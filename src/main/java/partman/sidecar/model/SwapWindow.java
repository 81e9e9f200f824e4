package partman.sidecar.model;

import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;

/**
 * A span of every day, in UTC, in which the application may be made to wait for a moment.
 *
 * @param from inclusive
 * @param to exclusive; a span whose end is before its beginning goes over midnight
 */
public record SwapWindow(LocalTime from, LocalTime to) {

    public SwapWindow {
        if (from.equals(to)) {
            throw new IllegalArgumentException("a window that begins and ends at " + from + " is empty");
        }
    }

    /** Whether the moment lies in the window. */
    public boolean contains(Instant moment) {
        LocalTime time = LocalTime.ofInstant(moment, ZoneOffset.UTC);
        return from.isBefore(to)
                ? !time.isBefore(from) && time.isBefore(to)
                : !time.isBefore(from) || time.isBefore(to);
    }

    @Override
    public String toString() {
        return from + "-" + to;
    }
}
