package partman.sidecar.config;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Optional;

/** A five-field cron expression; which moments it names depends on the time zone. */
public final class CronExpression {

    /** As Quarkus' scheduler reads it with {@code quarkus.scheduler.cron-type=unix}. */
    private static final CronParser PARSER = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));

    private final ExecutionTime times;

    private CronExpression(ExecutionTime times) {
        this.times = times;
    }

    /**
     * Reads an expression.
     *
     * @throws IllegalArgumentException if the text is none
     */
    public static CronExpression parse(String text) {
        return new CronExpression(ExecutionTime.forCron(PARSER.parse(text).validate()));
    }

    /** Whether there is a moment that it names. */
    boolean comesRound() {
        return times.nextExecution(LocalDate.EPOCH.atStartOfDay(ZoneOffset.UTC)).isPresent();
    }

    /** The last moment before this one that it names. */
    public Optional<Instant> lastBefore(Instant moment, ZoneId zone) {
        return times.lastExecution(moment.atZone(zone)).map(ZonedDateTime::toInstant);
    }

    /** The first moment after this one that it names. */
    public Optional<Instant> nextAfter(Instant moment, ZoneId zone) {
        return times.nextExecution(moment.atZone(zone)).map(ZonedDateTime::toInstant);
    }
}
