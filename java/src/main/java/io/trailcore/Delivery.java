package io.trailcore;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Something that a {@link Tail} has delivered: changes, a transaction, or an event of the trail. Immutable; its changes stay valid
 * after the tail is closed.
 *
 * @param kind its kind
 * @param changes its changes in order; empty for an event
 * @param end the position after its last change; {@code null} for an event
 * @param csn the commit sequence number of a transaction
 * @param xid the id of a transaction
 * @param timestamp the time of a transaction
 * @param part the part of a transaction; a whole one unless it is larger than {@link TailOptions#memory}
 * @param isComplete false for a transaction that breaks off; it may be written again
 * @param event the event
 * @param number its number, for {@link Tail#acknowledge}
 */
public record Delivery(
        Kind kind,
        List<Change> changes,
        Position end,
        Optional<String> csn,
        Optional<String> xid,
        Optional<Instant> timestamp,
        Part part,
        boolean isComplete,
        Optional<Event> event,
        long number) {
    /** The kinds of deliveries. */
    public enum Kind {
        /** Changes, as many as were there. */
        CHANGES,
        /** A transaction, or a part of one. */
        TRANSACTION,
        /** Something about the trail, such as a missing file. It needs no acknowledgement. */
        EVENT
    }

    /** The parts of a transaction. */
    public enum Part {
        /** All of it. */
        WHOLE,
        /** The first part. */
        FIRST,
        /** A part between the first and the last. */
        MIDDLE,
        /** The last part. */
        LAST
    }

    /** Reads a delivery from its message, without its changes. */
    static Delivery of(byte[] message, List<Change> changes) {
        Wire.Reader in = new Wire.Reader(message);
        Kind kind = Kind.values()[in.u8()];
        long number = in.i64();
        Json facts = Json.parse(in.text());
        Optional<Event> event = kind == Kind.EVENT ? Optional.of(Event.of(facts)) : Optional.empty();
        Part part = kind == Kind.TRANSACTION ? Part.valueOf(facts.get("part").constant()) : Part.WHOLE;
        return new Delivery(kind, List.copyOf(changes), kind == Kind.EVENT ? null : facts.get("end").position(),
                facts.get("csn").maybe(Json::text), facts.get("xid").maybe(Json::text),
                facts.get("timestamp").maybe(Json::instant), part,
                kind != Kind.TRANSACTION || facts.get("complete").bool(), event, number);
    }
}
