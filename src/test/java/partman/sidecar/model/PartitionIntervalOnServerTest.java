package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDateTime;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** That the arithmetic here is PostgreSQL's and pg_partman's own. */
@Postgres
class PartitionIntervalOnServerTest {

    private static final String[] MOMENTS = {
        "2026-01-31T00:00",
        "2028-02-29T12:34:56.789",
        "2026-03-29T02:30",
        "2025-12-31T23:59:59.999999",
        "1999-01-01T00:00"
    };

    private final TestDatabase database;

    PartitionIntervalOnServerTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1 second",
                "30 seconds",
                "1 minute",
                "15 minutes",
                "1 hour",
                "01:30:00",
                "6 hours",
                "24 hours",
                "1 day",
                "1 week",
                "10 days",
                "29 days",
                "30 days",
                "1 month",
                "1 month 1 day",
                "3 months",
                "11 months",
                "359 days",
                "360 days",
                "1 year",
                "14 months",
                "5 years",
                "9 years 11 months",
                "10 years"
            })
    void agreesOnBoundsAndText(String text) {
        PartitionInterval interval = PartitionInterval.parse(text);

        for (String moment : MOMENTS) {
            LocalDateTime at = LocalDateTime.parse(moment);
            assertThat(interval.after(at)).isEqualTo(ask("'%s'::timestamp + interval '%s'", moment, text));
            assertThat(interval.before(at)).isEqualTo(ask("'%s'::timestamp - interval '%s'", moment, text));
            assertThat(interval.floor(at)).isEqualTo(ask("""
                    (SELECT base_timestamp::timestamp
                     FROM partman.calculate_time_partition_info(interval '%2$s', '%1$s'::timestamptz))
                    """, moment, text));
        }
        assertThat(PartitionInterval.parse(
                        database.strings("SELECT interval '" + text + "'::text").getFirst()))
                .isEqualTo(interval);
        assertThat(database.single("SELECT (interval '%s')::text = (interval '%s')::text".formatted(interval, text)))
                .isEqualTo(true);
    }

    private LocalDateTime ask(String expression, String moment, String text) {
        database.execute("SET TimeZone = 'UTC'");
        String answer = database.strings("SELECT " + "to_char(" + expression.formatted(moment, text)
                        + ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US')")
                .getFirst();
        return LocalDateTime.parse(answer);
    }
}
