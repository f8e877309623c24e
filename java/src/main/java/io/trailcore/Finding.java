package io.trailcore;

import java.util.Locale;

/**
 * One thing that checking a trail has found.
 *
 * @param kind what kind of thing it is
 * @param isFault whether the trail is not whole because of it; else it is good to know
 * @param position where it is
 * @param message what it is, in words, without data
 */
public record Finding(Kind kind, boolean isFault, Position position, String message) {
    /** What is wrong, or noteworthy, at a place of a trail. */
    public enum Kind {
        /** Bytes that are no records; reading could go on behind them. */
        DAMAGE,
        /** The trail ends inside a record: it is torn, or still being written. */
        TORN_TAIL,
        /** Files are missing in the sequence. */
        GAP,
        /** A record stands where its transaction indicator or its CSN does not allow it. */
        ORDER,
        /** A row does not read as its table's definition says, or has none. */
        ROW,
        /** A transaction that a RestartAbend marker takes back: no fault; Extract has written it again. */
        TAKEN_BACK,
        /** The trail ends in the midst of a transaction: no fault while it is still being written. */
        UNFINISHED
    }

    static Finding of(Wire.Reader in) {
        Kind kind = Kind.valueOf(in.text().toUpperCase(Locale.ROOT));
        return new Finding(kind, in.bool(), in.position(), in.text());
    }
}
