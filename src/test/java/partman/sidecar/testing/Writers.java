package partman.sidecar.testing;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BinaryOperator;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import partman.sidecar.model.QualifiedName;

/**
 * An application that writes while others work on its table. Four connections insert, update, move rows to another month,
 * delete, insert again what they have deleted, and read; each transaction also writes down in the {@link Ledger} what it did.
 *
 * <pre>{@code
 * Writers writers = Writers.onLago(database).role(application).start();
 * try (writers) {
 *     writers.awaitTransactions(200);
 *     convert();
 *     writers.awaitTransactions(200);
 * }
 * assertThat(Ledger.difference(database, table)).isEmpty();
 * assertThat(writers.slowest()).isLessThan(Duration.ofSeconds(1));
 * }</pre>
 *
 * <p>A statement that finds another number of rows in the table than in the ledger has failed, as one has that PostgreSQL
 * refuses: an application that sees a row missing or twice for a moment only is told of, too. No two connections use the same
 * row at the same time, since PostgreSQL refuses to change a row that another transaction is moving to another partition; it
 * is one and the same row that they change one right after the other.
 */
public final class Writers implements AutoCloseable {

    private static final int CONNECTIONS = 4;

    /** Events, spread over the whole table, that are chosen again and again. */
    private static final int FAVOURITES = 40;

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration RECONNECT_PAUSE = Duration.ofMillis(50);

    /** Connections that were refused or broken; the last three tell of a server that stops, has crashed, or starts. */
    private static final List<String> CONNECTION_LOSS = List.of("08", "57P01", "57P02", "57P03");

    /** A statement that succeeded. */
    private record Done(Duration took, Instant began, String sql) {}

    private interface Work<T> {
        T run() throws SQLException;
    }

    private interface Result<T> {
        T of(PreparedStatement statement) throws SQLException;
    }

    private interface Transaction {
        void run() throws SQLException;
    }

    private final WrittenTable table;
    private final TestDatabase database;
    private final String role;
    private final int transactionsPerSecond;
    private final boolean toleratesConnectionLoss;
    private final long rowsAtFirst;
    private final LocalDateTime newest =
            LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.DAYS).plusDays(20);

    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicLong lastEvent;
    private final Set<Long> eventsInUse = ConcurrentHashMap.newKeySet();
    private final AtomicInteger transactions = new AtomicInteger();
    private final AtomicInteger statements = new AtomicInteger();
    private final AtomicInteger connectionsLost = new AtomicInteger();
    private final AtomicReference<Done> slowest = new AtomicReference<>(new Done(Duration.ZERO, Instant.EPOCH, "none"));
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();

    private Writers(Builder builder) {
        this.table = builder.table;
        this.database = builder.database;
        this.role = builder.role;
        this.transactionsPerSecond = builder.transactionsPerSecond;
        this.toleratesConnectionLoss = builder.toleratesConnectionLoss;
        Ledger.open(database, table, role);
        this.rowsAtFirst = (Long) Objects.requireNonNull(database.single("SELECT count(*) FROM " + Ledger.TABLE.sql()));
        this.lastEvent = new AtomicLong(Math.max(rowsAtFirst, 1));
    }

    /** Begins writers on Lago's table, filled by {@link TableShapes#loadLagoRows} or empty. */
    public static Builder onLago(TestDatabase database) {
        return new Builder(database, WrittenTable.LAGO);
    }

    /** Begins writers on a table {@code public.events (id, at, note)} with key {@code (id, at)}, and ids from 1. */
    public static Builder onEvents(TestDatabase database) {
        return new Builder(database, WrittenTable.EVENTS);
    }

    /** Chooses how the writers write. */
    public static final class Builder {

        private final TestDatabase database;
        private final WrittenTable table;
        private String role = PostgresServer.SUPERUSER;
        private int transactionsPerSecond = 200;
        private boolean toleratesConnectionLoss;

        private Builder(TestDatabase database, WrittenTable table) {
            this.database = database;
            this.table = table;
        }

        /** Whom the writers connect as: a role made by {@link TestDatabase#createRole}, which gets rights on table and ledger alone. */
        public Builder role(String newRole) {
            role = newRole;
            return this;
        }

        /** How many transactions all connections together begin in a second. */
        public Builder transactionsPerSecond(int number) {
            transactionsPerSecond = number;
            return this;
        }

        /**
         * Lets the writers connect anew when the server has gone away. Whether the transaction that it left was committed makes no
         * difference: table and ledger have both or neither of its changes.
         */
        public Builder toleratingConnectionLoss() {
            toleratesConnectionLoss = true;
            return this;
        }

        /** Opens the ledger and begins to write. */
        public Writers start() {
            Writers writers = new Writers(this);
            writers.startThreads();
            return writers;
        }
    }

    private void startThreads() {
        for (int i = 0; i < CONNECTIONS; i++) {
            int number = i;
            threads.add(Thread.ofPlatform()
                    .name("writer " + number)
                    .daemon()
                    .uncaughtExceptionHandler((_, failure) -> failures.add(failure))
                    .start(() -> write(new Random(number))));
        }
    }

    /** Transactions committed until now. */
    public int transactions() {
        return transactions.get();
    }

    /** Connections that were lost, or refused while the server was away. */
    public int connectionsLost() {
        return connectionsLost.get();
    }

    /** How long the slowest statement took, {@code COMMIT} among them. */
    public Duration slowest() {
        return slowest.get().took();
    }

    /** Waits until so many transactions more are committed; fails at once if a statement failed. */
    public void awaitTransactions(int more) {
        int goal = transactions.get() + more;
        Awaitility.await(more + " transactions")
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> transactions.get() >= goal || !failures.isEmpty());
        requireNoFailure();
    }

    private void requireNoFailure() {
        if (!failures.isEmpty()) {
            throw new AssertionError("%d writers failed, the first one of: %s; before: %s; %s"
                    .formatted(failures.size(), failures.element().getMessage(), this, differenceNow()));
        }
    }

    private String differenceNow() {
        try {
            return Ledger.difference(database, table.name()).stream()
                    .findFirst()
                    .orElse("table and ledger agree");
        } catch (Client.Refused e) {
            return "table and ledger can't be compared: " + e.getMessage();
        }
    }

    /** Ends the writers; fails if a statement of theirs failed. */
    @Override
    public void close() {
        stopped.set(true);
        Instant limit = Instant.now().plus(PATIENCE);
        for (Thread thread : threads) {
            try {
                if (!thread.join(Duration.between(Instant.now(), limit))) {
                    failures.add(new AssertionError(thread.getName() + " still waits for the end of a statement"));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        try {
            requireNoFailure();
        } catch (AssertionError e) {
            failures.forEach(e::addSuppressed);
            throw e;
        }
    }

    @Override
    public String toString() {
        Done done = slowest.get();
        return "%d transactions, %d statements, %d connections lost, slowest %d ms at %s: %s"
                .formatted(
                        transactions.get(),
                        statements.get(),
                        connectionsLost.get(),
                        done.took().toMillis(),
                        done.began(),
                        done.sql().strip());
    }

    private void write(Random random) {
        while (!stopped.get()) {
            try (Connection connection = DriverManager.getConnection(database.jdbcUrl(), role, role)) {
                connection.setAutoCommit(false);
                writeAtPace(new Writer(connection, random));
            } catch (SQLException e) {
                if (!isTolerated(e)) {
                    throw new AssertionError("a writer's connection failed: " + e.getMessage(), e);
                }
                connectionsLost.incrementAndGet();
                LockSupport.parkNanos(RECONNECT_PAUSE.toNanos());
            }
        }
    }

    private boolean isTolerated(SQLException e) {
        String state = Optional.ofNullable(e.getSQLState()).orElse("");
        return toleratesConnectionLoss && CONNECTION_LOSS.stream().anyMatch(state::startsWith);
    }

    /** What a wait has delayed is made up for, as an application's requests pile up meanwhile, but for no more than a second. */
    private void writeAtPace(Writer writer) throws SQLException {
        long pause =
                Duration.ofSeconds(CONNECTIONS).dividedBy(transactionsPerSecond).toNanos();
        long due = System.nanoTime() + writer.random.nextLong(pause);
        while (!stopped.get()) {
            long wait = due - System.nanoTime();
            if (wait > 0) {
                LockSupport.parkNanos(wait);
            } else {
                writer.write();
                due = Math.max(
                        due + pause, System.nanoTime() - Duration.ofSeconds(1).toNanos());
            }
        }
    }

    /** The time of a new event: somewhere between eleven months ago and some weeks ahead, the same whenever it is asked. */
    private LocalDateTime timeOf(long number) {
        return newest.minusSeconds(number * 7_919_993 % Duration.ofDays(350).toSeconds());
    }

    /** One connection at work. */
    private final class Writer {

        private final Connection connection;
        private final Random random;

        Writer(Connection connection, Random random) {
            this.connection = connection;
            this.random = random;
        }

        void write() throws SQLException {
            int kind = random.nextInt(10);
            List<Long> events = kind < 3 ? List.of(takeNew()) : take(1 + random.nextInt(WrittenTable.EVENTS_NAMED));
            try {
                switch (kind) {
                    case 0, 1, 2 -> commit(() -> insert(events));
                    case 3, 4 -> commit(() -> onBoth(table.change(), named(events)));
                    case 5 -> commit(() -> move(events));
                    case 6 -> deleteAndPerhapsInsertAgain(events);
                    case 7, 8 -> commit(() -> enrichAgain(events));
                    default -> commit(() -> read(events));
                }
            } finally {
                events.forEach(eventsInUse::remove);
            }
        }

        private long takeNew() {
            long event = lastEvent.incrementAndGet();
            while (!eventsInUse.add(event)) {
                event = lastEvent.incrementAndGet();
            }
            return event;
        }

        /** Favourites, recent ones and any others; some may be gone. */
        private List<Long> take(int number) {
            List<Long> events = new ArrayList<>();
            while (events.size() < number) {
                long event = switch (random.nextInt(3)) {
                    case 0 -> 1 + rowsAtFirst * random.nextInt(FAVOURITES) / FAVOURITES;
                    case 1 -> Math.max(1, lastEvent.get() - random.nextInt(500));
                    default -> 1 + random.nextLong(lastEvent.get());
                };
                if (eventsInUse.add(event)) {
                    events.add(event);
                }
            }
            return events;
        }

        private void insert(List<Long> events) throws SQLException {
            for (long event : events) {
                onBoth(table.insert(), List.of(event, timeOf(event)));
            }
        }

        private void move(List<Long> events) throws SQLException {
            List<Object> parameters = new ArrayList<>(List.of(timeOf(random.nextInt(1_000_000))));
            parameters.addAll(named(events));
            onBoth(table.move(), parameters);
        }

        /** The next transaction makes rows of the same key, unless the old ones had been moved. */
        private void deleteAndPerhapsInsertAgain(List<Long> events) throws SQLException {
            commit(() -> onBoth(table.delete(), named(events)));
            if (random.nextBoolean()) {
                commit(() -> insert(events));
            }
        }

        /** As Lago does it: deletes the rows of some events, and inserts what they are now. */
        private void enrichAgain(List<Long> events) throws SQLException {
            int deleted = change(table.delete(), table.name(), named(events));
            int written = change(table.change(), Ledger.TABLE, named(events));
            requireSame(deleted, written, table.delete(), events);
            int inserted = change(table.insertFromLedger(), table.name(), named(events));
            requireSame(inserted, written, table.insertFromLedger(), events);
        }

        private void read(List<Long> events) throws SQLException {
            requireSame(rows(table.name(), events), rows(Ledger.TABLE, events), table.select(), events);
            int inserted = change(table.insertFromLedger(), table.name(), named(events));
            requireSame(inserted, 0, table.insertFromLedger(), events);
        }

        private void onBoth(String template, List<?> parameters) throws SQLException {
            int changed = change(template, table.name(), parameters);
            int written = change(template, Ledger.TABLE, parameters);
            requireSame(changed, written, template, parameters);
        }

        private void requireSame(Object held, Object expected, String template, List<?> parameters) {
            if (!held.equals(expected)) {
                throw new AssertionError("the table gave %s where the ledger tells of %s: %s with %s"
                        .formatted(
                                held, expected, template.formatted(table.name()).strip(), parameters));
            }
        }

        /** The parameters for a statement's condition. */
        private List<Long> named(List<Long> events) {
            return Stream.concat(events.stream(), Stream.generate(events::getLast))
                    .limit(WrittenTable.EVENTS_NAMED)
                    .toList();
        }

        private List<String> rows(QualifiedName from, List<Long> events) throws SQLException {
            return execute(table.select(), from, named(events), statement -> {
                List<String> rows = new ArrayList<>();
                try (ResultSet result = statement.getResultSet()) {
                    while (result.next()) {
                        StringBuilder row = new StringBuilder();
                        for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                            row.append(result.getString(i)).append('|');
                        }
                        rows.add(row.toString());
                    }
                }
                return rows.stream().sorted().toList();
            });
        }

        private int change(String template, QualifiedName changed, List<?> parameters) throws SQLException {
            return execute(template, changed, parameters, PreparedStatement::getUpdateCount);
        }

        private <T> T execute(String template, QualifiedName on, List<?> parameters, Result<T> result)
                throws SQLException {
            String sql = template.formatted(on.sql());
            return timed(sql, () -> {
                try (PreparedStatement statement = connection.prepareStatement(sql)) {
                    for (int i = 0; i < parameters.size(); i++) {
                        statement.setObject(i + 1, parameters.get(i));
                    }
                    statement.execute();
                    return result.of(statement);
                }
            });
        }

        private void commit(Transaction transaction) throws SQLException {
            transaction.run();
            timed("COMMIT", () -> {
                connection.commit();
                return true;
            });
            transactions.incrementAndGet();
        }

        private <T> T timed(String sql, Work<T> work) throws SQLException {
            Instant began = Instant.now();
            long start = System.nanoTime();
            try {
                T result = work.run();
                Done done = new Done(Duration.ofNanos(System.nanoTime() - start), began, sql);
                slowest.accumulateAndGet(done, BinaryOperator.maxBy(Comparator.comparing(Done::took)));
                statements.incrementAndGet();
                return result;
            } catch (SQLException e) {
                if (isTolerated(e)) {
                    throw e;
                }
                throw new AssertionError(
                        "%s after %d ms, begun at %s: %s"
                                .formatted(
                                        e.getMessage(),
                                        Duration.ofNanos(System.nanoTime() - start)
                                                .toMillis(),
                                        began,
                                        sql.strip()),
                        e);
            }
        }
    }
}
