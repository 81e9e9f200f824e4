package partman.sidecar;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the process is asked to do on its command line. */
enum Command {
    RUN("", "run as a service until it is stopped"),
    PLAN("plan", "print the SQL that would be run, change nothing"),
    PLAN_UNDO("plan --undo", "print SQL by which a person can make a plain table again, change nothing"),
    CHECK("check", "print each table's state, change nothing"),
    CHECK_LIVE("check --live", "ask the service beside it whether it lives, for a container's health check"),
    CONVERT("convert", "bring each table to its desired state, now"),
    MAINTAIN("maintain", "run pg_partman's maintenance of every set, now"),
    ABORT("abort", "undo an unfinished conversion"),
    DROP_RETIRED("drop-retired", "drop what conversions have kept: plain tables, old default partitions"),
    VERSION("--version", "print the version"),
    HELP("--help", "print this");

    private final String word;
    private final String help;

    Command(String word, String help) {
        this.word = word;
        this.help = help;
    }

    /** The command of these arguments, or null if they are none. */
    static @Nullable Command of(String... arguments) {
        String word = String.join(" ", arguments);
        for (Command command : values()) {
            if (command.word.equals(word)) {
                return command;
            }
        }
        return null;
    }

    static String usage() {
        StringBuilder text = new StringBuilder("usage: partman-sidecar [command]\n\n");
        for (Command command : values()) {
            text.append(String.format(
                    Locale.ROOT, "  %-14s %s%n", command.word.isEmpty() ? "(none)" : command.word, command.help));
        }
        return text.append(
                        "\nexit codes: 0 done or nothing to do, 1 failed, 2 bad configuration, 3 changes pending (plan, check), 4 blocked\n")
                .toString();
    }
}
