package io.trailcore;

import java.util.Comparator;

/**
 * A record's place in a trail. Positions order as the records do.
 *
 * <pre>{@code
 * Position position = Position.parse("12:1956");
 * ReadOptions options = new ReadOptions().from(position);
 * }</pre>
 *
 * @param seqno sequence number of the file
 * @param rba byte offset of the record in that file
 */
public record Position(long seqno, long rba) implements Comparable<Position> {
    private static final Comparator<Position> ORDER =
            Comparator.comparingLong(Position::seqno).thenComparingLong(Position::rba);

    /**
     * Reads {@code SEQNO:RBA}.
     *
     * @param text a position as {@link #toString} writes it
     * @return the position
     * @throws IllegalArgumentException where the text is none
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

    /** {@code SEQNO:RBA}. */
    @Override
    public String toString() {
        return seqno + ":" + rba;
    }
}
