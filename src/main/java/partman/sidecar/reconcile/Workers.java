package partman.sidecar.reconcile;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import partman.sidecar.postgres.Database;
import partman.sidecar.postgres.DatabaseException;
import partman.sidecar.postgres.Session;

/** Work that several connections share among them. */
final class Workers {

    private Workers() {}

    /** Has each piece done by whichever worker is free. */
    static <T> void share(int workers, List<T> pieces, BiConsumer<Session, T> work, Database database) {
        Iterator<T> left = pieces.iterator();
        share(workers, () -> next(left), work, database);
    }

    private static <T> @Nullable T next(Iterator<T> left) {
        synchronized (left) {
            return left.hasNext() ? left.next() : null;
        }
    }

    /**
     * Has pieces done until the supplier, which must be fit for several threads, gives null. A failure ends the other workers after
     * the piece that they are at, and is thrown.
     */
    static <T> void share(int workers, Supplier<@Nullable T> next, BiConsumer<Session, T> work, Database database) {
        List<Future<?>> ends = new ArrayList<>();
        boolean[] failed = new boolean[1];
        try (ExecutorService threads = Executors.newFixedThreadPool(
                workers, Thread.ofPlatform().name("worker-", 1).daemon().factory())) {
            for (int i = 0; i < workers; i++) {
                ends.add(threads.submit(() -> {
                    try (Session session = database.open()) {
                        for (T piece = next.get(); piece != null && !failed[0]; piece = next.get()) {
                            work.accept(session, piece);
                        }
                    } catch (RuntimeException e) {
                        failed[0] = true;
                        throw e;
                    }
                }));
            }
        }
        for (Future<?> end : ends) {
            try {
                end.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new DatabaseException("interrupted", DatabaseException.Kind.RETRYABLE);
            }
        }
    }
}
