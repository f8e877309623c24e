package io.trailcore;

import java.util.Comparator;

/**
 * The position of a record in a trail. Positions have the order of the records.
 *
 * <pre>{@code
 * Position position = Position.parse("12:1956");
 * ReadOptions options = new ReadOptions().startAt(position);
 * }</pre>
 *
 * @param seqno the sequence number of the file
 * @param rba the byte offset of the record in that file
 */
public record Position(long seqno, long rba) implements Comparable<Position> {
    private static final Comparator<Position> ORDER =
            Comparator.comparingLong(Position::seqno).thenComparingLong(Position::rba);

    /**
     * Parses {@code SEQNO:RBA}.
     *
     * @param text a position in the format of {@link #toString}
     * @return the position
     * @throws IllegalArgumentException if the text is not a position
     */
    public static Position parse(String text) {
        int colon = text.indexOf(':');
        try {
            return new Position(number(text.substring(0, Math.max(colon, 0))), number(text.substring(colon + 1)));
        } catch (NumberFormatException notANumber) {
            throw new IllegalArgumentException("'" + text + "' is not a position; write SEQNO:RBA", notANumber);
        }
    }

    private static long number(String digits) {
        if (digits.startsWith("-") || digits.startsWith("+")) {
            throw new NumberFormatException(digits);
        }
        return Long.parseLong(digits);
    }

    @Override
    public int compareTo(Position other) {
        return ORDER.compare(this, other);
    }

    /** Returns {@code SEQNO:RBA}. */
    @Override
    public String toString() {
        return seqno + ":" + rba;
    }
}
