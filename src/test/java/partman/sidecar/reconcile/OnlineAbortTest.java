package partman.sidecar.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import partman.sidecar.catalog.TableProperties;
import partman.sidecar.model.Conversion.Phase;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.plan.Plan;
import partman.sidecar.plan.PlanText;
import partman.sidecar.testing.Client;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TableShapes.Content;
import partman.sidecar.testing.TableShapes.Shape;
import partman.sidecar.testing.TestDatabase;

/** What a person can do about an online conversion: give it up, see what is left of it, or run its statements by hand. */
@Postgres
class OnlineAbortTest {

    private static final QualifiedName EVENTS = QualifiedName.of("public", "events");

    /** What {@link SetView#schema} leaves out. */
    private static final String MORE = """
            SELECT 'function ' || p.oid || ' ' || p.oid::regprocedure || COALESCE(p.proacl::text, '') FROM pg_proc AS p WHERE p.oid > 16383
            UNION ALL SELECT 'type ' || t.oid || ' ' || t.typname FROM pg_type AS t WHERE t.oid > 16383
            UNION ALL SELECT format('column %s %s %s %s %s', a.attrelid, a.attname, a.attnotnull, a.attacl, a.attisdropped)
                      FROM pg_attribute AS a WHERE a.attrelid > 16383
            UNION ALL SELECT format('comment %s %s', d.objoid, d.description) FROM pg_description AS d WHERE d.objoid > 16383
            UNION ALL SELECT format('policy %s %s', y.polrelid, y.polname) FROM pg_policy AS y
            UNION ALL SELECT format('table %s triggers %s', c.oid, c.relchecks) FROM pg_class AS c WHERE c.oid > 16383
            ORDER BY 1
            """;

    private final TestDatabase database;

    OnlineAbortTest(TestDatabase database) {
        this.database = database;
        database.installPartman();
    }

    private static Parts.SpecBuilder online(Shape shape) {
        return Parts.spec(shape).method(TableSpec.Method.ONLINE).premake(1).lockTimeout(Duration.ofMillis(200));
    }

    private List<String> fingerprint() {
        List<String> all = new ArrayList<>(SetView.schema(database));
        all.addAll(database.strings(MORE));
        return all;
    }

    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"SHADOW", "FOREIGN_KEYS"})
    void leavesTheTableAsItWasAndNothingElse(Phase before) {
        Shape shape = TableShapes.controlledBy(database, "timestamp");
        TableSpec spec = online(shape).build();
        Parts parts = Parts.in(database).tables(spec).build();
        List<String> fingerprint = fingerprint();
        parts.carryOnTo(spec, before);
        assertThat(fingerprint()).isNotEqualTo(fingerprint);
        database.execute("UPDATE public.events SET note = 'changed' WHERE id < 20");
        Content content = TableShapes.content(database, EVENTS);

        Reconciler.Abort answer = parts.reconciler().abort(spec);

        assertThat(answer).isEqualTo(Reconciler.Abort.DONE);
        assertThat(fingerprint()).isEqualTo(fingerprint);
        assertThat(TableShapes.content(database, EVENTS)).isEqualTo(content);
        database.execute("UPDATE public.events SET note = 'changed again' WHERE id < 20");
        assertThat(parts.reconciler().abort(spec).words()).isEqualTo("no conversion to give up");
    }

    /** A schema that was there before stays, and so does another table's conversion. */
    @Test
    void leavesWhatIsNotItsOwn() {
        TableSpec one = online(TableShapes.controlledBy(database, "timestamp")).build();
        database.execute(
                "CREATE TABLE public.others (LIKE public.events INCLUDING ALL)",
                "INSERT INTO public.others TABLE public.events");
        TableSpec two = Parts.spec(QualifiedName.of("public", "others"), "at")
                .method(TableSpec.Method.ONLINE)
                .premake(1)
                .build();
        Parts parts = Parts.in(database).tables(one, two).build();
        parts.carryOnTo(two, Phase.CATCH_UP);
        List<String> fingerprint = fingerprint();
        parts.carryOnTo(one, Phase.CATCH_UP);

        parts.reconciler().abort(one).words();

        assertThat(fingerprint()).isEqualTo(fingerprint);
        Reconciler.Result result = parts.reconcile(two);
        assertThat(result.failure()).isEmpty();
        assertThat(result.plan()).isEqualTo(new Plan.Nothing());
    }

    @Test
    void isTooLateOnceTheTablesHaveBeenSwapped() {
        TableSpec spec = online(TableShapes.everything(database)).build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, Phase.FOREIGN_KEYS);
        List<String> fingerprint = fingerprint();

        Reconciler.Abort answer = parts.reconciler().abort(spec);

        assertThat(answer).isEqualTo(Reconciler.Abort.TOO_LATE);
        assertThat(fingerprint()).isEqualTo(fingerprint);
    }

    @ParameterizedTest
    @EnumSource(value = Phase.class)
    void showsThePhasesThatAreLeft(Phase next) {
        TableSpec spec = online(TableShapes.everything(database)).build();
        Parts parts = Parts.in(database).tables(spec).build();
        parts.carryOnTo(spec, next);
        List<String> fingerprint = fingerprint();

        String text = PlanText.of(spec.table(), parts.plan(spec));

        assertThat(text.lines()
                        .filter(line -> line.startsWith("-- phase "))
                        .map(line -> line.replaceFirst("-- phase ", "").replaceFirst(":.*", "")))
                .containsExactlyElementsOf(Stream.of(Phase.values())
                        .filter(phase -> phase.compareTo(next) >= 0)
                        .map(Phase::label)
                        .toList());
        assertThat(fingerprint()).isEqualTo(fingerprint);
    }

    /** The statements of a plan, as a client sends them one by one: comments and quoted text may hold semicolons. */
    static List<String> statements(String text) {
        List<String> statements = new ArrayList<>();
        StringBuilder statement = new StringBuilder();
        String until = "";
        for (int i = 0; i < text.length(); i++) {
            String rest = text.substring(i);
            if (until.isEmpty() && rest.startsWith("--")) {
                i += rest.indexOf('\n');
                statement.append('\n');
                continue;
            }
            if (until.isEmpty() && rest.startsWith(";")) {
                statements.add(statement.toString().strip());
                statement.setLength(0);
                continue;
            }
            for (String quote : List.of("'", "\"", "$$", "$partman_sidecar$")) {
                if (rest.startsWith(quote) && (until.isEmpty() || until.equals(quote))) {
                    until = until.isEmpty() ? quote : "";
                    statement.append(quote, 0, quote.length() - 1);
                    i += quote.length() - 1;
                    break;
                }
            }
            statement.append(text.charAt(i));
        }
        assertThat(statement.toString()).isBlank();
        return statements;
    }

    private void assertPasteable(Shape shape) {
        TableSpec spec = online(shape).retention("1 year").build();
        Parts parts = Parts.in(database).tables(spec).build();
        Content content = TableShapes.content(database, shape.table());
        TableProperties properties = TableProperties.of(database.session(), shape.table());
        String text = PlanText.of(shape.table(), parts.plan(spec));

        try (Client person = database.client()) {
            person.execute("SET TimeZone = 'UTC'");
            statements(text).forEach(person::execute);
        }

        SetView set = new SetView(database, spec);
        assertThat(TableShapes.content(database, shape.table())).isEqualTo(content);
        assertThat(properties.differencesTo(TableProperties.of(database.session(), shape.table())))
                .isEmpty();
        assertThat(TableShapes.content(database, WorkSchema.retiredOf(shape.table())))
                .isEqualTo(content);
        assertThat(set.defaultRows()).isZero();
        assertThat(set.holes()).isEmpty();
        assertThat(parts.plan(spec)).isEqualTo(new Plan.Nothing());
        assertThat(
                        database.strings(
                                "SELECT nspname FROM pg_namespace WHERE nspname = 'partman_sidecar' OR nspname LIKE 'partman_work%'"))
                .isEmpty();
    }

    @Test
    void convertsATableThatNobodyUsesIfAPersonRunsThePlan() {
        assertPasteable(TableShapes.controlledBy(database, "timestamp"));
    }

    @Test
    void convertsATableWithEverythingIfAPersonRunsThePlan() {
        assertPasteable(TableShapes.everything(database));
    }
}
