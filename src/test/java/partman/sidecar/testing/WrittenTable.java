package partman.sidecar.testing;

import java.util.Collections;
import partman.sidecar.model.QualifiedName;

/**
 * A table that {@link Writers} write to, and their statements, in which {@code %s} is the table or its {@link Ledger}. Rows
 * belong to numbered events: one row each to those that the table begins with, from 1 to the number of its rows.
 *
 * @param key the columns of the unique index
 * @param lookup the column that tells the rows of an event from all others
 * @param lookupValue what that column holds, for an event's number
 * @param insert adds the rows of an event, for its number and its time
 * @param changes what an update sets that leaves the key alone, different each time
 */
record WrittenTable(
        QualifiedName name,
        String controlColumn,
        String key,
        String lookup,
        String lookupValue,
        String insert,
        String changes) {

    /** Events that a statement names; the same one several times if it is about fewer. */
    static final int EVENTS_NAMED = 3;

    /** Lago's table; a new event has up to three rows, one for each charge. */
    static final WrittenTable LAGO = new WrittenTable(
            QualifiedName.of("public", "enriched_events"),
            "\"timestamp\"",
            "organization_id, external_subscription_id, transaction_id, \"timestamp\", charge_id",
            "event_id",
            "md5('event' || ?)::uuid",
            """
            INSERT INTO %s
            SELECT md5('id' || i || ' ' || charge)::uuid, md5('organization' || i %% 3)::uuid, md5('event' || i)::uuid,
                   'transaction ' || i, 'subscription ' || i %% 100, 'code ' || i %% 10, at,
                   md5('subscription' || i %% 100)::uuid, md5('plan' || i %% 5)::uuid, md5('charge' || charge)::uuid, NULL,
                   jsonb_build_object('region', i %% 9), i::text, i / 8.0, at + interval '1 second', 'add', i / 1000.0, NULL
            FROM (SELECT ?::bigint AS i, ?::timestamp AS at) AS event, generate_series(1, 1 + i %% 3) AS charge
            ON CONFLICT DO NOTHING
            """,
            "value = 'changed', decimal_value = decimal_value + 1, enriched_at = enriched_at + interval '1 second'");

    /** {@code public.events (id, at, note)} with key {@code (id, at)}; an event is one row. */
    static final WrittenTable EVENTS = new WrittenTable(
            QualifiedName.of("public", "events"),
            "at",
            "id, at",
            "id",
            "?",
            "INSERT INTO %s SELECT ?, ?, 'new' ON CONFLICT DO NOTHING",
            "note = md5(note)");

    private String condition() {
        return "WHERE %s IN (%s)".formatted(lookup, String.join(", ", Collections.nCopies(EVENTS_NAMED, lookupValue)));
    }

    String select() {
        return "SELECT * FROM %s " + condition();
    }

    String change() {
        return "UPDATE %s SET " + changes + " " + condition();
    }

    /** Has the new time as its first parameter. */
    String move() {
        return "UPDATE %s SET " + controlColumn + " = ? " + condition();
    }

    String delete() {
        return "DELETE FROM %s " + condition();
    }

    String insertFromLedger() {
        return "INSERT INTO %s SELECT * FROM " + Ledger.TABLE.sql() + " " + condition() + " ON CONFLICT DO NOTHING";
    }
}
