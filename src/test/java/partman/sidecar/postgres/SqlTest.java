package partman.sidecar.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static partman.sidecar.postgres.Sql.sql;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import partman.sidecar.model.Definition;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.Literal;
import partman.sidecar.model.QualifiedName;

class SqlTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "Events");

    @Test
    void splicesNamesThatQuoteThemselves() {
        Sql sql = sql("SELECT {column} FROM {table}")
                .with("column", new Identifier("a\"b"))
                .with("table", EVENTS);

        assertThat(sql.jdbcText()).isEqualTo("SELECT \"a\"\"b\" FROM \"public\".\"Events\"");
    }

    @Test
    void splicesOneGapWhereverItIsNamed() {
        Sql sql = sql("{a}, {a} AND {a}").with("a", Literal.of(1));

        assertThat(sql).hasToString("1, 1 AND 1");
    }

    @Test
    void splicesEveryKindOfSplice() {
        Sql sql = sql("{literal} {names} {definition}")
                .with("literal", Literal.of("it's"))
                .with("names", new Identifiers(List.of(new Identifier("a"), new Identifier("b"))))
                .with("definition", new Definition("CHECK (a > 0)"));

        assertThat(sql).hasToString("'it''s' \"a\", \"b\" CHECK (a > 0)");
    }

    @Test
    void readsNothingInWhatIsSplicedOrBound() {
        Sql sql = sql("SELECT {a}, :b")
                .with("a", Literal.of("{c} :d '; DROP TABLE e; --"))
                .bind("b", "{a} :b '; DROP TABLE e; --");

        assertThat(sql).hasToString("SELECT '{c} :d ''; DROP TABLE e; --', '{a} :b ''; DROP TABLE e; --'");
    }

    @Test
    void bindsInTheOrderOfTheText() {
        Sql sql = sql("SELECT f(a => :first, b => :second, c => :first)")
                .bind("second", 2)
                .bind("first", "one");

        assertThat(sql.jdbcText()).isEqualTo("SELECT f(a => ?, b => ?, c => ?)");
        assertThat(sql.jdbcArguments()).containsExactly("one", 2, "one");
    }

    @Test
    void takesTheLastValueOfAName() {
        Sql template = sql("SELECT :a");

        assertThat(template.bind("a", 1).bind("a", 2)).hasToString("SELECT 2");
    }

    @Test
    void leavesTheStatementItWasMadeFromAsItWas() {
        Sql template = sql("SELECT {a}, :b");

        Sql one = template.with("a", Literal.of(1)).bind("b", 1);
        Sql two = template.with("a", Literal.of(2)).bind("b", 2);

        assertThat(one).hasToString("SELECT 1, 1");
        assertThat(two).hasToString("SELECT 2, 2");
    }

    @Test
    void takesNoCastForAParameter() {
        Sql sql = sql("SELECT a::text, :a::timestamp, '1'::int").bind("a", "2026-01-01");

        assertThat(sql.jdbcText()).isEqualTo("SELECT a::text, ?::timestamp, '1'::int");
    }

    @Test
    void takesNoNamedArgumentForAParameter() {
        assertThat(sql("SELECT f(p_a := 1, p_b => 2)").hasBinds()).isFalse();
    }

    @Test
    void looksForNothingInsideQuotesAndComments() {
        Sql sql = sql("""
                SELECT ':a {b}', 'it''s :a' -- :a {b}
                FROM c
                """);

        assertThat(sql.hasBinds()).isFalse();
        assertThat(sql).hasToString("SELECT ':a {b}', 'it''s :a' -- :a {b}\nFROM c");
    }

    @Test
    void looksForNothingInsideABlockComment() {
        assertThat(sql("SELECT 1 /* :a {b} */").hasBinds()).isFalse();
    }

    @Test
    void doublesAQuestionMarkThatStandsForItselfBesideParameters() {
        assertThat(sql("SELECT a ? 'b'").jdbcText()).isEqualTo("SELECT a ? 'b'");
        assertThat(sql("SELECT a ? :b").bind("b", 1).jdbcText()).isEqualTo("SELECT a ?? ?");
        assertThat(sql("SELECT {c}, :b")
                        .with("c", new Definition("a ? 'b'"))
                        .bind("b", 1)
                        .jdbcText())
                .isEqualTo("SELECT a ?? 'b', ?");
    }

    @Test
    void printsValuesAsLiterals() {
        Sql sql = sql("VALUES (:text, :number, :flag, :nothing, :list, :none)")
                .bind("text", "it's")
                .bind("number", 4.5)
                .bind("flag", true)
                .bind("nothing", null)
                .bind("list", Arrays.asList("a", "b'c", null))
                .bind("none", List.of());

        assertThat(sql).hasToString("VALUES ('it''s', 4.5, true, NULL, ARRAY['a', 'b''c', NULL], '{}')");
    }

    @Test
    void printsQuestionMarksOnce() {
        assertThat(sql("SELECT a ? :b").bind("b", "?")).hasToString("SELECT a ? '?'");
    }

    @Test
    void takesADefinitionAsItIs() {
        Sql sql = Sql.of(new Definition("CREATE INDEX a ON b (c) WHERE d ~ ':e{3}?'"));

        assertThat(sql.hasBinds()).isFalse();
        assertThat(sql.jdbcText()).isEqualTo("CREATE INDEX a ON b (c) WHERE d ~ ':e{3}?'");
    }

    @Test
    void refusesANameThatItDoesNotHold() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sql("SELECT {a}").with("b", Literal.of(1)))
                .withMessageContaining("{b}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sql("SELECT :a").bind("b", 1))
                .withMessageContaining(":b");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sql("SELECT ':a'").bind("a", 1))
                .withMessageContaining(":a");
    }

    @Test
    void refusesToRunWithAGapOrAParameterLeftOpen() {
        assertThatIllegalStateException()
                .isThrownBy(() -> sql("SELECT {a}").jdbcText())
                .withMessageContaining("{a}");
        assertThatIllegalStateException()
                .isThrownBy(() -> sql("SELECT :a").jdbcArguments())
                .withMessageContaining(":a");
        assertThatIllegalStateException()
                .isThrownBy(() -> sql("SELECT :a").toString())
                .withMessageContaining(":a");
    }
}
