package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class HtmlTest {

    @Test
    void escapesWhateverIsPutIntoATemplate() {
        assertThat(Html.of("<p title=\"{}\">{}</p>", "a\"b'c", "<script>&amp;").toString())
                .isEqualTo("<p title=\"a&quot;b&#39;c\">&lt;script&gt;&amp;amp;</p>");
    }

    @Test
    void doesNotTakeAValueForATemplate() {
        assertThat(Html.of("<b>{}</b>{}", "{}", 7)).hasToString("<b>{}</b>7");
    }

    @Test
    void leavesWhatIsHtmlAlreadyAsItIs() {
        Html piece = Html.of("<i>{}</i>", "<");

        assertThat(Html.of("<b>{}</b>", piece)).hasToString("<b><i>&lt;</i></b>");
        assertThat(Html.of(List.of(piece, Html.text("&")))).hasToString("<i>&lt;</i>&amp;");
    }

    @Test
    void showsNoCharacterThatHidesOrTurnsText() {
        assertThat(Html.text("a\0b\u001bc\u202ed\u2066e\nf\tg")).hasToString("a�b�c�d�e\nf\tg");
    }

    @Test
    void refusesMoreValuesThanPlaces() {
        assertThatThrownBy(() -> Html.of("<b>{}</b>", "one", "two")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void countsBytes() {
        assertThat(Html.text("ü<").bytes()).isEqualTo(6);
    }
}
