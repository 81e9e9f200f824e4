package partman.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretKeySelector;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import partman.sidecar.config.KnownVariables;
import partman.sidecar.testing.Manifests;

/** What {@code kubectl apply -k} would send to a cluster; none is needed. Each test runs for each kustomization. */
@ParameterizedClass
@MethodSource("kustomizations")
class KubernetesTest {

    private static final Path ROOT = Path.of("src/main/kubernetes");
    private static final String SIDECAR = "partman-sidecar";
    private static final int PORT = 9780;
    private static final Map<String, String> BUILT = new TreeMap<>();

    private static final Pattern OURS = Pattern.compile("PARTMAN_.*|PG.*|DATABASE_URL.*|QUARKUS_.*");

    private static final String PLACEHOLDER = "change-me";

    /**
     * The Secrets that the operator makes for a cluster, with their keys.
     *
     * @see <a href="https://cloudnative-pg.io/documentation/current/applications/#secrets">CloudNativePG: Secrets</a>
     */
    private static final Map<String, Set<String>> OF_CLOUDNATIVE_PG = Map.of(
            "lago-app",
            Set.of("username", "password", "host", "port", "dbname", "uri", "jdbc-uri", "pgpass"),
            "lago-ca",
            Set.of("ca.crt", "ca.key"));

    private final String kustomization;

    KubernetesTest(String kustomization) {
        this.kustomization = kustomization;
    }

    static List<String> kustomizations() throws IOException {
        try (Stream<Path> directories = Files.walk(ROOT)) {
            return directories
                    .filter(directory -> isKustomization(directory.resolve("kustomization.yaml")))
                    .map(directory -> ROOT.relativize(directory).toString())
                    .sorted()
                    .toList();
        }
    }

    /** Not a component, which builds nothing by itself. */
    private static boolean isKustomization(Path file) {
        try {
            return Files.exists(file) && Files.readString(file).contains("\nkind: Kustomization\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void isWhatKubernetesKnows() {
        assertThat(manifests().pods()).hasSize(1);
        assertThat(sidecar().getImage()).isEqualTo("partman-sidecar/sidecar:" + Version.CURRENT);
    }

    @Test
    void holdsNothingThatKubernetesWouldRefuse() {
        String good = built();

        assertThatThrownBy(() -> Manifests.parse(good.replace("livenessProbe:", "livenesProbe:")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("livenesProbe");
        assertThatThrownBy(() -> Manifests.parse(good.replace("runAsUser: 65532", "runAsUser: \"65532\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("runAsUser");
        assertThatThrownBy(() -> Manifests.parse(good.replace("runAsNonRoot: true", "runAsNonRoot: \"true\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("runAsNonRoot");
        assertThatThrownBy(
                        () -> Manifests.parse(good.replace("prometheus.io/port: \"9780\"", "prometheus.io/port: 9780")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prometheus.io/port");
        assertThatThrownBy(() -> Manifests.parse(good.replace("apiVersion: apps/v1", "apiVersion: apps/v1beta1")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("apps/v1beta1");
    }

    /**
     * Another container of the pod, and what its cluster enforces, is not ours.
     *
     * @see <a href="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted">Restricted</a>
     */
    @Test
    void fitsThePodSecurityStandardRestricted() {
        SecurityContext security = sidecar().getSecurityContext();

        assertThat(security.getRunAsNonRoot()).isTrue();
        assertThat(security.getRunAsUser()).isEqualTo(65532);
        assertThat(security.getAllowPrivilegeEscalation()).isFalse();
        assertThat(security.getPrivileged()).isNull();
        assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
        assertThat(security.getCapabilities().getAdd()).isEmpty();
        assertThat(security.getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
        assertThat(security.getReadOnlyRootFilesystem()).isTrue();
        assertThat(pod().getSpec().getAutomountServiceAccountToken()).isFalse();
        assertThat(pod().getSpec().getHostNetwork()).isNull();
        assertThat(pod().getSpec().getVolumes()).allMatch(volume -> volume.getHostPath() == null);
    }

    @Test
    void isProbedWhereItAnswers() {
        assertThat(probed(sidecar().getStartupProbe())).isEqualTo("/health/started " + PORT);
        assertThat(probed(sidecar().getLivenessProbe())).isEqualTo("/health/live " + PORT);
        assertThat(probed(sidecar().getReadinessProbe())).isEqualTo("/health/ready " + PORT);
    }

    private static String probed(Probe probe) {
        return probe.getHttpGet().getPath() + " " + probe.getHttpGet().getPort().getIntVal();
    }

    @Test
    void saysWhatItNeeds() {
        assertThat(sidecar().getResources().getRequests()).hasToString("{cpu=10m, memory=48Mi}");
        assertThat(sidecar().getResources().getLimits()).hasToString("{memory=96Mi}");
    }

    @Test
    void isANativeSidecarWhereItSharesPostgresqlsPod() {
        boolean shares = pod().getSpec().getContainers().stream().noneMatch(KubernetesTest::isSidecar);

        assertThat(shares).isEqualTo(kustomization.equals("sidecar"));
        assertThat(sidecar().getRestartPolicy()).isEqualTo(shares ? "Always" : null);
        assertThat(pod().getSpec().getContainers()).hasSize(1);
    }

    @Test
    void isFoundByPrometheus(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("kustomization.yaml"), """
                apiVersion: kustomize.config.k8s.io/v1beta1
                kind: Kustomization
                resources: [%1$s/%2$s]
                components: [%1$s/components/pod-monitor]
                """.formatted(
                        directory.toRealPath().relativize(ROOT.toRealPath()), kustomization));

        PodMonitor monitor = Manifests.parse(Manifests.build(directory))
                .all(PodMonitor.class)
                .getFirst();

        assertThat(pod().getMetadata().getLabels())
                .containsAllEntriesOf(monitor.getSpec().getSelector().getMatchLabels());
        assertThat(monitor.getSpec().getPodMetricsEndpoints()).singleElement().satisfies(endpoint -> {
            assertThat(endpoint.getPath()).isEqualTo("/metrics");
            assertThat(sidecar().getPorts().stream()
                            .filter(port -> port.getName().equals(endpoint.getPort()))
                            .map(ContainerPort::getContainerPort))
                    .containsExactly(PORT);
        });
        assertThat(pod().getMetadata().getAnnotations())
                .containsEntry("prometheus.io/scrape", "true")
                .containsEntry("prometheus.io/port", Integer.toString(PORT))
                .containsEntry("prometheus.io/path", "/metrics");
    }

    @Test
    void setsNoVariableThatTheProgramDoesNotKnow() {
        Set<String> unknown = new TreeSet<>();
        for (EnvVar variable : sidecar().getEnv()) {
            if (OURS.matcher(variable.getName()).matches() && !KnownVariables.contains(variable.getName())) {
                unknown.add(variable.getName());
            }
        }

        assertThat(unknown).isEmpty();
        assertThat(KnownVariables.contains("PARTMAN_MODE")).isTrue();
        assertThat(KnownVariables.contains("PGPASSWORD_FILE")).isTrue();
        assertThat(KnownVariables.contains("PARTMAN_MOOD")).isFalse();
        assertThat(KnownVariables.contains("PGROOTCERT")).isFalse();
    }

    @Test
    void takesEachSecretFromAKeyThatIsThere() {
        Map<String, Set<String>> keys = new TreeMap<>();
        manifests()
                .all(Secret.class)
                .forEach(secret -> keys.put(
                        secret.getMetadata().getName(), secret.getData().keySet()));
        if (kustomization.equals("cloudnative-pg")) {
            keys.putAll(OF_CLOUDNATIVE_PG);
        }

        for (EnvVar variable : sidecar().getEnv()) {
            if (Set.of("DATABASE_URL", "PGUSER", "PGPASSWORD", "PGDATABASE").contains(variable.getName())) {
                SecretKeySelector reference = variable.getValueFrom().getSecretKeyRef();
                assertThat(variable.getValue()).isNull();
                assertThat(keys).containsKey(reference.getName());
                assertThat(keys.get(reference.getName())).contains(reference.getKey());
            }
        }
    }

    /** A file of certificates that is named but not mounted would stop the start. */
    @Test
    void mountsTheCertificatesThatItNames() {
        Set<String> mounted = new TreeSet<>();
        for (VolumeMount mount : sidecar().getVolumeMounts()) {
            filesOf(mount.getName()).forEach(file -> mounted.add(mount.getMountPath() + "/" + file));
        }
        Set<String> named = new TreeSet<>();
        for (EnvVar variable : sidecar().getEnv()) {
            if (variable.getName().equals("PGSSLROOTCERT")) {
                named.add(variable.getValue());
            }
        }

        assertThat(mounted).isEqualTo(named);
    }

    private Set<String> filesOf(String name) {
        Volume volume = pod().getSpec().getVolumes().stream()
                .filter(candidate -> candidate.getName().equals(name))
                .findFirst()
                .orElseThrow();
        Set<String> files = new TreeSet<>();
        if (volume.getSecret() != null) {
            volume.getSecret().getItems().forEach(item -> files.add(item.getPath()));
            return files;
        }
        for (ConfigMap map : manifests().all(ConfigMap.class)) {
            if (map.getMetadata().getName().equals(volume.getConfigMap().getName())) {
                files.addAll(map.getData().keySet());
            }
        }
        return files;
    }

    @Test
    void holdsNoPasswordButThePlaceholder() {
        for (Secret secret : manifests().all(Secret.class)) {
            assertThat(secret.getStringData()).isNullOrEmpty();
            secret.getData().forEach((key, value) -> {
                String text = new String(Base64.getMimeDecoder().decode(value), StandardCharsets.UTF_8);
                if (key.equals("DATABASE_URL")) {
                    assertThat(text).startsWith("postgresql://" + PLACEHOLDER + ":" + PLACEHOLDER + "@" + PLACEHOLDER);
                } else if (key.equals("password")) {
                    assertThat(text).isEqualTo(PLACEHOLDER);
                } else {
                    assertThat(key).isIn("user", "dbname");
                }
            });
        }
        assertThat(built()).doesNotContain("postgresql://", "changeme");
    }

    private String built() {
        return BUILT.computeIfAbsent(kustomization, name -> Manifests.build(ROOT.resolve(name)));
    }

    private Manifests manifests() {
        return Manifests.parse(built());
    }

    private PodTemplateSpec pod() {
        return manifests().pods().getFirst();
    }

    private Container sidecar() {
        List<Container> sidecars = Stream.concat(
                        pod().getSpec().getInitContainers().stream(), pod().getSpec().getContainers().stream())
                .filter(KubernetesTest::isSidecar)
                .toList();
        assertThat(sidecars).hasSize(1);
        return sidecars.getFirst();
    }

    private static boolean isSidecar(Container container) {
        return container.getName().equals(SIDECAR);
    }
}
