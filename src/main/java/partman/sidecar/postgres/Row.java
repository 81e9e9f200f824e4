package partman.sidecar.postgres;

import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One row of a result; columns are named as in the statement. */
public final class Row {

    private final ResultSet result;

    Row(ResultSet result) {
        this.result = result;
    }

    /** The column as text, which must not be null. */
    public String text(String column) {
        String value = textOrNull(column);
        if (value == null) {
            throw new IllegalStateException("column " + column + " is null");
        }
        return value;
    }

    public @Nullable String textOrNull(String column) {
        return get(() -> result.getString(column));
    }

    /** The column as a number; 0 if it is null. */
    public long number(String column) {
        return get(() -> result.getLong(column));
    }

    public int integer(String column) {
        return Math.toIntExact(number(column));
    }

    public @Nullable Long numberOrNull(String column) {
        return get(() -> {
            long value = result.getLong(column);
            return result.wasNull() ? null : value;
        });
    }

    /** The column as a truth value; false if it is null. */
    public boolean flag(String column) {
        return get(() -> result.getBoolean(column));
    }

    /** The column as a list of text; empty if it is null. */
    public List<String> texts(String column) {
        Array array = get(() -> result.getArray(column));
        return array == null ? List.of() : get(() -> Arrays.asList((String[]) array.getArray()));
    }

    private interface Getter<T extends @Nullable Object> {
        T get() throws SQLException;
    }

    private static <T extends @Nullable Object> T get(Getter<T> getter) {
        try {
            return getter.get();
        } catch (SQLException e) {
            throw new DatabaseException(e.getMessage() == null ? "reading a row failed" : e.getMessage(), e);
        }
    }
}
