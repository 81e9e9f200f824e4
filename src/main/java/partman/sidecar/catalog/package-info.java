/** Reads what is there: {@code pg_catalog} and pg_partman's {@code part_config}, in a fixed number of queries; changes nothing. */
@NullMarked
package partman.sidecar.catalog;

import org.jspecify.annotations.NullMarked;
