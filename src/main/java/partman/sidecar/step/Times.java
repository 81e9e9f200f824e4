package partman.sidecar.step;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** Moments as PostgreSQL reads them. */
final class Times {

    private static final DateTimeFormatter FORMAT = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");

    private Times() {}

    /** The moment in UTC, with the offset written out. */
    static String text(LocalDateTime moment) {
        return FORMAT.format(moment) + "+00";
    }

    static List<String> texts(List<LocalDateTime> moments) {
        return moments.stream().map(Times::text).toList();
    }
}
