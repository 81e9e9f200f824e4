package partman.sidecar.testing;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/** Does what {@link Postgres} says. */
final class PostgresExtension implements ClassTemplateInvocationContextProvider {

    private static final String ONLY = System.getProperty("partman.test.servers", "");

    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
        return context.getRequiredTestClass().isAnnotationPresent(Postgres.class);
    }

    @Override
    public Stream<? extends ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(
            ExtensionContext context) {
        List<Server> servers = List.of(
                context.getRequiredTestClass().getAnnotation(Postgres.class).value());
        List<Server> wanted = servers.stream()
                .filter(server -> List.of(ONLY.split(",", -1)).contains(server.tag()))
                .toList();
        return (wanted.isEmpty() ? servers : wanted).stream().map(OnServer::new);
    }

    private record OnServer(Server server) implements ClassTemplateInvocationContext {

        @Override
        public String getDisplayName(int invocationIndex) {
            return server.toString();
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(new Databases(server));
        }
    }

    /** Hands out one database for each test method; JUnit closes it when the method has ended. */
    private record Databases(Server server) implements ParameterResolver, TestExecutionExceptionHandler {

        @Override
        public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext rootContext) {
            return ExtensionContextScope.TEST_METHOD;
        }

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            Class<?> type = parameter.getParameter().getType();
            return type == TestDatabase.class || type == Server.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            if (parameter.getParameter().getType() == Server.class) {
                return server;
            }
            return context.getStore(Namespace.create(Databases.class, server))
                    .computeIfAbsent(
                            TestDatabase.class,
                            _ -> PostgresServer.shared(server).promiseDatabase(),
                            TestDatabase.class);
        }

        /** Says which server a test failed on, which Maven's report leaves out. */
        @Override
        public void handleTestExecutionException(ExtensionContext context, Throwable throwable) throws Throwable {
            throwable.addSuppressed(new Note("this was on " + server));
            throw throwable;
        }
    }

    private static final class Note extends Exception {

        Note(String message) {
            super(message, null, false, false);
        }
    }
}
