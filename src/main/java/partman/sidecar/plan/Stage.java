package partman.sidecar.plan;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.step.Transaction;

/**
 * One phase of an online conversion. Each of its transactions takes effect by itself.
 *
 * @param shared transactions that several workers share among them, in any order
 * @param transactions those that follow, in order
 * @param remark how they are run, if there is more to tell than their SQL does; else empty
 */
public record Stage(Phase phase, List<Transaction> shared, List<Transaction> transactions, String remark) {

    public Stage {
        shared = List.copyOf(shared);
        transactions = List.copyOf(transactions);
    }

    static Stage of(Phase phase, Transaction... transactions) {
        return new Stage(phase, List.of(), List.of(transactions), "");
    }

    /** Every transaction, the shared ones first. */
    public List<Transaction> all() {
        List<Transaction> all = new ArrayList<>(shared);
        all.addAll(transactions);
        return List.copyOf(all);
    }
}
