package partman.sidecar.model;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * An online conversion that has begun, as the schema {@code partman_sidecar} and the catalog tell of it.
 *
 * @param id OID of the plain table, which names the journal too
 * @param phase what is to be done next
 * @param keyColumns the columns that the journal keeps
 * @param controlColumn what the successor is partitioned by, and {@code partitionInterval} in which steps
 * @param changed what has happened to the plain table or to the conversion's own objects so that it must begin anew; empty if
 *     nothing has
 * @param failure why it was stopped for good, or null if it was not
 * @param blocks size of the plain table when the journal began, in blocks; 0 before
 * @param copied ranges of blocks that are copied, in order
 * @param rowsTotal rows of the plain table when the conversion began
 * @param rowsCopied rows that batches have copied
 * @param bytesTotal size of the plain table's heap when the journal began
 * @param journalRows changes that wait to be applied, at most {@link #JOURNAL_ROWS_CAP}
 */
public record Conversion(
        long id,
        Phase phase,
        Instant started,
        List<Identifier> keyColumns,
        Identifier controlColumn,
        String partitionInterval,
        String changed,
        @Nullable String failure,
        long blocks,
        List<Blocks> copied,
        long rowsTotal,
        long rowsCopied,
        long bytesTotal,
        long journalRows) {

    /** The name of the trigger that keeps the journal; nothing else of a table may be called so. */
    public static final Identifier TRIGGER = new Identifier("partman_sidecar_capture");

    /** Changes in the journal that are counted. */
    public static final long JOURNAL_ROWS_CAP = 1_000_000;

    public Conversion {
        keyColumns = List.copyOf(keyColumns);
        copied = List.copyOf(copied);
    }

    /** A range of a table's blocks, {@code from} inclusive, {@code to} exclusive. */
    public record Blocks(long from, long to) {

        /** All that a table can have: its last block has number 4,294,967,294. */
        public static final Blocks ALL = new Blocks(0, 4_294_967_295L);
    }

    /** The phases of a conversion, in order. */
    public enum Phase {
        /** The empty successor is made. */
        SHADOW,
        /** The journal and its trigger are made. */
        JOURNAL,
        /** Rows are copied. */
        BACKFILL,
        /** Rows that the journal names are deleted from the copy, since they may be there twice. */
        KEYS_ONCE,
        /** Keys and indexes are built. */
        INDEXES,
        /** What the journal names is copied anew. */
        CATCH_UP,
        /** Both tables' rows are compared. */
        VERIFY,
        /** The successor takes the table's place. */
        SWAP,
        /** The foreign keys, which hold for new rows already, are checked for the old ones. */
        FOREIGN_KEYS;

        /** The phase as metrics and pages spell it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Blocks that are copied, of {@link #blocks()}. */
    public long blocksCopied() {
        return copied.stream().mapToLong(range -> range.to() - range.from()).sum();
    }

    /** The ranges of blocks that are not copied yet, in order. */
    public List<Blocks> uncopied() {
        List<Blocks> gaps = new ArrayList<>();
        long end = 0;
        for (Blocks range : copied) {
            if (range.from() > end) {
                gaps.add(new Blocks(end, range.from()));
            }
            end = Math.max(end, range.to());
        }
        if (end < blocks) {
            gaps.add(new Blocks(end, blocks));
        }
        return List.copyOf(gaps);
    }
}
