package partman.sidecar.reconcile;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.reconcile.Snapshot.Copying;

/**
 * What was seen of online conversions of late. A copy goes on in batches of a second or so, and longer where it is held back: between two
 * looks that follow closely it may seem to stand still, so its rate is told over half a minute.
 */
final class CopyHistory {

    private static final Duration SPAN = Duration.ofSeconds(30);

    private record Look(Conversion conversion, Instant at) {

        boolean isOfTheSameCopyAs(Conversion later) {
            return conversion.id() == later.id()
                    && conversion.phase() == later.phase()
                    && conversion.blocksCopied() <= later.blocksCopied();
        }
    }

    private final Map<QualifiedName, Deque<Look>> looks = new HashMap<>();

    /** How far a conversion is now, compared with what was seen of it half a minute ago, or as long ago as anything was. */
    Copying add(QualifiedName table, Conversion now, Instant at) {
        Deque<Look> past = looks.computeIfAbsent(table, _ -> new ArrayDeque<>());
        if (!past.isEmpty() && !past.getLast().isOfTheSameCopyAs(now)) {
            past.clear();
        }
        Look before = past.pollFirst();
        while (before != null && !past.isEmpty() && isOldEnough(past.getFirst(), at)) {
            before = past.removeFirst();
        }
        if (before != null) {
            past.addFirst(before);
        }
        past.addLast(new Look(now, at));
        return before == null
                ? Copying.of(now, null, Duration.ZERO)
                : Copying.of(now, before.conversion(), Duration.between(before.at(), at));
    }

    private static boolean isOldEnough(Look look, Instant at) {
        return !look.at().plus(SPAN).isAfter(at);
    }
}
