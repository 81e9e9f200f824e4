/** Turns what the user set (properties, environment variables, files) into checked, typed settings, or into one list of all faults. */
@NullMarked
package partman.sidecar.config;

import org.jspecify.annotations.NullMarked;
