/** The process: reads its settings, then runs as a service or carries out one command and ends. */
@NullMarked
package partman.sidecar;

import org.jspecify.annotations.NullMarked;
