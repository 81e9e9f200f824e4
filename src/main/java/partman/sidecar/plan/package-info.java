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
 * An online conversion is in one of these phases, which the database remembers; the state is {@code converting} until it is done:
 *
 * <pre>
 *   shadow --> journal --> backfill --> keys_once --> indexes --> catch_up --> verify --> swap --> foreign_keys (if there are any)
 *      ^          |            |            |          ^  |           |          | |        |
 *      |          |            |            |          |  |           |          | |        +-- an index came: keys_once; went: indexes
 *      +----------+------------+------------+----------+--+-----------+----------+-|-- the table was altered, truncated, rewritten
 *                                                                                  +-- a difference: blocked, until a person aborts
 * </pre>
 *
 * A plan is carried out one transaction at a time; then the table is looked at again. That is also how work goes on after
 * a crash. The way back from a partition set to a plain table is no plan: an {@link partman.sidecar.plan.Undo} is for a person.
 */
@NullMarked
package partman.sidecar.plan;

import org.jspecify.annotations.NullMarked;
