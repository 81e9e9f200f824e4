package partman.sidecar.report;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.Observation;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.Warning;
import partman.sidecar.reconcile.Snapshot;

/**
 * The latest snapshot as a page for people: first whether all is well, then table by table, those first that need somebody.
 *
 * <p>Its size is bounded: tables that don't fit are told in one line each, and then by their number.
 */
final class StatusPage {

    /** Most bytes of the page. */
    static final int MOST_BYTES = 60_000;

    /** Bytes that a line about a table takes, and those that are kept for such lines at most. */
    private static final int LINE = 130;

    private static final int MOST_FOR_LINES = 26_000;

    /** Bytes of what is always there and is not counted: head, footer, what stands around the tables. */
    private static final int REST = 2_200;

    private static final int LONGEST_TEXT = 1_200;

    /** The page is not taken away more often than this from those who read it, and is not older than that. */
    private static final Duration SHORTEST_REFRESH = Duration.ofSeconds(15);

    private static final Duration LONGEST_REFRESH = Duration.ofSeconds(60);

    /** Warnings that do not say that something is wrong already. */
    private static final Set<Warning.Kind> ADVICE = EnumSet.of(Warning.Kind.EXTENSION_UPDATE);

    private record Entry(String id, Snapshot.Table table, Condition condition) {}

    private final Snapshot snapshot;
    private final @Nullable String staleness;
    private final String version;
    private final Instant now;
    private final Duration refresh;
    private final boolean paused;
    private final List<Entry> entries;

    private StatusPage(
            Snapshot snapshot,
            @Nullable String staleness,
            String version,
            Instant now,
            Duration observeEvery,
            boolean paused) {
        this.snapshot = snapshot;
        this.staleness = staleness;
        this.version = version;
        this.now = now;
        this.refresh = observeEvery.compareTo(SHORTEST_REFRESH) < 0
                ? SHORTEST_REFRESH
                : observeEvery.compareTo(LONGEST_REFRESH) > 0 ? LONGEST_REFRESH : observeEvery;
        this.paused = paused;
        this.entries = entries(snapshot);
    }

    /**
     * The page.
     *
     * @param staleness why the snapshot is too old to be believed, or null if it isn't
     * @param version the sidecar's own
     * @param now this process's clock
     * @param paused whether the reader wants it to stay as it is
     */
    static Html of(
            Snapshot snapshot,
            @Nullable String staleness,
            String version,
            Instant now,
            Duration observeEvery,
            boolean paused) {
        return new StatusPage(snapshot, staleness, version, now, observeEvery, paused).html();
    }

    /** The worst first, and else as the settings have them; a table keeps its name in the page wherever it stands. */
    private static List<Entry> entries(Snapshot snapshot) {
        List<Entry> entries = new ArrayList<>();
        for (Snapshot.Table table : snapshot.tables()) {
            entries.add(new Entry("t" + (entries.size() + 1), table, Condition.of(table, snapshot)));
        }
        entries.sort(Comparator.comparing((Entry entry) -> entry.condition().tone())
                .reversed()
                .thenComparing(entry -> !entry.table().configured()));
        return entries;
    }

    private Html html() {
        Tone tone = tone();
        Html verdict = Html.text(verdict(tone));
        Html server = ServerSection.of(snapshot, version, now);
        Html header = header(tone, verdict);
        Html warnings = warnings();
        int used = header.bytes() + warnings.bytes() + server.bytes() + StatusStyle.bytes();
        long lines = entries.stream().filter(entry -> !isWorthASection(entry)).count();
        int mostInFull = MOST_BYTES - REST - (int) Math.min(LINE * lines, MOST_FOR_LINES);
        List<Html> sections = new ArrayList<>();
        List<Entry> rest = new ArrayList<>();
        for (Entry entry : entries) {
            boolean full = isWorthASection(entry);
            Html section =
                    full ? TableSection.of(entry.id(), snapshot, entry.table(), entry.condition(), now) : Html.NOTHING;
            if (full && used + section.bytes() <= mostInFull) {
                used += section.bytes();
                sections.add(section);
            } else {
                rest.add(entry);
            }
        }
        return Html.of(
                """
                <!DOCTYPE html>
                <html lang="en"><head><meta charset="utf-8"><title>{}</title>\
                <meta name="viewport" content="width=device-width, initial-scale=1">\
                <meta name="color-scheme" content="light dark">{}{}<style>{}</style></head>
                <body>{}{}<main>{}{}{}{}</main>{}<script>{}</script></body></html>
                """,
                verdict + title(),
                paused ? Html.NOTHING : Html.of("<meta http-equiv=\"refresh\" content=\"{}\">", refresh.toSeconds()),
                StatusStyle.favicon(tone),
                StatusStyle.CSS,
                StatusStyle.SHAPES,
                header,
                warnings,
                Html.of(sections),
                Others.of(rest.stream().map(StatusPage::other).toList(), MOST_BYTES - REST - used, !sections.isEmpty()),
                server,
                footer(),
                StatusStyle.SCRIPT);
    }

    /** A set that nobody named and that is well is worth a line. */
    private static boolean isWorthASection(Entry entry) {
        return entry.table().configured() || entry.condition().tone() != Tone.OK;
    }

    private static Others.Line other(Entry entry) {
        return new Others.Line(entry.id(), entry.table(), entry.condition());
    }

    private String title() {
        Observation observation = snapshot.observation();
        return observation == null
                ? " – partman-sidecar"
                : " – " + observation.server().database() + " – partman-sidecar";
    }

    // the first question: is all well?

    private Tone tone() {
        if (snapshot.failure() != null) {
            return snapshot.attempted() ? Tone.ACT : Tone.WAIT;
        }
        if (staleness != null || !alarms().isEmpty()) {
            return Tone.ACT;
        }
        return entries.stream()
                .map(entry -> entry.condition().tone())
                .max(Comparator.naturalOrder())
                .orElse(Tone.WAIT);
    }

    private List<Warning> alarms() {
        return snapshot.maintenance().warnings().stream()
                .filter(warning -> !ADVICE.contains(warning.kind()))
                .toList();
    }

    private long count(Tone tone) {
        return entries.stream()
                .filter(entry -> entry.condition().tone() == tone)
                .count();
    }

    private String verdict(Tone tone) {
        if (snapshot.failure() != null) {
            return snapshot.attempted() ? "The database can’t be used" : "Not looked at the database yet";
        }
        if (staleness != null) {
            return "No news from the database";
        }
        return switch (tone) {
            case OK -> "All is well";
            case WORK -> Human.count(count(Tone.WORK), "table is", "tables are") + " being worked on";
            case WAIT ->
                entries.isEmpty()
                        ? "No table to look after"
                        : Human.count(count(Tone.WAIT), "table is", "tables are") + " waiting";
            case ACT -> {
                long tables = count(Tone.ACT);
                yield tables == 0
                        ? "The server needs a person"
                        : Human.count(tables, "table needs", "tables need") + " a person";
            }
        };
    }

    private Html header(Tone tone, Html verdict) {
        return Html.of(
                "<header class=\"top {}\"><h1>{}<span>{}</span></h1><p>{}</p>{}{}</header>",
                tone.label(),
                tone.icon(),
                verdict,
                summary(),
                news(),
                contents());
    }

    private Html summary() {
        Observation observation = snapshot.observation();
        if (observation == null) {
            return Html.of("partman-sidecar {}", version);
        }
        long partitions = 0;
        long bytes = 0;
        for (Entry entry : entries) {
            PartitionSet set = entry.table().set();
            partitions += set == null ? 0 : set.children().size();
            bytes += set == null ? 0 : set.sizeBytes();
        }
        return Html.of(
                "Database <b>{}</b>: {}{}. {} {}.",
                observation.server().database(),
                Human.count(entries.size(), "table", "tables"),
                partitions == 0
                        ? ""
                        : ", %s, %s".formatted(Human.count(partitions, "partition", "partitions"), Human.size(bytes)),
                snapshot.failure() == null && staleness == null ? "Seen" : "Last seen",
                Human.when(observation.at(), now));
    }

    /** Why what follows may be no longer true. */
    private Html news() {
        String why = snapshot.failure() != null ? snapshot.failure() : staleness;
        if (why == null) {
            return Html.NOTHING;
        }
        Observation observation = snapshot.observation();
        return Html.of(
                "<p class=\"stale\" role=\"status\">{}.{}</p>",
                Human.cut(why, LONGEST_TEXT),
                observation == null
                        ? Html.of(" The sidecar tries again by itself.")
                        : Html.of(
                                " The sidecar tries again by itself; all below is <strong>shown as of {}</strong>.",
                                Human.moment(observation.at())));
    }

    /** The names of all tables that are shown in full, where there are several. */
    private Html contents() {
        List<Entry> named =
                entries.stream().filter(StatusPage::isWorthASection).limit(30).toList();
        if (named.size() < 2) {
            return Html.NOTHING;
        }
        List<Html> links = named.stream()
                .map(entry -> Html.of(
                        "<li class=\"{}\"><a href=\"#{}\">{}{}</a>",
                        entry.condition().tone().label(),
                        entry.id(),
                        entry.condition().tone().icon(),
                        entry.table().name().unquoted()))
                .toList();
        return Html.of("<nav aria-label=\"Tables\"><ul>{}</ul></nav>", Html.of(links));
    }

    private Html warnings() {
        List<Html> warnings = snapshot.maintenance().warnings().stream()
                .map(warning -> Html.of(
                        "<li><b>{}:</b> {}</li>",
                        warning.kind().label().replace('_', ' '),
                        Human.cut(warning.text(), LONGEST_TEXT)))
                .toList();
        return warnings.isEmpty()
                ? Html.NOTHING
                : Html.of(
                        "<section class=\"card {}\" aria-labelledby=\"warnings\"><header><h2 id=\"warnings\">{}</h2></header><ul>{}</ul></section>",
                        alarms().isEmpty() ? "wait" : "act",
                        warnings.size() == 1 ? "A warning" : warnings.size() + " warnings",
                        Html.of(warnings));
    }

    private Html footer() {
        return Html.of(
                "<footer><p>Made {}. {}</p><p>More: <a href=\"/plan\">pending SQL</a>, <a href=\"/api/tables\">everything as JSON</a>, <a href=\"/health/well\">health</a>, <a href=\"/metrics\">metrics</a>. This page only reads.</p></footer>",
                Human.moment(now),
                paused
                        ? Html.of("It stays as it is: <a href=\"/\">refresh it by itself again</a>.")
                        : Html.of(
                                "It refreshes itself every {}: <a href=\"/?pause\">keep it as it is</a>.",
                                Human.span(refresh)));
    }
}
