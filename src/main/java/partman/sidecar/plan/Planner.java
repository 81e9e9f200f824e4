package partman.sidecar.plan;

import static partman.sidecar.model.TableState.BLOCKED;
import static partman.sidecar.model.TableState.DRIFTED;
import static partman.sidecar.model.TableState.EXTENSION_MISSING;
import static partman.sidecar.model.TableState.EXTENSION_UNAVAILABLE;
import static partman.sidecar.model.TableState.EXTENSION_UNSUPPORTED;
import static partman.sidecar.model.TableState.FOREIGN;
import static partman.sidecar.model.TableState.HEALTHY;
import static partman.sidecar.model.TableState.MISSING;
import static partman.sidecar.model.TableState.PLAIN;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import partman.sidecar.model.Conversion;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.Observation;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedServer.Extension;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.PartitionSet;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.model.TableState;
import partman.sidecar.model.Version;
import partman.sidecar.step.CreateExtension;
import partman.sidecar.step.DropRetired;
import partman.sidecar.step.Transaction;

/** Compares what is desired of a table with what was observed of it. */
public final class Planner {

    private static final int FIRST_SUPPORTED_MAJOR = 5;

    private Planner() {}

    /** The plan for one table of those that were observed; the last thing to do is to drop what is to be dropped. */
    public static Plan plan(TableSpec spec, Observation observation) {
        Plan plan = plan(
                spec,
                observation.server(),
                Objects.requireNonNull(observation.tables().get(spec.table())));
        List<QualifiedName> retired = observation.retiredOf(spec.table());
        return plan.state() == HEALTHY && spec.conversion().dropRetired() && !retired.isEmpty()
                ? new Plan.Run(
                        DRIFTED,
                        "its conversion has kept the plain table, and partman.conversion.retired is drop",
                        retired.stream()
                                .map(name -> Transaction.of(
                                        new DropRetired(name), spec.conversion().lockTimeout()))
                                .toList(),
                        List.of())
                : plan;
    }

    /**
     * Gives up the online conversion of a table or of its default partition, before its swap: the table stays as it is.
     *
     * @param table one that has a conversion under way
     */
    public static Plan.Run abort(TableSpec spec, ObservedServer server, ObservedTable table) {
        Conversion conversion = Objects.requireNonNull(table.underWay()).conversion();
        TableSpec source = table instanceof ObservedTable.Partitioned(PartitionSet set)
                ? spec.about(Objects.requireNonNull(set.defaultPartition()).name())
                : spec;
        return OnlinePlanner.abort(source, server, conversion, "the conversion is given up");
    }

    /** The plan for one table. */
    public static Plan plan(TableSpec spec, ObservedServer server, ObservedTable table) {
        return switch (table) {
            case ObservedTable.Missing() ->
                new Plan.Wait(
                        MISSING,
                        "table " + spec.table() + " does not exist yet; waiting for the application to create it");
            case ObservedTable.NotATable(String kind) ->
                new Plan.Blocked(FOREIGN, spec.table() + " is " + kind + ", not a table of its own");
            case ObservedTable.PartitionedOtherwise(String key) ->
                new Plan.Blocked(
                        FOREIGN,
                        "%s is partitioned by %s, not by ranges of %s"
                                .formatted(spec.table(), key, spec.controlColumn()));
            case ObservedTable.Plain plain -> withExtension(spec, server, plain);
            case ObservedTable.Converting converting -> withExtension(spec, server, converting);
            case ObservedTable.Partitioned partitioned -> withExtension(spec, server, partitioned);
        };
    }

    private static Plan withExtension(TableSpec spec, ObservedServer server, ObservedTable table) {
        return switch (server.extension()) {
            case Extension.Unavailable() ->
                new Plan.Blocked(
                        EXTENSION_UNAVAILABLE,
                        "the server does not offer pg_partman; install its package on the database server (Debian: postgresql-%s-partman)"
                                .formatted(Version.parse(server.version()).major()));
            case Extension.Available(String version)
            when Version.parse(version).major() < FIRST_SUPPORTED_MAJOR ->
                new Plan.Blocked(
                        EXTENSION_UNSUPPORTED,
                        "the server offers pg_partman %s; install version 5.0 or newer on the database server"
                                .formatted(version));
            case Extension.Available _
            when !server.mayCreateInDatabase() ->
                new Plan.Blocked(
                        EXTENSION_MISSING,
                        "pg_partman is not created, and %s may not do it: GRANT CREATE ON DATABASE %s TO %s"
                                .formatted(
                                        server.role(),
                                        new Identifier(server.database()).sql(),
                                        new Identifier(server.role()).sql()));
            case Extension.Available(String version) -> createExtension(spec, server, table, version);
            case Extension.Installed(String version, Identifier _, String newest, boolean _)
            when Version.parse(version).major() < FIRST_SUPPORTED_MAJOR ->
                new Plan.Blocked(
                        EXTENSION_UNSUPPORTED,
                        "pg_partman %s is installed, 5.0 or newer is needed; %s"
                                .formatted(
                                        version,
                                        Version.parse(newest).major() >= FIRST_SUPPORTED_MAJOR
                                                ? "read its upgrade notes, then run: ALTER EXTENSION pg_partman UPDATE"
                                                : "install it on the database server, then run: ALTER EXTENSION pg_partman UPDATE"));
            case Extension.Installed(String _, Identifier schema, String _, boolean mayUse)
            when !mayUse ->
                new Plan.Blocked(
                        BLOCKED,
                        "%s may not read pg_partman's tables: GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT ON ALL TABLES IN SCHEMA %s TO %s"
                                .formatted(
                                        server.role(),
                                        schema.sql(),
                                        new Identifier(server.role()).sql(),
                                        schema.sql(),
                                        new Identifier(server.role()).sql()));
            case Extension.Installed _ -> onTable(spec, server, table);
        };
    }

    private static Plan createExtension(TableSpec spec, ObservedServer server, ObservedTable table, String version) {
        Transaction create = Transaction.of(
                new CreateExtension(server.partmanSchema()), spec.conversion().lockTimeout());
        String reason = "pg_partman %s is available, not created".formatted(version);
        return switch (onTable(spec, server, table)) {
            case Plan.Nothing() -> new Plan.Run(EXTENSION_MISSING, reason, List.of(create), List.of());
            case Plan.Wait _ -> new Plan.Run(EXTENSION_MISSING, reason, List.of(create), List.of());
            case Plan.Blocked blocked -> blocked;
            case Plan.Survey(TableState _, String why) -> new Plan.Survey(EXTENSION_MISSING, why);
            case Plan.Run(TableState _, String _, List<Transaction> transactions, List<String> notes) -> {
                List<Transaction> all = new ArrayList<>(List.of(create));
                all.addAll(transactions);
                yield new Plan.Run(EXTENSION_MISSING, reason, all, notes);
            }
            case Plan.Convert(
                    TableState _,
                    String _,
                    List<Transaction> before,
                    Transaction conversion,
                    List<Transaction> after,
                    List<String> notes) -> {
                List<Transaction> all = new ArrayList<>(List.of(create));
                all.addAll(before);
                yield new Plan.Convert(EXTENSION_MISSING, reason, all, conversion, after, notes);
            }
            case Plan.Online online -> {
                List<Transaction> all = new ArrayList<>(List.of(create));
                all.addAll(online.before());
                yield new Plan.Online(
                        EXTENSION_MISSING,
                        reason,
                        online.conversion(),
                        all,
                        online.stages(),
                        online.after(),
                        online.notes());
            }
        };
    }

    private static Plan onTable(TableSpec spec, ObservedServer server, ObservedTable table) {
        return switch (table) {
            case ObservedTable.Plain plain -> onPlain(spec, server, plain);
            case ObservedTable.Converting converting -> OnlinePlanner.plan(spec, server, converting);
            case ObservedTable.Partitioned(PartitionSet set) -> SetPlanner.plan(spec, server, set);
            case ObservedTable.Missing _, ObservedTable.NotATable _, ObservedTable.PartitionedOtherwise _ ->
                throw new IllegalArgumentException("needs no extension: " + table);
        };
    }

    private static Plan onPlain(TableSpec spec, ObservedServer server, ObservedTable.Plain plain) {
        if (!plain.ownedByRole()) {
            return notOwned(spec, server, PLAIN);
        }
        ObservedTable.Shape shape = plain.shape();
        if (shape == null) {
            return new Plan.Survey(PLAIN, spec.table() + " is a plain table");
        }
        return switch (spec.conversion().method()) {
            case ONLINE -> OnlinePlanner.begin(spec, server, shape);
            case OFFLINE -> ConversionPlanner.plan(spec, server, shape);
        };
    }

    /** Only a table's owner, or a member of the owner's role, may change it. */
    static Plan notOwned(TableSpec spec, ObservedServer server, TableState state) {
        return new Plan.Blocked(
                BLOCKED,
                "%s is %s, and %s does not own it: GRANT the owner's role TO %s"
                        .formatted(spec.table(), state.label(), server.role(), new Identifier(server.role()).sql()));
    }
}
