package partman.sidecar.reconcile;

import partman.sidecar.model.TableSpec;
import partman.sidecar.testing.TestDatabase;

/** The same for a table that is converted online. */
class OnlineConversionOfEverythingTest extends ConversionOfEverythingTest {

    OnlineConversionOfEverythingTest(TestDatabase database) {
        super(database);
    }

    @Override
    TableSpec.Method method() {
        return TableSpec.Method.ONLINE;
    }
}
