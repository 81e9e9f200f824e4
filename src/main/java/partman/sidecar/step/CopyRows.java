package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Identifiers;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.WorkSchema;
import partman.sidecar.postgres.Sql;

/**
 * Copies every row of a plain table to its successor, which has no index yet; PostgreSQL finds each row's partition. A
 * successor that holds rows already was filled before and stays as it is. Nobody may write to the table meanwhile.
 */
public record CopyRows(QualifiedName table, List<Identifier> columns, long rows) implements Step {

    private static final Sql COPY = sql("""
            INSERT INTO {shadow} ({columns}) OVERRIDING SYSTEM VALUE
            SELECT {columns} FROM ONLY {table}
            WHERE NOT EXISTS (SELECT FROM {shadow})
            """);

    @Override
    public String summary() {
        return "copy %d rows of %s".formatted(rows, table);
    }

    @Override
    public List<Statement> statements() {
        return List.of(Statement.of(COPY.with("shadow", WorkSchema.shadowOf(table))
                .with("table", table)
                .with("columns", new Identifiers(columns))));
    }
}
