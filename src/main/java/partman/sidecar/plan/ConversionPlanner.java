package partman.sidecar.plan;

import static partman.sidecar.model.TableState.PLAIN;

import java.util.ArrayList;
import java.util.List;
import partman.sidecar.model.Identifier;
import partman.sidecar.model.ObservedServer;
import partman.sidecar.model.ObservedTable;
import partman.sidecar.model.QualifiedName;
import partman.sidecar.model.TableSpec;
import partman.sidecar.step.AddForeignKeys;
import partman.sidecar.step.Analyze;
import partman.sidecar.step.BuildIndexes;
import partman.sidecar.step.CopyRows;
import partman.sidecar.step.LockTable;
import partman.sidecar.step.RunMaintenance;
import partman.sidecar.step.Step;
import partman.sidecar.step.SwapTables;
import partman.sidecar.step.Transaction;
import partman.sidecar.step.UpdatePartConfig;
import partman.sidecar.step.VerifyCopy;

/** Plans how a plain table becomes a partitioned one while nobody else uses it. */
final class ConversionPlanner {

    private ConversionPlanner() {}

    static Plan plan(TableSpec spec, ObservedServer server, ObservedTable.Shape shape) {
        Identifier partman = server.partmanSchema();
        QualifiedName table = spec.table();
        Layout layout = Layout.of(spec, server, shape.rows());
        Plan.Blocked blocked = layout.obstacle(spec, shape);
        if (blocked != null) {
            return blocked;
        }
        List<Step> steps = new ArrayList<>();
        steps.add(new LockTable(table, LockTable.Mode.AGAINST_EVERYBODY));
        steps.add(layout.createShadow(spec, partman, shape.ddl()));
        steps.add(new CopyRows(table, shape.columns(), shape.rows().total()));
        steps.add(new BuildIndexes(table, shape.ddl().indexes()));
        steps.add(new Analyze(table));
        if (!shape.ddl().foreignKeys().isEmpty()) {
            steps.add(new AddForeignKeys(table, shape.ddl().foreignKeys()));
        }
        steps.add(new VerifyCopy(table, shape.columns(), shape.hashable()));
        steps.add(new SwapTables(
                table,
                partman,
                shape.owner(),
                shape.ddl().release(),
                shape.ddl().carryOver()));
        steps.add(new UpdatePartConfig(spec, partman, true, List.of()));
        return new Plan.Convert(
                PLAIN,
                table + " is a plain table",
                List.of(),
                new Transaction(steps, spec.conversion().lockTimeout()),
                List.of(Transaction.of(
                        new RunMaintenance(table, partman), spec.conversion().lockTimeout())),
                layout.notes(
                        spec,
                        shape,
                        "method offline: the application's statements on %s wait from the copy's begin to its end"
                                .formatted(table)));
    }
}
