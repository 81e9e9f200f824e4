package partman.sidecar;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Optional;
import org.jspecify.annotations.NullMarked;
import partman.sidecar.model.Definition;
import partman.sidecar.postgres.Database;

/** The rules that keep the packages apart; a failure names the class and the line that crosses one. */
@AnalyzeClasses(packages = ArchitectureTest.ROOT, importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    static final String ROOT = "partman.sidecar";

    @ArchTest
    static final ArchRule dependenciesGoOneWay = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .withOptionalLayers(true)
            .layer("main")
            .definedBy(ROOT)
            .layer("model")
            .definedBy(in("model"))
            .layer("config")
            .definedBy(in("config"))
            .layer("postgres")
            .definedBy(in("postgres"))
            .layer("catalog")
            .definedBy(in("catalog"))
            .layer("step")
            .definedBy(in("step"))
            .layer("plan")
            .definedBy(in("plan"))
            .layer("reconcile")
            .definedBy(in("reconcile"))
            .layer("report")
            .definedBy(in("report"))
            .whereLayer("model")
            .mayNotAccessAnyLayer()
            .whereLayer("config")
            .mayOnlyAccessLayers("model")
            .whereLayer("postgres")
            .mayOnlyAccessLayers("model")
            .whereLayer("catalog")
            .mayOnlyAccessLayers("model", "postgres")
            .whereLayer("step")
            .mayOnlyAccessLayers("model", "postgres")
            .whereLayer("plan")
            .mayOnlyAccessLayers("model", "step")
            .whereLayer("reconcile")
            .mayOnlyAccessLayers("model", "config", "postgres", "catalog", "step", "plan")
            .whereLayer("report")
            .mayOnlyAccessLayers("model", "plan", "reconcile")
            .whereLayer("main")
            .mayOnlyAccessLayers("model", "config", "postgres", "plan", "reconcile", "report")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().allowEmptyShould(true);

    @ArchTest
    static final ArchRule onlyPostgresUsesJdbc = noClasses()
            .that()
            .resideOutsideOfPackage(in("postgres"))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..", "org.postgresql..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule modelAndPlanKnowNoFramework = classes()
            .that()
            .resideInAnyPackage(in("model"), in("plan"))
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("java..", "org.jspecify..", "com.google.errorprone.annotations..", ROOT + "..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule fewPackagesKnowQuarkus = noClasses()
            .that(not(resideInAnyPackage(ROOT, in("config"), in("reconcile"), in("report")))
                    .and(not(type(Database.class))))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.quarkus..",
                    "io.vertx..",
                    "io.smallrye..",
                    "io.agroal..",
                    "io.micrometer..",
                    "jakarta..",
                    "org.eclipse..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule onlyCatalogBuildsDefinitions = noClasses()
            .that(not(resideInAPackage(in("catalog"))))
            .should()
            .accessTargetWhere(
                    target(owner(type(Definition.class))).and(target(name(JavaConstructor.CONSTRUCTOR_NAME))))
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule packagesAreNullMarked =
            classes().should(haveAPackageInfoWithNullMarked()).allowEmptyShould(true);

    @ArchTest
    static final ArchRule noFieldIsOptional =
            noFields().should().haveRawType(Optional.class).allowEmptyShould(true);

    private static String in(String packageName) {
        return ROOT + "." + packageName + "..";
    }

    private static ArchCondition<JavaClass> haveAPackageInfoWithNullMarked() {
        return new ArchCondition<>("have a package-info.java with @NullMarked") {
            @Override
            public void check(JavaClass item, ConditionEvents events) {
                boolean marked = item.getPackage()
                        .tryGetPackageInfo()
                        .map(info -> info.isAnnotatedWith(NullMarked.class))
                        .orElse(false);
                events.add(new SimpleConditionEvent(
                        item,
                        marked,
                        "package " + item.getPackageName() + " has no package-info.java with @NullMarked"));
            }
        };
    }
}
