/** What changes a database: one record a step, its SQL inside; a step chooses nothing, waits for nothing and logs nothing. */
@NullMarked
package partman.sidecar.step;

import org.jspecify.annotations.NullMarked;
