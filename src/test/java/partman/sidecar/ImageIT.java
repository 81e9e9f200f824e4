package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectImageResponse;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.testcontainers.DockerClientFactory;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.testing.Postgres;
import partman.sidecar.testing.SidecarContainer;
import partman.sidecar.testing.SidecarImage;
import partman.sidecar.testing.TableShapes;
import partman.sidecar.testing.TestDatabase;

/** The image that users run: what it holds, and that it needs no more rights than it says. */
@Postgres
class ImageIT {

    private static final String EXECUTABLE = "sidecar.executable";
    private static final String IF_SET = ".+";
    private static final String BILL_OF_MATERIALS = "/usr/share/sbom/partman-sidecar.cdx.json";
    private static final long MOST_BYTES = 60_000_000;

    private final TestDatabase database;
    private final DockerClient engine = DockerClientFactory.instance().client();

    ImageIT(TestDatabase database) {
        this.database = database;
    }

    @Test
    void convertsATableWithoutWriteAccessCapabilitiesOrAKnownUserAndEndsWhenAsked() {
        QualifiedName table = QualifiedName.of("public", "enriched_events");
        TableShapes.lagoPlain(database);
        TableShapes.loadLagoRows(database, 3000, 13);
        TableShapes.Content before = TableShapes.content(database, table);

        try (SidecarContainer sidecar = SidecarContainer.beside(database, Map.of("PARTMAN_OBSERVE_EVERY", "1s"))) {
            Awaitility.await("well")
                    .atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(sidecar.status("/health/well"))
                            .as(sidecar.log())
                            .isEqualTo(200));
            assertThat(sidecar.stop(5)).as(sidecar.log()).isIn(0L, 143L);
        }

        assertThat(TableShapes.content(database, table)).isEqualTo(before);
        assertThat(database.single(
                        "SELECT count(*) > 10 FROM pg_partition_tree('public.enriched_events') WHERE isleaf"))
                .isEqualTo(true);
    }

    @Test
    void tellsItsVersionAsItsLabelDoes() {
        String image = SidecarImage.name();

        String version = SidecarImage.output(image, "--version").strip();

        Map<String, String> labels =
                Objects.requireNonNull(inspect(image).getConfig()).getLabels();
        assertThat(labels)
                .containsEntry("org.opencontainers.image.version", version.replace("partman-sidecar ", ""))
                .containsEntry("org.opencontainers.image.licenses", "Apache-2.0")
                .containsEntry("org.opencontainers.image.title", "partman-sidecar")
                .containsKey("org.opencontainers.image.revision");
        assertThat(version).matches("partman-sidecar \\d+\\.\\d+\\.\\d+");
    }

    @Test
    void listsWhatItIsMadeOf() throws IOException {
        JsonObject materials = new JsonObject(file(SidecarImage.name(), BILL_OF_MATERIALS));

        List<String> names = materials.getJsonArray("components").stream()
                .map(component -> ((JsonObject) component).getString("name"))
                .toList();
        assertThat(materials.getString("bomFormat")).isEqualTo("CycloneDX");
        assertThat(names)
                .contains("postgresql", "quarkus-scheduler", "vertx-core")
                .doesNotContain("testcontainers", "assertj-core");
    }

    @Test
    @EnabledIfSystemProperty(named = EXECUTABLE, matches = IF_SET)
    void isSmallAndHoldsNoShell() {
        String image = SidecarImage.name();

        assertThat(inspect(image).getSize()).isLessThan(MOST_BYTES);
        assertThatThrownBy(() -> runs(image, "/bin/sh")).hasMessageContaining("/bin/sh");
        runs(image, "/partman-sidecar");
    }

    @Test
    @EnabledIfSystemProperty(named = EXECUTABLE, matches = IF_SET)
    void hasTheSameLayersWhenItIsBuiltAnew() {
        String again = "partman-sidecar/sidecar:built-anew";
        List<String> layers = layers(SidecarImage.name());

        SidecarImage.rebuild(again);

        assertThat(layers).hasSize(1).isEqualTo(layers(again));
        engine.removeImageCmd(again).exec();
    }

    private InspectImageResponse inspect(String image) {
        return engine.inspectImageCmd(image).exec();
    }

    private List<String> layers(String image) {
        return Objects.requireNonNull(
                Objects.requireNonNull(inspect(image).getRootFS()).getLayers());
    }

    /** Starts a program of the image in a container, which is then removed; throws if the image has no such program. */
    private void runs(String image, String program) {
        String container = engine.createContainerCmd(image)
                .withEntrypoint(program, "--version")
                .exec()
                .getId();
        try {
            engine.startContainerCmd(container).exec();
        } finally {
            engine.removeContainerCmd(container).withForce(true).exec();
        }
    }

    /** The text of a file of the image; a tar archive's only entry stands after a head of 512 bytes, which tells its size. */
    private String file(String image, String path) throws IOException {
        String container = engine.createContainerCmd(image).exec().getId();
        try (InputStream archive =
                engine.copyArchiveFromContainerCmd(container, path).exec()) {
            String head = new String(archive.readNBytes(512), StandardCharsets.US_ASCII);
            int size = Integer.parseInt(head.substring(124, 135).strip(), 8);
            return new String(archive.readNBytes(size), StandardCharsets.UTF_8);
        } finally {
            engine.removeContainerCmd(container).withForce(true).exec();
        }
    }
}
