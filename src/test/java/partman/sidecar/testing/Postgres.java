package partman.sidecar.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs a test class against PostgreSQL, once for each server. A constructor, {@code @BeforeEach} or test method may have
 * parameters of type {@link TestDatabase}, which is fresh for each test method, and {@link Server}.
 *
 * <p>Each server is a container that starts when it is first needed and serves all classes. {@code
 * -Dpartman.test.servers=17} narrows the servers of every class that runs on several.
 */
@ClassTemplate
@ExtendWith(PostgresExtension.class)
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface Postgres {

    /** The servers to run on; by default every supported pair of PostgreSQL and pg_partman. */
    Server[] value() default {Server.PG17, Server.PG18};
}
