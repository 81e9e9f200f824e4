package partman.sidecar.reconcile;

import io.quarkus.logging.Log;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import partman.sidecar.catalog.Replicas;
import partman.sidecar.model.Conversion.Blocks;
import partman.sidecar.model.TableSpec;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.Session;
import partman.sidecar.step.CopyBlocks;
import partman.sidecar.step.Transaction;

/**
 * Copies a table by several workers, each a range of blocks at a time: as many as take about as long as a batch shall take, and not
 * faster than the settings and the replicas allow.
 */
final class Backfill {

    /** Blocks of the first batch: 2 MB. Later ones grow from what it took. */
    private static final long FIRST_BLOCKS = 256;

    /** Blocks of the largest batch: 1 GB. */
    private static final long MOST_BLOCKS = 131_072;

    private static final Duration LAG_PAUSE = Duration.ofSeconds(1);

    private final TableSpec spec;
    private final Database database;
    private final long started = System.nanoTime();

    private final Deque<Blocks> left = new ArrayDeque<>();
    private long blocksAtOnce = FIRST_BLOCKS;
    private long blocksTotal;
    private long blocksCopied;
    private long rowsCopied;
    private long told = System.nanoTime();
    private boolean lagging;

    Backfill(TableSpec spec, Database database) {
        this.spec = spec;
        this.database = database;
    }

    /** Copies the blocks of all of the transactions, each of which has one step; {@code begin} begins a batch's transaction. */
    void run(List<Transaction> copies, BiConsumer<Session, Transaction> begin) {
        if (copies.isEmpty()) {
            return;
        }
        Transaction first = copies.getFirst();
        CopyBlocks copy = (CopyBlocks) first.steps().getFirst();
        for (Transaction transaction : copies) {
            Blocks blocks = ((CopyBlocks) transaction.steps().getFirst()).blocks();
            left.add(blocks);
            blocksTotal += blocks.to() - blocks.from();
        }
        Workers.share(
                spec.conversion().workers(),
                this::next,
                (session, blocks) -> {
                    awaitReplicas(session);
                    long batch = System.nanoTime();
                    long rows = session.inTransaction(() -> {
                        begin.accept(session, first);
                        return copy.of(blocks).copy(session);
                    });
                    done(blocks, rows, Timing.since(batch));
                },
                database);
    }

    private synchronized @Nullable Blocks next() {
        Blocks gap = left.poll();
        if (gap == null) {
            return null;
        }
        long end = Math.min(gap.to(), gap.from() + blocksAtOnce);
        if (end < gap.to()) {
            left.addFirst(new Blocks(end, gap.to()));
        }
        return new Blocks(gap.from(), end);
    }

    /** Notes a batch, and makes the worker wait if all of them together were too fast. */
    private void done(Blocks blocks, long rows, Duration took) {
        Duration ahead;
        synchronized (this) {
            blocksCopied += blocks.to() - blocks.from();
            rowsCopied += rows;
            adapt(blocks, took);
            long most = spec.conversion().maxRowsPerSecond();
            ahead = most == 0
                    ? Duration.ZERO
                    : Duration.ofMillis(rowsCopied * 1000 / most).minus(Timing.since(started));
            if (Timing.since(told).compareTo(Timing.PROGRESS_EVERY) >= 0) {
                told = System.nanoTime();
                tell();
            }
        }
        if (ahead.isPositive()) {
            Timing.sleep(ahead);
        }
    }

    /** The next batch shall take as long as one should: at most twice as large as the last, at least half. */
    private void adapt(Blocks blocks, Duration took) {
        long size = blocks.to() - blocks.from();
        long target = spec.conversion().batchTarget().toMillis();
        long fitting = size * target / Math.max(1, took.toMillis());
        long most = spec.conversion().maxRowsPerSecond();
        if (most > 0 && rowsCopied > 0) {
            // what a second allows, shared among the workers
            fitting = Math.min(
                    fitting,
                    blocksCopied * most / rowsCopied / spec.conversion().workers());
        }
        blocksAtOnce = Math.clamp(Math.clamp(fitting, size / 2, size * 2), 1, MOST_BLOCKS);
    }

    private void tell() {
        double seconds = Timing.since(started).toMillis() / 1000.0;
        long rate = (long) (rowsCopied / seconds);
        long eta = (long) ((blocksTotal - blocksCopied) * seconds / Math.max(1, blocksCopied));
        Log.infof(
                "table=%s conversion phase=backfill blocks=%d of %d, rows=%d, rate=%d rows/s, left about %d s",
                spec.table(), blocksCopied, blocksTotal, rowsCopied, rate, eta);
    }

    private void awaitReplicas(Session session) {
        Duration most = spec.conversion().maxReplicaLag();
        if (most == null) {
            return;
        }
        while (true) {
            Duration lag = Replicas.lag(session);
            boolean late = lag.compareTo(most) > 0;
            synchronized (this) {
                if (late != lagging) {
                    lagging = late;
                    Log.infof(
                            "table=%s conversion phase=backfill %s: replica lag=%ds, max-replica-lag=%ds",
                            spec.table(), late ? "pauses" : "goes on", lag.toSeconds(), most.toSeconds());
                }
            }
            if (!late) {
                return;
            }
            Timing.sleep(LAG_PAUSE);
        }
    }
}
