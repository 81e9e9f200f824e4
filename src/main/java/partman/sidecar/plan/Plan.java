package partman.sidecar.plan;

import java.util.List;
import partman.sidecar.model.TableState;
import partman.sidecar.step.Transaction;

/** What is to be done about one table, and why. */
public sealed interface Plan {

    TableState state();

    /** Why the table is in its state, in words for people; empty when all is well. */
    String reason();

    /** All is as it should be. */
    record Nothing() implements Plan {
        @Override
        public TableState state() {
            return TableState.HEALTHY;
        }

        @Override
        public String reason() {
            return "";
        }
    }

    /** Nothing to do now; the table is looked at again later. */
    record Wait(TableState state, String reason) implements Plan {}

    /** A person must change what the reason says. */
    record Blocked(TableState state, String reason) implements Plan {}

    /** A plain table whose shape has to be read before its conversion can be planned. */
    record Survey(TableState state, String reason) implements Plan {}

    /**
     * Transactions to run in this order, each followed by another look.
     *
     * @param notes what a person should know of it beforehand
     */
    record Run(TableState state, String reason, List<Transaction> transactions, List<String> notes) implements Plan {}

    /**
     * A plain table's conversion: one transaction under the table's lock. It is planned once more when the lock is held, so
     * that what was changed meanwhile is not lost.
     *
     * @param before transactions that come first
     * @param after what follows by itself once the conversion is done
     */
    record Convert(
            TableState state,
            String reason,
            List<Transaction> before,
            Transaction conversion,
            List<Transaction> after,
            List<String> notes)
            implements Plan {}

    /**
     * What is left of a plain table's online conversion, phase by phase, the next one first; each is followed by another look.
     *
     * @param conversion OID of the plain table, by which the conversion is known
     * @param before transactions that come first
     * @param after what follows by itself once the conversion is done
     */
    record Online(
            TableState state,
            String reason,
            long conversion,
            List<Transaction> before,
            List<Stage> stages,
            List<Transaction> after,
            List<String> notes)
            implements Plan {}
}
