/** What the tests share: real PostgreSQL servers, a fresh database for each test, and the tables that break naive code. */
@NullMarked
package partman.sidecar.testing;

import org.jspecify.annotations.NullMarked;
