package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static partman.sidecar.testing.SidecarProcess.with;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import partman.sidecar.testing.Browser;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.PostgresServer;
import partman.sidecar.testing.Server;
import partman.sidecar.testing.SidecarProcess;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The status page as a person reads it, in Chromium; pictures of it are kept in {@code target/screenshots}. */
@Postgres
class StatusPageIT {

    private static final String TABLE = "public.enriched_events";
    private static final String SECRET = "a-password-that-nobody-shall-see";

    private static Browser browser;

    private final TestDatabase database;

    StatusPageIT(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    static void openBrowser() {
        browser = Browser.start();
    }

    @AfterAll
    static void closeBrowser() {
        browser.close();
    }

    /** The sidecar connects as a role whose password is nowhere else. */
    private static Map<String, String> environment(TestDatabase database) {
        String role = "keeper_" + database.name();
        database.createRole(role, "SUPERUSER", "PASSWORD '" + SECRET + "'");
        return Map.of(
                "DATABASE_URL",
                "postgresql://%s:%s@127.0.0.1:%d/%s"
                        .formatted(role, SECRET, database.server().port(), database.name()),
                "PARTMAN_OBSERVE_EVERY",
                "1s");
    }

    private static String address(SidecarProcess sidecar) {
        return "http://127.0.0.1:%d/".formatted(sidecar.port());
    }

    /** What a reader of the page sees, after everything has been looked at that is so in every state. */
    private static String read(SidecarProcess sidecar, String name) {
        String seen = "";
        browser.console();
        browser.requests();
        for (boolean scripts : new boolean[] {false, true}) {
            browser.allowScripts(scripts);
            for (boolean phone : new boolean[] {false, true}) {
                for (boolean dark : new boolean[] {false, true}) {
                    browser.look(dark, phone);
                    browser.open(address(sidecar));
                    seen = browser.text();
                    assertThat(browser.value("document.documentElement.scrollWidth")
                                    .toString())
                            .as("width of the page on a screen of that width")
                            .isEqualTo(browser.value("document.documentElement.clientWidth")
                                    .toString());
                    assertThat(browser.value("getComputedStyle(document.body).backgroundColor"))
                            .isEqualTo(dark ? "rgb(20, 23, 26)" : "rgb(245, 244, 240)");
                    if (scripts) {
                        browser.shoot("%s-%s-%s".formatted(name, phone ? "phone" : "desktop", dark ? "dark" : "light"));
                    }
                }
            }
        }
        assertThat(browser.requests())
                .as("what the page asks for")
                .isNotEmpty()
                .allSatisfy(asked -> assertThat(asked).isEqualTo(address(sidecar)));
        assertThat(browser.console()).isEmpty();
        assertThat(seen).doesNotContain(SECRET);
        assertIsAccessible();
        return seen;
    }

    private static void assertIsAccessible() {
        assertThat(browser.value("document.documentElement.lang")).isEqualTo("en");
        for (String landmark : List.of("header.top", "main", "footer", "h1")) {
            assertThat(count(landmark)).as(landmark).isEqualTo(1);
        }
        assertThat(count("main section")).isPositive();
        assertThat(count("main section:not([aria-labelledby])")).isZero();
        assertThat(
                        browser.value(
                                "[...document.querySelectorAll('[aria-labelledby]')].flatMap(e => e.getAttribute('aria-labelledby').split(' ')).filter(id => !document.getElementById(id)).join()"))
                .as("labels that are missing")
                .isEqualTo("");
        assertThat(
                        browser.value(
                                "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) < i).join()"))
                .as("names given twice")
                .isEqualTo("");
        assertThat(count("svg:not([aria-hidden]):not([role=img])"))
                .as("pictures without words")
                .isZero();
        assertThat(count("svg[role=img]:not(:has(title)), svg[role=img]:not(:has(desc))"))
                .isZero();
    }

    private static int count(String selector) {
        return ((Number) browser.value("document.querySelectorAll('%s').length".formatted(selector))).intValue();
    }

    private static String verdict() {
        return browser.value("document.querySelector('h1').innerText")
                .toString()
                .strip();
    }

    @Test
    void showsAHealthySet() throws IOException, InterruptedException {
        TableShapes.lagoRegistered(database);
        TableShapes.loadLagoRows(database, 30_000, 12);

        try (SidecarProcess sidecar = SidecarProcess.service(environment(database))) {
            sidecar.awaitState(TABLE, "healthy");
            sidecar.await("well", () -> sidecar.status("/health/well") == 200);

            String seen = read(sidecar, "healthy");

            assertThat(verdict()).isEqualTo("All is well");
            assertThat(seen)
                    .contains(TABLE, "Nothing to do but maintenance.", "Settings and part_config: all the same")
                    .contains("Database " + database.name(), "the primary", "the leader", "by sidecar, which works")
                    .contains("Next maintenance");
            assertThat(count("figure svg[role=img]")).isEqualTo(1);
            assertThat(count("figure rect")).isGreaterThanOrEqualTo(17);
            assertThat(sidecar.table(TABLE)
                            .orElseThrow()
                            .getJsonObject("maintenance")
                            .getString("next"))
                    .isNotNull();
            assertOnlyReads(sidecar);
            assertKeepsOpenWhatIsOpen(sidecar);
        }
    }

    private static void assertOnlyReads(SidecarProcess sidecar) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (String path : List.of("", "plan")) {
                URI address = URI.create(address(sidecar) + path);
                HttpResponse<String> post = client.send(
                        HttpRequest.newBuilder(address)
                                .POST(BodyPublishers.ofString("x"))
                                .build(),
                        BodyHandlers.ofString());
                HttpResponse<String> head =
                        client.send(HttpRequest.newBuilder(address).HEAD().build(), BodyHandlers.ofString());
                HttpResponse<String> get =
                        client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString());

                assertThat(post.statusCode()).isEqualTo(405);
                assertThat(head.statusCode()).isEqualTo(200);
                assertThat(head.body()).isEmpty();
                assertThat(get.statusCode()).isEqualTo(200);
                assertThat(get.body()).isNotEmpty().hasSizeLessThan(60_000).doesNotContain(SECRET);
            }
        }
    }

    /** By its own script; without, the page can be kept as it is. */
    private static void assertKeepsOpenWhatIsOpen(SidecarProcess sidecar) {
        browser.open(address(sidecar));
        browser.value("document.querySelector('#t1-parts summary').click()");
        sidecar.await(
                "remembered",
                () -> browser.value("sessionStorage.getItem('open')").equals("t1-parts"));
        browser.open(address(sidecar));
        assertThat(browser.value("document.querySelector('#t1-parts').open")).isEqualTo(true);
        assertThat(browser.text()).contains("_p20");

        browser.open(address(sidecar) + "?pause");
        assertThat(count("meta[http-equiv=refresh]")).isZero();
        assertThat(browser.text()).contains("refresh it by itself again");
    }

    @Test
    void refreshesItself() {
        TableShapes.lagoRegistered(database);

        try (SidecarProcess sidecar = SidecarProcess.service(environment(database))) {
            sidecar.awaitState(TABLE, "healthy");
            browser.allowScripts(false);
            browser.open(address(sidecar));
            String made = browser.value("document.querySelector('footer time').innerText")
                    .toString();

            sidecar.await(
                    "another page",
                    () -> !browser.value("document.querySelector('footer time')?.innerText ?? '%s'".formatted(made))
                            .equals(made));
        }
    }

    @Test
    void showsAConversionAndWhoIsInItsWay() {
        database.installPartman();
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 40_000, 6);
        database.execute("ANALYZE " + TABLE);
        Map<String, String> slow = with(environment(database), "PARTMAN_CONVERSION_MAX_ROWS_PER_SECOND", "500");

        try (Client writer = database.client()) {
            int pid = writer.pid();
            writer.execute("BEGIN", "UPDATE %s SET value = 'held' WHERE decimal_value < 1".formatted(TABLE));
            try (SidecarProcess sidecar = SidecarProcess.service(slow)) {
                sidecar.awaitState(TABLE, "converting");
                sidecar.await(
                        "the writer's name",
                        () -> sidecar.table(TABLE)
                                .map(table -> String.valueOf(table.getString("trouble"))
                                        .contains("pid " + pid))
                                .orElse(false));

                String held = read(sidecar, "held");

                assertThat(verdict()).isEqualTo("1 table is waiting");
                assertThat(held)
                        .contains("In the way:", "pid " + pid, "UPDATE " + TABLE, "value = ?")
                        .contains("tries again by itself")
                        .doesNotContain("'held'");

                writer.execute("COMMIT");
                // a copy that is held back moves on between some looks only
                sidecar.await("a rate", () -> sidecar.get("/").body().contains("rows/s, about "));

                String converting = read(sidecar, "converting");

                assertThat(verdict()).isEqualTo("1 table is being worked on");
                assertThat(converting)
                        .contains("Online conversion, since", "of 40,000 rows", "rows/s, ")
                        .doesNotContain("In the way:");
                assertThat(browser.value("document.querySelector('[aria-current=step]').innerText"))
                        .asString()
                        .startsWith("backfill");
            }
        }
    }

    @Test
    void showsWhatBlocks() {
        database.installPartman();
        TableShapes.withoutKey(database);
        Map<String, String> environment = with(
                environment(database),
                "PARTMAN_TABLES_ENRICHED_EVENTS_ENABLED",
                "false",
                "PARTMAN_TABLES_IT_NAME",
                "public.events",
                "PARTMAN_TABLES_IT_CONTROL",
                "at",
                "PARTMAN_TABLES_IT_INTERVAL",
                "1 month");

        try (SidecarProcess sidecar = SidecarProcess.service(environment)) {
            sidecar.awaitState("public.events", "blocked");

            String seen = read(sidecar, "blocked");

            assertThat(verdict()).isEqualTo("1 table needs a person");
            assertThat(seen).contains("blocked", "unique index", "A person must change what the reason says.");
        }
    }

    @Test
    void showsRowsInTheDefaultPartition() {
        TableShapes.lagoRegistered(database);
        TableShapes.loadLagoRows(database, 30_000, 12);
        database.execute("""
                CREATE TEMP TABLE stray AS SELECT * FROM public.enriched_events LIMIT 4;
                UPDATE stray SET "timestamp" = '2099-01-01 12:00';
                INSERT INTO public.enriched_events SELECT * FROM stray;
                """);

        try (SidecarProcess sidecar = SidecarProcess.service(environment(database))) {
            sidecar.awaitState(TABLE, "default_not_empty");
            sidecar.await(
                    "the reason",
                    () -> sidecar.table(TABLE)
                            .map(table -> table.getString("reason").contains("correct or delete"))
                            .orElse(false));

            String seen = read(sidecar, "default-not-empty");

            assertThat(verdict()).isEqualTo("1 table needs a person");
            assertThat(seen)
                    .contains("default not empty", "4 rows, not empty", "2099-01-01", "correct or delete them")
                    .contains("A person must change what the reason says.");
            assertThat(count("figure rect.D")).isEqualTo(1);
        }
    }

    @Test
    void saysThatTheDatabaseIsAwayAndShowsWhatWasSeen() {
        try (PostgresServer server = PostgresServer.startOwn(Server.PG17)) {
            TestDatabase own = server.createDatabase();
            TableShapes.lagoRegistered(own);

            try (SidecarProcess sidecar = SidecarProcess.service(environment(own))) {
                sidecar.awaitState(TABLE, "healthy");
                server.stop();
                sidecar.await("noticed", () -> sidecar.status("/health/ready") == 503);

                String seen = read(sidecar, "away");

                assertThat(verdict()).isEqualTo("The database can’t be used");
                assertThat(seen)
                        .contains("shown as of", "The sidecar tries again by itself", TABLE, "healthy")
                        .contains("no leader while the database can't be used");
                assertThat(Set.of(browser.value("document.title").toString()))
                        .first()
                        .asString()
                        .startsWith("The database can’t be used – " + own.name());
                server.start();
            }
        }
    }
}
