package partman.sidecar.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.Coverage;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.PartitionSet.Child;
import partman.sidecar.model.PartitionSet.DefaultPartition;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.TableState;
import partman.sidecar.model.Warning;
import partman.sidecar.plan.MaintenancePlan;
import partman.sidecar.plan.Plan;
import partman.sidecar.reconcile.Snapshot;
import partman.sidecar.reconcile.Snapshot.Copying;
import partman.sidecar.reconcile.Snapshot.MaintenanceRun;
import partman.sidecar.reconcile.Snapshot.Outcome;
import partman.sidecar.reconcile.Snapshot.Progress;
import partman.sidecar.step.CreateExtension;
import partman.sidecar.step.Transaction;

/** The page as it comes from snapshots; each that is rendered is kept in {@code target/pages} to be looked at. */
class StatusPageTest {

    private static final QualifiedName LAGO = QualifiedName.of("public", "enriched_events");
    private static final MaintenancePlan CALM = new MaintenancePlan(
            partman.sidecar.model.ObservedSchedulers.NONE,
            Scheduler.SIDECAR,
            List.of(),
            "",
            List.of(),
            List.of(),
            true,
            null,
            List.of());

    private static final Instant AT = Snapshots.NOW.plusSeconds(12);

    // snapshots

    /** From fourteen months ago to three months ahead, with sizes that grow and a season. */
    private static PartitionSet months(QualifiedName name, int before, int after, long rowsInDefault) {
        LocalDateTime first = LocalDateTime.parse("2026-03-01T00:00:00").minusMonths(before);
        List<Child> children = IntStream.range(0, before + 1 + after)
                .mapToObj(i -> {
                    LocalDateTime from = first.plusMonths(i);
                    long size = i > before ? 57_344 : (long) (180e6 * (1 + i * 0.06) * (1 + 0.25 * Math.sin(i * 1.1)));
                    return new Child(
                            name.withName(new Identifier("%s_p%4d%02d01"
                                    .formatted(name.name().name(), from.getYear(), from.getMonthValue()))),
                            from,
                            from.plusMonths(1),
                            false,
                            i > before,
                            i == before ? size / 3 : size);
                })
                .toList();
        LocalDateTime stray = rowsInDefault == 0 ? null : LocalDateTime.parse("2099-01-01T12:00:00");
        return Snapshots.set(
                name,
                children,
                new DefaultPartition(
                        name.withName(new Identifier(name.name().name() + "_default")),
                        rowsInDefault == 0 ? 40_960 : 81_920L,
                        true,
                        rowsInDefault,
                        false,
                        stray,
                        stray,
                        0,
                        List.of(),
                        new ObservedTable.Plain(-1, true, null, null)));
    }

    private static Snapshot.Table lago(QualifiedName name, Plan plan, long rowsInDefault) {
        return new Snapshot.Table(
                name,
                Snapshots.spec(name),
                plan.state(),
                plan.reason(),
                plan,
                months(name, 13, 3, rowsInDefault),
                new Coverage(List.of(), List.of(), LocalDateTime.parse("2026-07-01T00:00:00")),
                null,
                null,
                new Progress(
                        20,
                        0,
                        0,
                        new MaintenanceRun(
                                Outcome.SUCCESS, Snapshots.NOW.minusSeconds(13 * 60), Duration.ofMillis(212), ""),
                        Snapshots.NOW.minusSeconds(13 * 60),
                        0,
                        Duration.ZERO),
                null);
    }

    private static Snapshot.Table healthy(String name) {
        return lago(QualifiedName.of("public", name), new Plan.Nothing(), 0);
    }

    private static Snapshot.Table unconfigured(int number) {
        QualifiedName name = QualifiedName.of("app", "measurements_of_region_%03d".formatted(number));
        return new Snapshot.Table(
                name,
                null,
                TableState.HEALTHY,
                "",
                null,
                months(name, 24, 4, 0),
                new Coverage(List.of(), List.of(), LocalDateTime.parse("2026-08-01T00:00:00")),
                null,
                null,
                Progress.NONE,
                null);
    }

    private static Snapshot snapshot(List<Snapshot.Table> tables) {
        return new Snapshot(Snapshots.observation(), tables, CALM, Snapshots.NEXT, null, true, true, true, 0);
    }

    private static Snapshot snapshot(Snapshot.Table... tables) {
        return snapshot(List.of(tables));
    }

    private static String page(String name, Snapshot snapshot) {
        return page(name, snapshot, null);
    }

    private static String page(String name, Snapshot snapshot, @Nullable String staleness) {
        String page = StatusPage.of(snapshot, staleness, "1.2.3", AT, Duration.ofSeconds(30), false)
                .toString();
        try {
            Path directory = Files.createDirectories(Path.of("target", "pages"));
            Files.writeString(directory.resolve(name + ".html"), page);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        assertThat(page.getBytes(java.nio.charset.StandardCharsets.UTF_8).length)
                .as("bytes of " + name)
                .isLessThan(StatusPage.MOST_BYTES);
        return page;
    }

    /** What a reader sees, more or less: the text without its tags, style and script. */
    private static String text(String page) {
        return page.replaceAll("(?s)<(style|script)>.*?</\\1>", "")
                .replaceAll("</?(time|span|strong|b|a|code)\\b[^>]*>", "")
                .replaceAll("<[^>]*>", " ")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
                .replaceAll("\\s+", " ");
    }

    private static String verdict(String page) {
        return text(page.replaceAll("(?s).*<h1>(.*?)</h1>.*", "$1")).strip();
    }

    // what it says

    @Test
    void saysFirstThatAllIsWell() {
        String page = page("healthy", snapshot(healthy("enriched_events")));

        assertThat(verdict(page)).isEqualTo("All is well");
        assertThat(text(page))
                .contains("Database lago: 1 table, 17 partitions,")
                .contains("Seen 12 s ago (2026-03-10 12:00:00 UTC)")
                .contains("Nothing to do but maintenance.")
                .contains("Default partition empty")
                .contains("success, 13 min ago (2026-03-10 11:47:00 UTC), took 212 ms")
                .contains("Next maintenance in 59 min (2026-03-10 13:00:00 UTC)")
                .contains("Settings and part_config: all the same")
                .contains("PostgreSQL 17.11, the primary")
                .contains("partman-sidecar 1.2.3: the leader")
                .contains("Maintenance by sidecar, which works")
                .doesNotContain("differs", "In the way", "Pending SQL:", "shown as of");
    }

    @Test
    void drawsOneBarForEachPartitionWithWordsForThoseWhoDontSeeIt() {
        String page = page("healthy", snapshot(healthy("enriched_events")));

        assertThat(Pattern.compile("<rect( class=\"[xnah]\")? x").matcher(page).results())
                .hasSize(17);
        assertThat(page).contains("role=\"img\" aria-labelledby=\"t1-title t1-desc\"", "<title id=\"t1-title\">");
        assertThat(text(page))
                .contains("17 partitions from 2025-02-01 to 2026-07-01,")
                .contains("Now: 2026-03-10.", "Premade to 2026-07-01.", "The default partition is empty.");
    }

    @Test
    void setsADefaultPartitionThatIsNotEmptyApart() {
        String page = page(
                "default",
                snapshot(lago(
                        LAGO,
                        new Plan.Blocked(
                                TableState.DEFAULT_NOT_EMPTY,
                                "4 row(s) in the default partition, the oldest of 2099-01-01T12:00, the newest of 2099-01-01T12:00: none lies between the retention limit (2025-01-01T00:00) and the premade horizon (2026-07-01T00:00); correct or delete them"),
                        4)));

        assertThat(verdict(page)).isEqualTo("1 table needs a person");
        assertThat(page).contains("<rect class=\"D\"").contains(">4 rows</text>");
        assertThat(text(page))
                .contains("default not empty", "correct or delete them", "A person must change what the reason says.")
                .contains("Warning: 4 row(s) in the default partition");
    }

    @Test
    void tellsHowFarAConversionIsAndWhoIsInItsWay() {
        Snapshot.Table table = Snapshots.converting(
                LAGO,
                new Plan.Survey(TableState.CONVERTING, "its online conversion is in phase backfill"),
                new Copying(Snapshots.conversion(Phase.BACKFILL, null), 4_321, Duration.ofMinutes(8)));
        Snapshot.Table held = new Snapshot.Table(
                LAGO,
                table.spec(),
                table.state(),
                table.reason(),
                table.plan(),
                null,
                null,
                table.copying(),
                null,
                Progress.NONE,
                "canceling statement due to lock timeout; the table is held by pid 4711 (app, for 00:01:02): UPDATE events SET a = ?");

        assertThat(verdict(page("converting", snapshot(table)))).isEqualTo("1 table is being worked on");
        assertThat(text(page("converting", snapshot(table))))
                .contains("The sidecar is doing it, step by step.")
                .contains("shadow done journal done backfill now keys once to come")
                .doesNotContain("foreign keys")
                .contains("25 % copied: 12,345 of 50,000 rows")
                .contains("4,321 rows/s, about 8 min left; 678 changes wait in the journal");
        assertThat(verdict(page("held", snapshot(held)))).isEqualTo("1 table is waiting");
        assertThat(text(page("held", snapshot(held))))
                .contains("In the way:", "pid 4711 (app, for 00:01:02): UPDATE events SET a = ?");
    }

    @Test
    void asksForAPersonWhereAConversionHasStopped() {
        String page = page(
                "stopped",
                snapshot(Snapshots.converting(
                        LAGO,
                        new Plan.Survey(TableState.CONVERTING, "verification found a difference"),
                        new Copying(Snapshots.conversion(Phase.FOREIGN_KEYS, "different"), 0, null))));

        assertThat(verdict(page)).isEqualTo("1 table needs a person");
        assertThat(text(page)).contains("foreign keys now");
    }

    @ParameterizedTest
    @EnumSource(TableState.class)
    void tellsEveryStateByAWordAndAShape(TableState state) {
        Plan plan = state == TableState.HEALTHY ? new Plan.Nothing() : new Plan.Wait(state, "for this reason");
        String page = page("state-" + state.label(), snapshot(lago(LAGO, plan, 0)));

        assertThat(page)
                .containsPattern(
                        "<p class=\"state\"><svg class=\"i\" aria-hidden=\"true\"><use href=\"#(ok|work|wait|act)\"/></svg>"
                                + state.label().replace('_', ' ') + "</p>");
        if (state != TableState.HEALTHY) {
            assertThat(text(page)).contains("For this reason").doesNotContain("All is well");
        }
    }

    @Test
    void showsWhatDiffersInWords() {
        QualifiedName name = LAGO;
        PartitionSet set = months(name, 13, 3, 0);
        var spec = Snapshots.spec(name);
        Snapshot.Table table =
                lago(name, new Plan.Blocked(TableState.DRIFTED, "part_config differs: premake 3 → 5"), 0);
        var wanted = new partman.sidecar.model.TableSpec(
                spec.key(),
                name,
                spec.controlColumn(),
                spec.partitionInterval(),
                5,
                null,
                true,
                true,
                null,
                spec.conversion(),
                100_000,
                spec.drift());
        String page = page(
                "drifted",
                snapshot(new Snapshot.Table(
                        name,
                        wanted,
                        table.state(),
                        table.reason(),
                        table.plan(),
                        set,
                        table.coverage(),
                        null,
                        null,
                        table.progress(),
                        null)));

        assertThat(text(page))
                .contains("Settings and part_config: 2 values differ")
                .contains("premake 5 3 differs", "retention none 14 months differs", "control timestamp timestamp ")
                .contains("partition_interval 1 month 1 month ");
        assertThat(page).contains("<details id=\"t1-config\" open>");
    }

    @Test
    void showsThePendingSqlWhole() {
        Plan plan = new Plan.Run(
                TableState.EXTENSION_MISSING,
                "pg_partman is not created",
                List.of(Transaction.of(new CreateExtension(new Identifier("partman")), Duration.ofMillis(500))),
                List.of());
        String page = page("sql", snapshot(lago(LAGO, plan, 0)));

        assertThat(text(page))
                .contains("Pending SQL: 1 transaction")
                .contains("CREATE EXTENSION")
                .contains("COMMIT;");
        assertThat(page).contains("<pre tabindex=\"0\" class=\"copy\">");
    }

    @Test
    void cutsSqlThatIsTooLongAndOffersNoneOfItToCopy() {
        Plan plan = new Plan.Run(
                TableState.DRIFTED,
                "much",
                Stream.generate(() ->
                                Transaction.of(new CreateExtension(new Identifier("partman")), Duration.ofMillis(500)))
                        .limit(400)
                        .toList(),
                List.of());
        String page = page("long-sql", snapshot(lago(LAGO, plan, 0)));

        assertThat(text(page)).contains("Pending SQL: 400 transactions", "Too long for this page, and cut: /plan has");
        assertThat(page).contains("<pre tabindex=\"0\">").doesNotContain("class=\"copy\">");
    }

    @Test
    void saysWhenWhatItShowsIsOld() {
        Snapshot before = snapshot(healthy("enriched_events"));

        String away = page("away", Snapshots.failed(before, "connection to db refused"));
        String stale = page("stale", before, "the last observation ended at 2026-03-10T12:00:00Z, and none since");

        assertThat(verdict(away)).isEqualTo("The database can’t be used");
        assertThat(text(away))
                .contains("connection to db refused. The sidecar tries again by itself")
                .contains("shown as of 2026-03-10 12:00:00 UTC")
                .contains("no leader while the database can't be used");
        assertThat(verdict(stale)).isEqualTo("No news from the database");
        assertThat(text(stale)).contains("and none since", "shown as of 2026-03-10 12:00:00 UTC");
    }

    @Test
    void saysThatNothingIsKnownYet() {
        String page = page("nothing", Snapshot.NOTHING_YET);

        assertThat(verdict(page)).isEqualTo("Not looked at the database yet");
        assertThat(text(page)).contains("tries again by itself");
    }

    @Test
    void saysThatNoTableIsThere() {
        assertThat(verdict(page("empty", snapshot()))).isEqualTo("No table to look after");
    }

    @Test
    void asksForAPersonWhereTheServerNeedsOneAndNotForAdvice() {
        Snapshot advised = warned(Warning.Kind.EXTENSION_UPDATE);
        Snapshot down = warned(Warning.Kind.SCHEDULER_DOWN);

        assertThat(verdict(page("advice", advised))).isEqualTo("All is well");
        assertThat(text(page("advice", advised))).contains("extension update: do this");
        assertThat(verdict(page("warning", down))).isEqualTo("The server needs a person");
    }

    private static Snapshot warned(Warning.Kind kind) {
        MaintenancePlan plan = new MaintenancePlan(
                CALM.observed(),
                Scheduler.PG_CRON,
                List.of(),
                "",
                List.of(),
                List.of(),
                kind != Warning.Kind.SCHEDULER_DOWN,
                null,
                List.of(new Warning(kind, "do this")));
        return new Snapshot(Snapshots.observation(), List.of(healthy("a")), plan, null, null, true, true, true, 0);
    }

    @Test
    void saysWhoWorksWhereThisProcessDoesNot() {
        Plan plan = new Plan.Survey(TableState.PLAIN, "a plain table");
        Snapshot.Table table = Snapshots.table(LAGO, TableState.PLAIN, plan, null, null);
        Snapshot watches =
                new Snapshot(Snapshots.observation(), List.of(table), CALM, null, null, true, true, false, 0);
        Snapshot looks = new Snapshot(Snapshots.observation(), List.of(table), CALM, null, null, true, false, false, 0);

        assertThat(text(page("watches", watches)))
                .contains("Another process is the leader, and does it.", "watches; another process is the leader");
        assertThat(text(page("looks", looks)))
                .contains("a person runs the command convert, or sets partman.mode to apply")
                .contains("only looks, since partman.mode is not apply");
    }

    @Test
    void tellsOfAFailedMaintenanceRun() {
        Snapshot.Table table = Snapshots.events(new Plan.Nothing());
        String page = page("failed-maintenance", snapshot(table));

        assertThat(text(page))
                .contains("The last maintenance run failed")
                .contains("failure, 1 h ago (2026-03-10 11:00:00 UTC), took 1.5 s: 2 partitions are missing")
                .contains("2 missing", "7 rows, not empty", "2 at infinity")
                .contains("Foreign keys refer to the set");
    }

    // that it is safe

    @Test
    void showsNamesAndMessagesAsTextWhateverIsInThem() {
        String evil = "<script>alert(1)</script>\"'&";
        QualifiedName name = QualifiedName.of("public", evil);
        Snapshot.Table table = lago(name, new Plan.Blocked(TableState.BLOCKED, evil), 3);
        Snapshot.Table troubled = new Snapshot.Table(
                name,
                table.spec(),
                table.state(),
                evil,
                table.plan(),
                table.set(),
                table.coverage(),
                null,
                null,
                new Progress(0, 1, 0, new MaintenanceRun(Outcome.FAILURE, AT, null, evil), null, 0, Duration.ZERO),
                evil);
        MaintenancePlan plan = new MaintenancePlan(
                CALM.observed(),
                Scheduler.SIDECAR,
                List.of(),
                "",
                List.of(),
                List.of(),
                true,
                null,
                List.of(new Warning(Warning.Kind.LOCK_STUCK, evil)));
        Snapshot snapshot =
                new Snapshot(Snapshots.observation(), List.of(troubled, table), plan, null, evil, true, true, true, 0);

        String page = page("evil", snapshot);

        assertThat(page).doesNotContain("<script>alert").doesNotContain(evil);
        assertThat(page.split("<script>", -1)).as("its own script alone").hasSize(2);
        assertThat(text(page)).contains("public." + evil);
    }

    @Test
    void beginsAReasonWithACapitalUnlessThatIsAName() {
        List<String> reasons =
                List.of("partition p is too long", "public.events can't be converted", "part_config differs");
        String page = text(page(
                "reasons",
                snapshot(IntStream.range(0, reasons.size())
                        .mapToObj(i -> lago(
                                QualifiedName.of("public", "table_" + i),
                                new Plan.Blocked(TableState.BLOCKED, reasons.get(i)),
                                0))
                        .toList())));

        assertThat(page)
                .contains("Partition p is too long", "public.events can't be converted", "part_config differs")
                .doesNotContain("Public.events", "Part_config");
    }

    // that it fits

    @Test
    void showsTenTablesInFull() {
        String page = page(
                "ten",
                snapshot(IntStream.range(0, 10)
                        .mapToObj(i -> healthy("enriched_events_of_tenant_" + i))
                        .toList()));

        assertThat(Pattern.compile("<section class=\"card ok\"").matcher(page).results())
                .hasSize(10);
        assertThat(verdict(page)).isEqualTo("All is well");
    }

    @Test
    void showsTwoHundredSetsInALineEach() {
        List<Snapshot.Table> tables = new ArrayList<>(List.of(healthy("enriched_events")));
        IntStream.range(0, 200).forEach(i -> tables.add(unconfigured(i)));
        String page = page("two-hundred", snapshot(tables));

        assertThat(text(page)).contains("200 more tables", "app.measurements_of_region_199 29, ");
        assertThat(Pattern.compile("<tr id=\"t[0-9]+\">").matcher(page).results())
                .hasSize(200);
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 3_000})
    void saysHowManyItDoesNotShow(int tables) {
        String page = page(
                "many-" + tables,
                snapshot(IntStream.range(0, tables)
                        .mapToObj(i -> lago(
                                QualifiedName.of("public", "a_table_with_quite_a_long_name_" + i),
                                new Plan.Blocked(TableState.BLOCKED, "x".repeat(5_000)),
                                1))
                        .toList()));

        assertThat(verdict(page)).isEqualTo("%,d tables need a person".formatted(tables));
        assertThat(text(page)).containsPattern("[0-9,]+ more are not shown, [0-9,]+ of them not healthy");
    }

    @Test
    void drawsSeveralPartitionsAsOneBarAndSaysSo() {
        QualifiedName name = LAGO;
        Snapshot.Table table =
                Snapshots.table(name, TableState.HEALTHY, new Plan.Nothing(), months(name, 400, 4, 0), null);
        String page = page("many-partitions", snapshot(table));

        assertThat(Pattern.compile("<rect( class=\"[xnah]\")? x").matcher(page).results())
                .hasSizeLessThanOrEqualTo(Timeline.MOST_BARS);
        assertThat(text(page))
                .contains("Each bar stands for 7 partitions that follow each other.")
                .contains("357 older ones are not listed here");
    }

    @Test
    void drawsHolesAndOpenEnds() {
        QualifiedName name = LAGO;
        List<Child> children = new ArrayList<>(months(name, 6, 2, 0).children());
        children.remove(3);
        Child first = children.getFirst();
        children.set(0, new Child(first.name(), null, first.to(), false, false, null));
        Child last = children.getLast();
        children.set(children.size() - 1, new Child(last.name(), last.from(), null, false, false, 1L));
        Snapshot.Table table = Snapshots.table(
                name, TableState.HEALTHY, new Plan.Nothing(), Snapshots.set(name, children, null), null);
        String page = page("holes", snapshot(table));

        assertThat(page).contains("<rect class=\"h\"");
        assertThat(text(page))
                .contains(
                        "dashed: a hole", "1 hole between them", "from open to open", "There is no default partition");
    }

    @Test
    void refreshesItselfUnlessItIsToStay() {
        Snapshot snapshot = snapshot(healthy("a"));
        Html slow = StatusPage.of(snapshot, null, "1", AT, Duration.ofHours(1), false);
        Html fast = StatusPage.of(snapshot, null, "1", AT, Duration.ofSeconds(1), false);
        Html paused = StatusPage.of(snapshot, null, "1", AT, Duration.ofSeconds(1), true);

        assertThat(page("healthy", snapshot)).contains("<meta http-equiv=\"refresh\" content=\"30\">");
        assertThat(slow.toString()).contains("content=\"60\">");
        assertThat(fast.toString()).contains("content=\"15\">").contains("href=\"/?pause\"");
        assertThat(paused.toString()).doesNotContain("http-equiv=\"refresh\"").contains("refresh it by itself again");
    }

    // that it can be read

    /** Text on what it stands on in the page, and shapes, which need less. */
    @ParameterizedTest
    @CsvSource({
        "ink, page, 4.5",
        "ink, card, 4.5",
        "ink, waitbg, 4.5",
        "ink, actbg, 4.5",
        "soft, page, 4.5",
        "soft, card, 4.5",
        "link, page, 4.5",
        "link, card, 4.5",
        "ok, page, 4.5",
        "work, page, 4.5",
        "wait, page, 4.5",
        "act, page, 4.5",
        "ok, card, 4.5",
        "wait, card, 4.5",
        "act, card, 4.5",
        "warn, card, 4.5",
        "warn, waitbg, 4.5",
        "ok, okbg, 4.5",
        "work, workbg, 4.5",
        "wait, waitbg, 4.5",
        "act, actbg, 4.5",
        "now, card, 3",
        "warn, card, 3"
    })
    void contrastsEnoughInBothThemes(String front, String back, double least) {
        String css = StatusStyle.CSS.toString();
        int dark = css.indexOf("@media(prefers-color-scheme:dark)");
        int end = css.indexOf("}}", dark);

        for (String theme : List.of(css.substring(0, dark), css.substring(dark, end))) {
            Map<String, String> colours = colours(theme);
            assertThat(contrast(colours.get(front), colours.get(back)))
                    .as("%s on %s", front, back)
                    .isGreaterThanOrEqualTo(least);
        }
    }

    @Test
    void computesContrastsAsWcagDoes() {
        assertThat(contrast("000000", "ffffff")).isCloseTo(21, within(0.01));
        assertThat(contrast("777777", "ffffff")).isCloseTo(4.48, within(0.01));
    }

    @Test
    void usesNoColourWithoutAName() {
        String css = StatusStyle.CSS.toString();
        String rules = css.substring(css.indexOf("*{box-sizing"));

        assertThat(rules).doesNotContainPattern("#[0-9a-f]{3,6}[;} ]").doesNotContain("rgb(", "hsl(");
    }

    private static Map<String, String> colours(String css) {
        Map<String, String> colours = new HashMap<>();
        for (MatchResult found : Pattern.compile("--([a-z]+):#([0-9a-f]{6})")
                .matcher(css)
                .results()
                .toList()) {
            colours.put(found.group(1), found.group(2));
        }
        return colours;
    }

    /** <a href="https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio">WCAG's contrast ratio</a>. */
    private static double contrast(@Nullable String one, @Nullable String other) {
        double a = luminance(String.valueOf(one));
        double b = luminance(String.valueOf(other));
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }

    private static double luminance(String colour) {
        double[] parts = IntStream.of(0, 2, 4)
                .mapToDouble(i -> Integer.parseInt(colour.substring(i, i + 2), 16) / 255.0)
                .map(part -> part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4))
                .toArray();
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    }
}
