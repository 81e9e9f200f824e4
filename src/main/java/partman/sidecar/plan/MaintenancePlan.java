package partman.sidecar.plan;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import partman.sidecar.model.ObservedSchedulers;
import partman.sidecar.model.Scheduler;
import partman.sidecar.model.Warning;
import partman.sidecar.step.Transaction;

/**
 * What is to be done about the server as a whole, so that every set is maintained.
 *
 * @param scheduler the chosen one
 * @param here transactions to run in the database that is looked after
 * @param cronDatabase the database of {@code inCronDatabase}; empty if that has none
 * @param inCronDatabase transactions to run where pg_cron has its jobs
 * @param offered transactions that a person may have run by a setting
 * @param schedulerUp whether the chosen scheduler does its work; null if that can't be told
 * @param due the latest moment since which every set should have been maintained; null if nobody here sees to it
 */
public record MaintenancePlan(
        ObservedSchedulers observed,
        Scheduler scheduler,
        List<Transaction> here,
        String cronDatabase,
        List<Transaction> inCronDatabase,
        List<Transaction> offered,
        @Nullable Boolean schedulerUp,
        @Nullable Instant due,
        List<Warning> warnings) {

    /** Before the first look. */
    public static final MaintenancePlan NOTHING_YET = new MaintenancePlan(
            ObservedSchedulers.NONE, Scheduler.NONE, List.of(), "", List.of(), List.of(), null, null, List.of());

    public MaintenancePlan {
        here = List.copyOf(here);
        inCronDatabase = List.copyOf(inCronDatabase);
        offered = List.copyOf(offered);
        warnings = List.copyOf(warnings);
    }

    /** Whether something is to be done. */
    public boolean isWork() {
        return !here.isEmpty() || !inCronDatabase.isEmpty();
    }
}
