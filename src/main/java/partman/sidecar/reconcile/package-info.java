/** When and in what order: observes on a schedule, carries out plans, runs maintenance; one reconciler works on a database. */
@NullMarked
package partman.sidecar.reconcile;

import org.jspecify.annotations.NullMarked;
