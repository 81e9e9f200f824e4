package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QualifiedNameTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            public.events          | public        | events
            events                 | public        | events
            Sales.Events           | Sales         | Events
            "public"."events"      | public        | events
            "My ""Schema""\".events | My "Schema"   | events
            "a.b"."c.d"            | a.b           | c.d
            "a.b"                  | public        | a.b
            app."two words"        | app           | two words
            """)
    void readsWhatPeopleWrite(String text, String schema, String name) {
        assertThat(QualifiedName.parse(text)).isEqualTo(QualifiedName.of(schema, name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a.", ".b", "a.b.c", "\"a", "a.\"b", "\"\"", "\"\".b", "\"a\"\"", "a..b"})
    void refusesWhatIsNoName(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> QualifiedName.parse(text));
    }

    @Test
    void saysWhyItRefuses() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QualifiedName.parse("db.public.events"))
                .withMessage("'db.public.events' has more than two parts; write it as schema.table");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QualifiedName.parse("public.\"events"))
                .withMessageContaining("unclosed double quote");
    }

    @Test
    void quotesBothParts() {
        assertThat(QualifiedName.of("My \"Schema\"", "a.b").sql()).isEqualTo("\"My \"\"Schema\"\"\".\"a.b\"");
    }

    @Test
    void writesItsNameForPartConfigWithoutQuotes() {
        assertThat(QualifiedName.of("My Schema", "Events").unquoted()).isEqualTo("My Schema.Events");
    }

    @Test
    void movesToAnotherSchema() {
        assertThat(QualifiedName.parse("public.events").in(new Identifier("work")))
                .isEqualTo(QualifiedName.parse("work.events"));
    }

    @Test
    void namesAnotherTableOfItsSchema() {
        assertThat(QualifiedName.parse("app.events").withName(new Identifier("others")))
                .isEqualTo(QualifiedName.parse("app.others"));
    }

    @Test
    void sortsBySchemaAndName() {
        assertThat(QualifiedName.parse("a.z")).isLessThan(QualifiedName.parse("b.a"));
        assertThat(QualifiedName.parse("a.a")).isLessThan(QualifiedName.parse("a.b"));
    }
}
