package partman.sidecar;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import partman.sidecar.config.HttpPort;
import partman.sidecar.config.InvalidConfigException;
import partman.sidecar.config.Settings;

/** The entry point: checks command and settings before anything starts. */
@QuarkusMain
public final class Sidecar {

    private Sidecar() {}

    /** Runs the service without an argument, else one command; see {@link Command}. */
    public static void main(String... arguments) {
        Command command = Command.of(arguments);
        if (command == null) {
            System.err.print(Command.usage());
            System.exit(ExitCode.BAD_CONFIGURATION);
            return;
        }
        if (command == Command.HELP) {
            System.out.print(Command.usage());
            return;
        }
        if (command == Command.VERSION) {
            System.out.println("partman-sidecar " + Version.CURRENT);
            return;
        }
        try {
            if (command == Command.CHECK_LIVE) {
                System.exit(Liveness.answers(HttpPort.of(System.getenv())) ? ExitCode.DONE : ExitCode.FAILED);
                return;
            }
            Settings.load();
        } catch (InvalidConfigException e) {
            System.err.println("partman-sidecar can't start, its settings are wrong:\n" + e.getMessage());
            System.exit(ExitCode.BAD_CONFIGURATION);
        }
        if (command != Command.RUN) {
            // a command runs beside the service, whose port is taken; its output is for people and pipes, the log is
            // not
            System.setProperty("quarkus.http.host-enabled", "false");
            System.setProperty("quarkus.log.console.stderr", "true");
            if (command == Command.PLAN || command == Command.PLAN_UNDO || command == Command.CHECK) {
                System.setProperty("quarkus.log.category.\"partman\".level", "ERROR");
            }
        }
        Quarkus.run(CommandLine.class, arguments);
    }
}
