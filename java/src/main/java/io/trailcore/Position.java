package io.trailcore;

import java.util.Comparator;

/**
 * The position of a change or record in its source. Positions of one source have the order of its changes.
 *
 * <pre>{@code
 * Position position = Position.parse("12:1956");
 * ReadOptions options = new ReadOptions().startAt(position);
 * }</pre>
 *
 * @param kind the kind of the source
 * @param first of a trail the sequence number of the file, of a partitioned queue the partition, else 0
 * @param second the RBA, the offset, the log sequence number, or the number of the message
 */
public record Position(Kind kind, long first, long second) implements Comparable<Position> {
    private static final Comparator<Position> ORDER =
            Comparator.comparing(Position::kind).thenComparing(Position::first, Long::compareUnsigned)
                    .thenComparing(Position::second, Long::compareUnsigned);

    /** The kinds of sources. */
    public enum Kind {
        /** A trail. Text {@code SEQNO:RBA}. */
        TRAIL(""),
        /** A byte offset in a file or stream, such as the start of a line. Text {@code offset:1956}. */
        OFFSET("offset:"),
        /** A log sequence number. Text {@code lsn:16B374D848}, hexadecimal. */
        LSN("lsn:"),
        /** A message of a partitioned queue. Text {@code message:3:1956}. */
        MESSAGE("message:");

        private static final Kind[] ALL = values();
        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    /**
     * Creates the position of a record in a trail.
     *
     * @param seqno the sequence number of the file
     * @param rba the byte offset of the record in that file
     */
    public Position(long seqno, long rba) {
        this(Kind.TRAIL, seqno, rba);
    }

    static Position of(int kind, long first, long second) {
        return new Position(Kind.ALL[kind], first, second);
    }

    /**
     * {@return the sequence number of the file in a trail}
     *
     * @throws IllegalStateException if the source is not a trail
     */
    public long seqno() {
        return ofTrail(first);
    }

    /**
     * {@return the byte offset of the record in a file of a trail}
     *
     * @throws IllegalStateException if the source is not a trail
     */
    public long rba() {
        return ofTrail(second);
    }

    private long ofTrail(long number) {
        if (kind != Kind.TRAIL) {
            throw new IllegalStateException(this + " is not a position in a trail");
        }
        return number;
    }

    /**
     * Parses the text of a position.
     *
     * @param text a position in the format of {@link #toString}
     * @return the position
     * @throws IllegalArgumentException if the text is not a position
     */
    public static Position parse(String text) {
        try {
            for (Kind kind : Kind.ALL) {
                if (kind != Kind.TRAIL && text.startsWith(kind.prefix)) {
                    String rest = text.substring(kind.prefix.length());
                    return kind == Kind.MESSAGE ? pair(kind, rest) : new Position(kind, 0, number(rest, kind == Kind.LSN ? 16 : 10));
                }
            }
            return pair(Kind.TRAIL, text);
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException("'" + text + "' is not a position; write SEQNO:RBA", notANumber);
        }
    }

    private static Position pair(Kind kind, String text) {
        int colon = Math.max(text.indexOf(':'), 0);
        return new Position(kind, number(text.substring(0, colon), 10), number(text.substring(colon + 1), 10));
    }

    private static long number(String digits, int radix) {
        if (digits.startsWith("-") || digits.startsWith("+")) {
            throw new NumberFormatException(digits);
        }
        return Long.parseUnsignedLong(digits, radix);
    }

    @Override
    public int compareTo(Position other) {
        return ORDER.compare(this, other);
    }

    /** Returns {@code SEQNO:RBA} for a trail; see {@link Kind} for other sources. */
    @Override
    public String toString() {
        return kind.prefix + switch (kind) {
            case TRAIL, MESSAGE -> Long.toUnsignedString(first) + ":" + Long.toUnsignedString(second);
            case OFFSET -> Long.toUnsignedString(second);
            case LSN -> Long.toHexString(second).toUpperCase(java.util.Locale.ROOT);
        };
    }
}
