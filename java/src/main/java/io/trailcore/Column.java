package io.trailcore;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Optional;

/**
 * One column of an image: its state, and its value in the type that its definition says. Immutable.
 *
 * <p>The typed methods throw {@link TrailException.ColumnValue} where the column is NULL, missing, not decodable or of
 * another type; nothing is converted silently.
 *
 * <pre>{@code
 * Column memo = row.get("MEMO");
 * String text = switch (memo.state()) {
 *     case VALUE -> memo.text();
 *     case NULL -> "";
 *     default -> throw new IllegalStateException(memo.name() + " is " + memo.state());
 * };
 * }</pre>
 */
public final class Column {
    /** What a value is; the native half has the same. */
    private static final int TEXT = 1;
    private static final int INTEGER = 2;
    private static final int DECIMAL = 3;
    private static final int DIGITS = 4;
    private static final int DATE_TIME = 5;
    private static final int DATE_ALONE = 255;

    private final TableDef table;
    private final int index;
    private final byte state;
    private final byte form;
    private final byte[] block;
    private final int start;
    private final int length;

    Column(TableDef table, int index, byte state, byte form, byte[] block, int start, int length) {
        this.table = table;
        this.index = index;
        this.state = state;
        this.form = form;
        this.block = block;
        this.start = start;
        this.length = length;
    }

    static Column missing(TableDef table, int index) {
        return new Column(table, index, (byte) ColumnState.MISSING.ordinal(), (byte) 0, null, 0, 0);
    }

    /**
     * Its index in the table.
     *
     * @return the index, from 0
     */
    public int index() {
        return index;
    }

    /**
     * Its name; {@code COL} and its index where there is no definition.
     *
     * @return the name
     */
    public String name() {
        return table.columnName(index);
    }

    /**
     * Its definition.
     *
     * @return the definition; empty where the table's is not known, or has no such column
     */
    public Optional<ColumnDef> definition() {
        return index < table.columns().size() ? Optional.of(table.columns().get(index)) : Optional.empty();
    }

    /**
     * Its state: a value, NULL, missing, not decodable, or left as it was.
     *
     * @return the state
     */
    public ColumnState state() {
        return ColumnState.of(state);
    }

    /**
     * Whether it is NULL. A missing column is not.
     *
     * @return whether it is
     */
    public boolean isNull() {
        return state() == ColumnState.NULL;
    }

    private TrailException.ColumnValue isNot(String wanted) {
        String why = switch (state()) {
            case VALUE -> "is not " + wanted;
            case NULL -> "is NULL";
            case MISSING -> "is not in this image";
            case INVALID -> "is not decodable";
            case UNCHANGED -> "is a large object that the change left as it was";
        };
        return TrailException.columnValue("column " + name() + " " + why);
    }

    private boolean is(int wanted) {
        return state == 0 && form == wanted;
    }

    /**
     * Its text; of a number that is stored as text, its digits as they stand.
     *
     * @return the text
     * @throws TrailException.ColumnValue where it is no text
     */
    public String text() {
        if (!is(TEXT) && !is(DIGITS)) {
            throw isNot("text");
        }
        return Wire.text(block, start, length);
    }

    /**
     * Its number: exact, with the scale that the column or its digits have.
     *
     * @return the number
     * @throws TrailException.ColumnValue where it is no number
     */
    public BigDecimal decimal() {
        if (is(INTEGER)) {
            return BigDecimal.valueOf(Wire.i64(block, start), block[start + 8]);
        }
        if (is(DECIMAL)) {
            return new BigDecimal(new BigInteger(block, start, 16), block[start + 16]);
        }
        if (!is(DIGITS)) {
            throw isNot("a number");
        }
        try {
            return new BigDecimal(Wire.text(block, start, length).strip());
        } catch (NumberFormatException beyond) {
            // The native half has seen that these are digits: the exponent alone can be more than Java's numbers have.
            throw isNot("a number that BigDecimal can hold");
        }
    }

    /**
     * Its whole number.
     *
     * @return the number
     * @throws TrailException.ColumnValue where it is no number, has a fraction, or does not fit
     */
    public long longValue() {
        if (is(INTEGER) && block[start + 8] == 0) {
            return Wire.i64(block, start);
        }
        BigDecimal decimal = decimal();
        try {
            return decimal.longValueExact();
        } catch (ArithmeticException inexact) {
            throw isNot("a whole number of 64 bits");
        }
    }

    private int hours() {
        if (!is(DATE_TIME)) {
            throw isNot("a date");
        }
        return start + 8;
    }

    /**
     * Its date and time, in the database's own zone, which the trail does not tell; a date alone at midnight.
     *
     * @return the date and time
     * @throws TrailException.ColumnValue where it is none, or a zero date, which {@link #dateText} shows
     */
    public LocalDateTime dateTime() {
        int at = hours();
        LocalDate date = date();
        return date.atTime(block[at], block[at + 1], block[at + 2], Wire.i32(block, start));
    }

    /**
     * Its date without a time.
     *
     * @return the date
     * @throws TrailException.ColumnValue where it is none, or a zero date
     */
    public LocalDate date() {
        hours();
        try {
            return LocalDate.of(Wire.u16(block, start + 4), block[start + 6], block[start + 7]);
        } catch (DateTimeException zero) {
            throw isNot("a date that there is, but a zero date");
        }
    }

    /**
     * Whether it is a date without a time.
     *
     * @return whether it is
     */
    public boolean isDateAlone() {
        return is(DATE_TIME) && Byte.toUnsignedInt(block[start + 11]) == DATE_ALONE;
    }

    /**
     * Its date, or date and time, in ISO 8601 with as many fraction digits as the trail has; zero dates too.
     *
     * @return the text, as the native JSON form has it
     * @throws TrailException.ColumnValue where it is no date
     */
    public String dateText() {
        int at = hours();
        StringBuilder text = new StringBuilder(29);
        digits(text, Wire.u16(block, start + 4), 4).append('-');
        digits(text, block[start + 6], 2).append('-');
        digits(text, block[start + 7], 2);
        int fraction = Byte.toUnsignedInt(block[start + 11]);
        if (fraction == DATE_ALONE) {
            return text.toString();
        }
        digits(text.append('T'), block[at], 2).append(':');
        digits(text, block[at + 1], 2).append(':');
        digits(text, block[at + 2], 2);
        if (fraction > 0) {
            digits(text.append('.'), Wire.i32(block, start), 9);
            text.setLength(text.length() - 9 + fraction);
        }
        return text.toString();
    }

    private static StringBuilder digits(StringBuilder text, int number, int width) {
        String digits = Integer.toString(number);
        return text.append("0".repeat(Math.max(0, width - digits.length()))).append(digits);
    }

    /**
     * Its bytes: of a binary column, of a type that is not understood, of a text as UTF-8, or of a value that is not
     * decodable, as they stand.
     *
     * @return the bytes
     * @throws TrailException.ColumnValue where it has none: NULL, missing, a number that is no text, a date
     */
    public byte[] bytes() {
        boolean hasBytes = state == 0 ? form != INTEGER && form != DECIMAL && form != DATE_TIME : state() == ColumnState.INVALID;
        if (!hasBytes) {
            throw isNot("bytes");
        }
        return Arrays.copyOfRange(block, start, start + length);
    }

    /**
     * Its value, whatever it is: {@link String}, {@link BigDecimal}, {@link LocalDate}, {@link LocalDateTime}, the text of a
     * zero date, {@code byte[]}, or {@code null} for NULL.
     *
     * @return the value
     * @throws TrailException.ColumnValue where it is missing, not decodable, or left as it was
     */
    public Object value() {
        if (isNull()) {
            return null;
        }
        if (state != 0) {
            throw isNot("a value");
        }
        return switch (form) {
            case TEXT -> text();
            case INTEGER, DECIMAL, DIGITS -> decimal();
            case DATE_TIME -> dateValue();
            default -> bytes();
        };
    }

    private Object dateValue() {
        if (block[start + 6] == 0 || block[start + 7] == 0) {
            return dateText();
        }
        return isDateAlone() ? date() : dateTime();
    }

    /** Name and state, for people; no column data. */
    @Override
    public String toString() {
        return name() + " (" + state() + ")";
    }
}
