package io.trailcore;

import java.util.Locale;

/**
 * One issue that {@link Trail#check} found.
 *
 * @param kind the kind of the issue
 * @param isFault whether the trail is not whole because of the issue; {@code false} if it is for information only
 * @param position the position of the issue
 * @param message a description, without column data
 */
public record CheckIssue(Kind kind, boolean isFault, Position position, String message) {
    /** The kind of an issue. */
    public enum Kind {
        /** Bytes that are not records. Reading continued after them. */
        DAMAGE,
        /** The trail ends inside a record: it is torn, or still being written. */
        TORN_TAIL,
        /** Files are missing in the sequence. */
        GAP,
        /** A record that contradicts the order of transaction indicators or CSNs. */
        ORDER,
        /** A row that does not fit the definition of its table, or has no definition. */
        ROW,
        /** A transaction that a RestartAbend marker rolls back. Not a fault: Extract has written it again. */
        ROLLED_BACK,
        /** The trail ends inside a transaction. Not a fault while the trail is still being written. */
        UNFINISHED
    }

    static CheckIssue of(Wire.Reader in) {
        Kind kind = Kind.valueOf(in.text().toUpperCase(Locale.ROOT));
        return new CheckIssue(kind, in.bool(), in.position(), in.text());
    }
}
