/** Talks to PostgreSQL: statements that can't be injected, sessions with known settings, failures sorted once; the only JDBC. */
@NullMarked
package partman.sidecar.postgres;

import org.jspecify.annotations.NullMarked;
