package partman.sidecar.config;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.TextTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import io.smallrye.config.WithDefault;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** README's table of settings is made of {@link SidecarConfig}, the only place where they are described. */
class ReadmeSettingsTest {

    private static final String BEGIN = "<!-- settings -->\n";
    private static final String END = "<!-- /settings -->";
    private static final Path SOURCE = Path.of("src/main/java/partman/sidecar/config/SidecarConfig.java");

    private record Setting(String key, String defaultValue, String meaning) {}

    @Test
    void listsEachSettingAsItIsDescribed() throws IOException {
        String readme = Files.readString(Path.of("README.md"));

        int begin = readme.indexOf(BEGIN);
        int end = readme.indexOf(END);

        assertThat(begin).as("README.md has no %s", BEGIN.strip()).isNotNegative();
        assertThat(end).as("README.md has no %s after it", END).isGreaterThan(begin);
        String table = table();
        assertThat(table.lines().count()).isGreaterThan(25);
        assertThat(readme.substring(begin + BEGIN.length(), end))
                .as("paste this between the markers in README.md:%n%n%s%n", table)
                .isEqualTo(table);
    }

    private static String table() throws IOException {
        Map<String, Setting> settings = new LinkedHashMap<>();
        Map<String, String> docs = docs();
        add(settings, docs, "partman", SidecarConfig.class, sourceOrder());
        return settings.values().stream()
                .map(setting -> "| `%s` | %s | %s |\n"
                        .formatted(
                                setting.key(),
                                setting.defaultValue().isEmpty() ? "" : "`" + setting.defaultValue() + "`",
                                setting.meaning()))
                .collect(joining("", "| Setting | Default | Meaning |\n|---|---|---|\n", ""));
    }

    private static void add(
            Map<String, Setting> settings,
            Map<String, String> docs,
            String prefix,
            Class<?> group,
            List<String> sourceOrder) {
        List<Method> methods = List.of(group.getDeclaredMethods()).stream()
                .sorted((a, b) -> sourceOrder.indexOf(name(a)) - sourceOrder.indexOf(name(b)))
                .toList();
        for (Method method : methods) {
            String key = prefix + "." + kebab(method.getName());
            if (method.getReturnType() == Map.class
                    && method.getGenericReturnType() instanceof ParameterizedType map
                    && map.getActualTypeArguments()[1] instanceof Class<?> value) {
                add(settings, docs, key + ".<key>", value, sourceOrder);
            } else if (method.getReturnType().isMemberClass()) {
                add(settings, docs, key, method.getReturnType(), sourceOrder);
            } else {
                WithDefault given = method.getAnnotation(WithDefault.class);
                String meaning = docs.getOrDefault(name(method), "");
                assertThat(meaning).as("Javadoc of %s", key).isNotBlank();
                settings.put(key, new Setting(key, given == null ? "" : given.value(), meaning));
            }
        }
    }

    private static String name(Method method) {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName();
    }

    private static String kebab(String camel) {
        return camel.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    private static List<String> sourceOrder() throws IOException {
        return List.copyOf(docs().keySet());
    }

    /** The Javadoc of each method as Markdown, by interface and name, in the order of the source. */
    private static Map<String, String> docs() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Map<String, String> docs = new LinkedHashMap<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask)
                    compiler.getTask(null, files, null, List.of("-proc:none"), null, files.getJavaFileObjects(SOURCE));
            DocTrees trees = DocTrees.instance(task);
            for (CompilationUnitTree unit : task.parse()) {
                new TreePathScanner<Void, Void>() {
                    @Override
                    public Void visitMethod(MethodTree method, Void unused) {
                        TreePath parent = getCurrentPath().getParentPath();
                        if (parent.getLeaf() instanceof ClassTree group) {
                            DocCommentTree doc = trees.getDocCommentTree(getCurrentPath());
                            docs.put(group.getSimpleName() + "." + method.getName(), doc == null ? "" : markdown(doc));
                        }
                        return super.visitMethod(method, null);
                    }
                }.scan(unit, null);
            }
        }
        return docs;
    }

    private static String markdown(DocCommentTree doc) {
        return doc.getFullBody().stream()
                .map(ReadmeSettingsTest::markdown)
                .collect(joining())
                .replaceAll("\\s+", " ")
                .strip();
    }

    private static String markdown(DocTree part) {
        return switch (part) {
            case TextTree text -> text.getBody();
            case LiteralTree code -> "`" + code.getBody().getBody() + "`";
            default -> throw new IllegalArgumentException("no Markdown for: " + part);
        };
    }
}
