package partman.sidecar.step;

import static partman.sidecar.postgres.Sql.sql;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.postgres.Sql;

/**
 * Makes the partitions that pg_partman creates alike the others. It creates them as whoever calls it: they would belong to
 * the sidecar's role, so that the table's owner could alter the table no more; and default privileges of that role would
 * grant rights on them, by which one gets past the parent's row-level security. Before 5.5 it also leaves out the template
 * table's options for TOAST.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html">ALTER DEFAULT PRIVILEGES</a>
 */
final class NewPartitions {

    /** Names reach the block as settings, since its text can't take parameters. */
    private static final Sql REMEMBER = sql("""
            SELECT pg_catalog.set_config('partman_sidecar.parent', :parent, true),
                   pg_catalog.set_config('partman_sidecar.parent_table', :parent_table, true),
                   pg_catalog.set_config('partman_sidecar.partitions', COALESCE((
                       SELECT pg_catalog.string_agg(i.inhrelid::text, ',')
                       FROM pg_catalog.pg_inherits AS i
                       WHERE i.inhparent = :parent::regclass), ''), true)
            """);

    /**
     * The quotes around the block have a tag, so that a dollar sign in the schema's name does not end it.
     *
     * <p>An owner who may not create in the schema can't be given a table there; the partition then stays the caller's.
     */
    private static final Sql ADOPT = sql("""
            DO $partman_sidecar$
            DECLARE
                parent CONSTANT regclass := current_setting('partman_sidecar.parent')::regclass;
                part record;
                entry record;
                toast_options text[];
                toast_option text;
            BEGIN
                SELECT x.reloptions INTO toast_options
                FROM {partman}.part_config AS f
                JOIN pg_catalog.pg_class AS t ON t.relname = split_part(f.template_table, '.', 2)
                    AND t.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                                          WHERE n.nspname = split_part(f.template_table, '.', 1))
                JOIN pg_catalog.pg_class AS x ON x.oid = t.reltoastrelid
                WHERE f.parent_table = current_setting('partman_sidecar.parent_table');
                FOR part IN
                    SELECT c.oid::regclass AS name, c.oid, c.relowner, p.relowner AS parent_owner
                    FROM pg_catalog.pg_inherits AS i
                    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
                    JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
                    WHERE i.inhparent = parent
                      AND i.inhrelid::text <> ALL (string_to_array(current_setting('partman_sidecar.partitions'), ','))
                LOOP
                    FOR entry IN
                        SELECT DISTINCT a.grantee
                        FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
                        WHERE c.oid = part.oid AND a.grantee <> c.relowner
                          AND NOT EXISTS (SELECT FROM {partman}.part_config AS f
                                          WHERE f.parent_table = current_setting('partman_sidecar.parent_table') AND f.inherit_privileges)
                    LOOP
                        EXECUTE format('REVOKE ALL ON TABLE %s FROM %s', part.name,
                            CASE entry.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(entry.grantee)) END);
                    END LOOP;
                    FOREACH toast_option IN ARRAY COALESCE(toast_options, '{}') LOOP
                        EXECUTE format('ALTER TABLE %s SET (toast.%s)', part.name, toast_option);
                    END LOOP;
                    IF part.relowner <> part.parent_owner THEN
                        BEGIN
                            EXECUTE format('ALTER TABLE %s OWNER TO %I', part.name, pg_get_userbyid(part.parent_owner));
                        EXCEPTION WHEN insufficient_privilege THEN
                            RAISE WARNING '% belongs to %, not to the owner of its parent: %', part.name,
                                pg_get_userbyid(part.relowner), SQLERRM;
                        END;
                    END IF;
                END LOOP;
            END
            $partman_sidecar$
            """);

    private NewPartitions() {}

    /** The statements that make partitions of {@code parent}, and around them those that give the new ones to its owner. */
    static List<Statement> of(QualifiedName parent, Identifier partman, List<Statement> making) {
        List<Statement> statements = new ArrayList<>();
        statements.add(Statement.of(remember(parent)));
        statements.addAll(making);
        statements.add(Statement.of(adopt(partman)));
        return List.copyOf(statements);
    }

    /** Notes which partitions there are. */
    private static Sql remember(QualifiedName parent) {
        return REMEMBER.bind("parent", parent.sql()).bind("parent_table", parent.unquoted());
    }

    /** Makes the others alike their parent. */
    static Sql adopt(Identifier partman) {
        return ADOPT.with("partman", partman);
    }
}
