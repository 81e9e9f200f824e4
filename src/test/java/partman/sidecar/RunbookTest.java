package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TestDatabase;

/** The SQL in README's runbook runs, so that nobody finds a mistake in it at night. */
@Postgres
class RunbookTest {

    private static final Pattern BLOCK = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL);
    private static final Pattern STATEMENT_END = Pattern.compile("; *(--[^\n]*)?\n");

    /** What needs pg_cron, the background worker, or a conversion under way. */
    private static final List<String> ELSEWHERE = List.of("cron.", "pg_partman_bgw.", "partman_sidecar.");

    private final TestDatabase database;

    RunbookTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void holdsSqlThatRuns() throws IOException {
        database.installPartman();
        database.createRole("lago");
        database.execute("""
                SET TimeZone = 'UTC';
                CREATE TABLE public.events (id bigint, "timestamp" timestamp NOT NULL) PARTITION BY RANGE ("timestamp");
                """, "SELECT partman.create_parent('public.events', 'timestamp', '1 month')");
        List<String> statements = statements();

        String printed = database.server().psql(database, String.join(";\n", statements) + ";\n");

        assertThat(statements).hasSizeGreaterThan(20);
        assertThat(printed).contains("events_p2", "maintenance_last_run");
    }

    private static List<String> statements() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        String runbook = readme.substring(readme.indexOf("\n## Runbook\n"));
        String blocks = BLOCK.matcher(runbook.substring(0, runbook.indexOf("\n## ", 1)))
                .results()
                .map((MatchResult block) -> block.group(1))
                .collect(Collectors.joining());
        return Stream.of(STATEMENT_END.split(blocks))
                .filter(statement -> ELSEWHERE.stream().noneMatch(statement::contains))
                .toList();
    }
}
