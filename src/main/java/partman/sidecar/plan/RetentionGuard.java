package partman.sidecar.plan;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.PartitionInterval;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.Registration;
import partman.sidecar.model.TableSpec;

/**
 * Compares what pg_partman's retention would take from a set with what it shall take.
 *
 * <p>pg_partman takes a partition for expired when its lower bound and one interval are, whatever its upper bound is. Of an old table
 * that was attached as one partition of many months it detaches, or drops, every row, and calls that a success.
 *
 * @see <a href="https://github.com/pgpartman/pg_partman/blob/master/sql/functions/drop_partition_time.sql">drop_partition_time</a>
 */
public final class RetentionGuard {

    /** What pg_partman would take so soon counts too: other schedulers run it, also while nobody looks at the set. */
    private static final Duration LEAD = Duration.ofDays(1);

    private final PartitionSet set;
    private final PartitionInterval interval;
    private final Rule acting;
    private final Rule wanted;
    private final boolean sameRetention;
    private final List<LocalDateTime> moments;

    /**
     * By which partitions are taken away.
     *
     * @param retention null if it can't be read, or if all shall be kept
     * @param drops whether a partition that is taken away is gone
     * @param words the retention for people
     */
    private record Rule(@Nullable PartitionInterval retention, boolean drops, String words) {

        static Rule of(Registration registration, String text) {
            String unreadable = registration.retention() == null ? " (which can't be read here)" : "";
            return new Rule(registration.retention(), registration.mayDrop(), text + unreadable);
        }

        static Rule of(TableSpec spec) {
            String words = spec.retention() == null ? "none" : spec.retention().toString();
            return new Rule(spec.retention(), !spec.retentionKeepTable(), words);
        }

        boolean hasSameRetention(Rule other) {
            return retention == null ? words.equals(other.words) : retention.equals(other.retention);
        }

        /** Null keeps all. */
        boolean hasExpired(@Nullable LocalDateTime end, LocalDateTime now) {
            return retention != null && end != null && end.isBefore(retention.before(now));
        }
    }

    private RetentionGuard(PartitionSet set, PartitionInterval interval, Rule acting, Rule wanted, Instant now) {
        this.set = set;
        this.interval = interval;
        this.acting = acting;
        this.wanted = wanted;
        this.sameRetention = acting.hasSameRetention(wanted);
        LocalDateTime utc = LocalDateTime.ofInstant(now, ZoneOffset.UTC);
        this.moments = List.of(utc, utc.plus(LEAD));
    }

    /**
     * Why a set must not be maintained as its row in {@code part_config} is now, and what to do; null if it may be. Sets that are not
     * partitioned by time are not looked at.
     *
     * @param spec null if the set is not configured: then its own retention is the one that counts
     */
    public static @Nullable String danger(PartitionSet set, @Nullable TableSpec spec, Instant now) {
        Registration registration = set.registration();
        if (registration == null || registration.partitionInterval() == null || registration.retentionText() == null) {
            return null;
        }
        Rule acting = Rule.of(registration, registration.retentionText());
        Rule wanted = spec == null ? acting : Rule.of(spec);
        return new RetentionGuard(set, registration.partitionInterval(), acting, wanted, now).danger();
    }

    /** The same once the set's row in {@code part_config} says what is configured: what only another set of partitions will change. */
    static @Nullable String dangerAsConfigured(PartitionSet set, TableSpec spec, Instant now) {
        if (spec.retention() == null) {
            return null;
        }
        Rule rule = Rule.of(spec);
        return new RetentionGuard(set, spec.partitionInterval(), rule, rule, now).danger();
    }

    /**
     * What may keep pg_partman from taking a set's partitions away, for people: the foreign keys that refer to it; null if nothing
     * does, or if the set has no retention.
     */
    public static @Nullable String obstacle(PartitionSet set) {
        Registration registration = set.registration();
        return registration == null || registration.retentionText() == null
                ? null
                : obstacle(set, registration.mayDrop());
    }

    /** The same by the configuration. */
    static @Nullable String obstacle(PartitionSet set, TableSpec spec) {
        return spec.retention() == null ? null : obstacle(set, !spec.retentionKeepTable());
    }

    private static @Nullable String obstacle(PartitionSet set, boolean drops) {
        if (set.referencedBy().isEmpty()) {
            return null;
        }
        String what = drops
                ? "pg_partman can't drop a partition as long as they exist, unless detach_before_drop is set in part_config (from 5.5 on)"
                : "pg_partman can't detach a partition while a row refers to one of its rows";
        return "foreign keys refer to the set, %s: %s".formatted(what, String.join(", ", set.referencedBy()));
    }

    private @Nullable String danger() {
        List<Child> lost = set.children().stream().filter(this::isLost).toList();
        if (!lost.isEmpty()) {
            return "maintenance is held back: pg_partman would %s partition %s, from %s to %s%s, %s"
                    .formatted(
                            acting.drops() ? "drop" : "detach",
                            lost.getFirst().name(),
                            bound(lost.getFirst().from()),
                            bound(lost.getFirst().to()),
                            lost.size() == 1 ? "" : " (and %d more)".formatted(lost.size() - 1),
                            isLong(lost.getFirst()) ? whyLong(lost.getFirst()) : whyOtherwise());
        }
        List<Child> dropped = acting.drops() && !wanted.drops()
                ? set.children().stream()
                        .filter(child -> moments.stream().anyMatch(moment -> isTaken(child, moment)))
                        .toList()
                : List.of();
        return dropped.isEmpty()
                ? null
                : "maintenance is held back: pg_partman would drop partition %s%s, since part_config's retention_keep_table is false; configured is true"
                        .formatted(
                                dropped.getFirst().name(),
                                dropped.size() == 1 ? "" : " (and %d more)".formatted(dropped.size() - 1));
    }

    private static String bound(@Nullable LocalDateTime bound) {
        return bound == null ? "an open end" : bound.toString();
    }

    private String whyLong(Child child) {
        return "since it takes %s for its length; the retention (%s) keeps rows of it: in one transaction run ALTER TABLE %s DETACH PARTITION %s and insert its rows into %s, or set a longer retention"
                .formatted(
                        interval,
                        wanted.words(),
                        set.parent().sql(),
                        child.name().sql(),
                        set.parent());
    }

    private String whyOtherwise() {
        return "since part_config's retention is %s; configured is %s".formatted(acting.words(), wanted.words());
    }

    /** Whether pg_partman would take a child that shall be kept. */
    private boolean isLost(Child child) {
        // by the same rule it takes a child of one interval when it shall
        return (!sameRetention || isLong(child))
                && moments.stream()
                        .anyMatch(moment -> isTaken(child, moment) && !wanted.hasExpired(child.to(), moment));
    }

    private boolean isLong(Child child) {
        return child.from() == null
                || child.to() == null
                || interval.after(child.from()).isBefore(child.to());
    }

    /**
     * Whether pg_partman takes a child. That it leaves the last one is nothing to rely on: it makes partitions first. An open lower end
     * may be {@code -infinity}, which it takes ({@code MINVALUE} makes it fail); where both are open the lower one is {@code infinity}.
     */
    private boolean isTaken(Child child, LocalDateTime moment) {
        LocalDateTime from = child.from();
        if (from == null) {
            return child.to() != null;
        }
        LocalDateTime limit =
                acting.retention() == null ? moment : acting.retention().before(moment);
        return interval.after(from).isBefore(limit);
    }
}
