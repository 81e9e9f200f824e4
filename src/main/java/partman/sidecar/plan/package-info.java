/**
 * Compares the desired state with the observed one and says what to do; pure, so the same two states always give the same
 * plan.
 *
 * <pre>
 *                        missing (wait)      extension_unavailable, extension_unsupported, foreign (a person must act)
 *                           |
 *   extension_missing --CreateExtension--> plain --conversion--------------------+
 *                           |                                                    v
 *                           +--> unregistered --CreateParent, MoveDefaultRows--> healthy --run_maintenance, on schedule
 *                                                                                |    ^
 *                                       drifted, default_not_empty &lt;-------------+    |
 *                                           +--UpdatePartConfig, MoveDefaultRows, CreatePartitions
 * </pre>
 *
 * A plan is carried out one transaction at a time; then the table is looked at again. That is also how work goes on after
 * a crash.
 */
@NullMarked
package partman.sidecar.plan;

import org.jspecify.annotations.NullMarked;
