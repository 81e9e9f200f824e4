package partman.sidecar.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WorkSchemaTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    @Test
    void keepsTheTablesName() {
        assertThat(WorkSchema.shadowOf(EVENTS)).isEqualTo(QualifiedName.of("partman_work_public", "events"));
        assertThat(WorkSchema.retiredOf(EVENTS)).isEqualTo(QualifiedName.of("partman_retired_public", "events"));
    }

    @Test
    void namesTheTemplateAsPartmanDoes() {
        assertThat(WorkSchema.templateOf(EVENTS, new Identifier("partman")))
                .isEqualTo(QualifiedName.of("partman", "template_public_events"));
    }

    @Test
    void namesTheJournalByTheTablesOid() {
        assertThat(WorkSchema.journalOf(4_294_967_295L))
                .isEqualTo(QualifiedName.of("partman_sidecar", "journal_4294967295"));
        assertThat(WorkSchema.captureOf(4_294_967_295L))
                .isEqualTo(QualifiedName.of("partman_sidecar", "capture_4294967295"));
    }

    @Test
    void keepsTheTablesNameInAnUndo() {
        assertThat(WorkSchema.plainOf(EVENTS)).isEqualTo(QualifiedName.of("partman_undo_public", "events"));
        assertThat(WorkSchema.notedOf(EVENTS)).isEqualTo(QualifiedName.of("partman_undo_public", "noted_events"));
        assertThat(WorkSchema.undoneOf(EVENTS)).isEqualTo(QualifiedName.of("partman_undone_public", "events"));
    }

    @Test
    void tellsLongSchemasApart() {
        QualifiedName one = QualifiedName.of("s".repeat(62) + "1", "events");
        QualifiedName two = QualifiedName.of("s".repeat(62) + "2", "events");

        assertThat(WorkSchema.shadowOf(one)).isNotEqualTo(WorkSchema.shadowOf(two));
    }
}
