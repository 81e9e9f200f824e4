/** The vocabulary: identifiers, the desired state of a table and the observed one; knows nothing but the JDK. */
@NullMarked
package partman.sidecar.model;

import org.jspecify.annotations.NullMarked;
