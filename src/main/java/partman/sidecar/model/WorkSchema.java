package partman.sidecar.model;

/** Names of the schemas that a conversion uses beside the table's own. */
public final class WorkSchema {

    /** Where online conversions keep what the catalog can't tell. */
    public static final Identifier SIDECAR = new Identifier("partman_sidecar");

    private WorkSchema() {}

    /** Where the partitioned successor of a plain table is built, under its final name. */
    public static QualifiedName shadowOf(QualifiedName table) {
        return table.in(Identifier.ofCut("partman_work_", table.schema().name()));
    }

    /** Where the plain table is kept once its successor has taken its place. */
    public static QualifiedName retiredOf(QualifiedName table) {
        return table.in(Identifier.ofCut("partman_retired_", table.schema().name()));
    }

    /** Where an undo gathers the rows of a partition set, in a plain table under the set's name. */
    public static QualifiedName plainOf(QualifiedName table) {
        return table.in(Identifier.ofCut("partman_undo_", table.schema().name()));
    }

    /** The partitions that an undo empties, and the rows that each had when it began. */
    public static QualifiedName notedOf(QualifiedName table) {
        return plainOf(table).withName(Identifier.ofCut("noted_", table.name().name()));
    }

    /** Where an undo puts the old parent for the moment that the plain table takes its place. */
    public static QualifiedName undoneOf(QualifiedName table) {
        return table.in(Identifier.ofCut("partman_undone_", table.schema().name()));
    }

    /** pg_partman's template table for a set, named as pg_partman itself would name it unless the name is too long. */
    public static QualifiedName templateOf(QualifiedName table, Identifier partman) {
        String rest = table.schema().name() + "_" + table.name().name();
        return new QualifiedName(partman, Identifier.ofCut("template_", rest));
    }

    /** Where the keys of changed rows wait during the conversion of the table with this OID. */
    public static QualifiedName journalOf(long tableOid) {
        return new QualifiedName(SIDECAR, new Identifier("journal_" + tableOid));
    }

    /** The trigger function that fills the journal. */
    public static QualifiedName captureOf(long tableOid) {
        return new QualifiedName(SIDECAR, new Identifier("capture_" + tableOid));
    }
}
