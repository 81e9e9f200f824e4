/** Shows what the latest snapshot says: metrics, health checks and JSON; nothing here queries the database. */
@NullMarked
package partman.sidecar.report;

import org.jspecify.annotations.NullMarked;
