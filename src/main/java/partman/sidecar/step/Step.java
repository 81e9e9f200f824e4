package partman.sidecar.step;

import java.util.List;
import partman.sidecar.postgres.Session;

/**
 * One change of the database. It runs in a {@link Transaction}, which bounds its waits for locks, so a crash or a timeout
 * leaves either all or nothing of it; running it twice does no harm.
 */
public sealed interface Step
        permits AddForeignKeys,
                Analyze,
                ApplyJournal,
                BeginConversion,
                BuildIndexes,
                CheckBounds,
                CopyBlocks,
                CopyRows,
                CreateExtension,
                CreateJournal,
                CreateParent,
                CreatePartitions,
                CreateShadow,
                DeleteChangedRows,
                DropCovered,
                DropJournal,
                DropRetired,
                DropSuccessor,
                EndConversion,
                EnterPhase,
                HoldConversion,
                LockTable,
                MoveDefaultRows,
                RenameChild,
                RunMaintenance,
                ScheduleJob,
                StopConversion,
                SwapDefault,
                SwapTables,
                TakeOverConversion,
                UpdateExtension,
                UpdatePartConfig,
                VerifyCopy,
                VerifySuccessor {

    /** What it does, to which table, for logs and plans. */
    String summary();

    /** The exact SQL, in order. */
    List<Statement> statements();

    /** Runs the statements in a transaction that the caller has begun. */
    default void run(Session session) {
        statements().forEach(statement -> session.execute(statement.sql()));
    }
}
