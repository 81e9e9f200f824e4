package partman.sidecar.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatabaseTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "jdbc:postgresql://db:5432/lago jdbc:postgresql://db:5432/jobs%20%26%20co",
                "jdbc:postgresql://db/lago?sslmode=require&a=/b jdbc:postgresql://db/jobs%20%26%20co?sslmode=require&a=/b",
                "jdbc:postgresql://a:1,b:2/lago?x=y jdbc:postgresql://a:1,b:2/jobs%20%26%20co?x=y",
                "jdbc:postgresql://db/ jdbc:postgresql://db/jobs%20%26%20co",
                "jdbc:postgresql://db jdbc:postgresql://db/jobs%20%26%20co",
                "jdbc:postgresql:lago jdbc:postgresql:jobs%20%26%20co",
            })
    void namesAnotherDatabaseOfTheServer(String url, String other) {
        assertThat(Database.elsewhere(url, "jobs & co")).isEqualTo(other);
    }
}
