package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.postgres.Sql;

/** Creates pg_partman in a schema of its own. Takes no lock that others notice. */
public record CreateExtension(Identifier schema) implements Step {

    private static final Sql CREATE_SCHEMA = sql("CREATE SCHEMA IF NOT EXISTS {schema}");
    private static final Sql CREATE_EXTENSION = sql("CREATE EXTENSION IF NOT EXISTS pg_partman SCHEMA {schema}");

    @Override
    public String summary() {
        return "create extension pg_partman in schema " + schema;
    }

    @Override
    public List<Statement> statements() {
        return List.of(
                Statement.of(CREATE_SCHEMA.with("schema", schema)),
                Statement.of(CREATE_EXTENSION.with("schema", schema)));
    }
}
