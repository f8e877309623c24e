package io.trailcore;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.Optional;

/**
 * One column of an image: its state, and its value in the type of its definition. Immutable.
 *
 * <p>The typed methods throw {@link TrailException.ColumnValue} if the column is NULL, missing, not decodable or of another
 * type. Nothing is converted silently.
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
    /** The form of a value, same as in the native library. */
    private static final int TEXT = 1;
    private static final int INTEGER = 2;
    private static final int DECIMAL = 3;
    private static final int DIGITS = 4;
    private static final int DATE_TIME = 5;
    private static final int DATE_ONLY = 255;

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

    /** {@return its index in the table} */
    public int index() {
        return index;
    }

    /** {@return its name; {@code COL} and its index if there is no definition} */
    public String name() {
        return table.columnName(index);
    }

    /** {@return its definition; empty if the table is not defined or its definition has no such column} */
    public Optional<ColumnDef> definition() {
        return index < table.columns().size() ? Optional.of(table.columns().get(index)) : Optional.empty();
    }

    /** {@return its state: a value, NULL, missing, not decodable, or unchanged} */
    public ColumnState state() {
        return ColumnState.of(state);
    }

    /** {@return whether it is NULL} A missing column is not NULL. */
    public boolean isNull() {
        return state() == ColumnState.NULL;
    }

    private TrailException.ColumnValue isNot(String wanted) {
        String why = switch (state()) {
            case VALUE -> "is not " + wanted;
            case NULL -> "is NULL";
            case MISSING -> "is not in this image";
            case INVALID -> "is not decodable";
            case UNCHANGED -> "is a large object that the change left unchanged";
        };
        return TrailException.columnValue("column " + name() + " " + why);
    }

    private boolean is(int wanted) {
        return state == 0 && form == wanted;
    }

    /**
     * {@return its text} For a number stored as text, these are the raw digits.
     *
     * @throws TrailException.ColumnValue if it is not text
     */
    public String text() {
        if (!is(TEXT) && !is(DIGITS)) {
            throw isNot("text");
        }
        return Wire.text(block, start, length);
    }

    /**
     * {@return its number: exact, with the scale of the column or of its digits}
     *
     * @throws TrailException.ColumnValue if it is not a number
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
            // The native library has checked the digits. Only the exponent can be out of range for BigDecimal.
            throw isNot("a number that BigDecimal can hold");
        }
    }

    /**
     * {@return its integer}
     *
     * @throws TrailException.ColumnValue if it is not a number, has a fraction, or does not fit
     */
    public long longValue() {
        if (is(INTEGER) && block[start + 8] == 0) {
            return Wire.i64(block, start);
        }
        BigDecimal decimal = decimal();
        try {
            return decimal.longValueExact();
        } catch (ArithmeticException inexact) {
            throw isNot("a 64-bit integer");
        }
    }

    private int hours() {
        if (!is(DATE_TIME)) {
            throw isNot("a date");
        }
        return start + 8;
    }

    /**
     * {@return its date and time} They are in the time zone of the database, which the trail does not contain. A date
     * without a time is returned with midnight.
     *
     * @throws TrailException.ColumnValue if it is not a date, or is a zero date; see {@link #dateText}
     */
    public LocalDateTime dateTime() {
        int at = hours();
        LocalDate date = date();
        return date.atTime(block[at], block[at + 1], block[at + 2], Wire.i32(block, start));
    }

    /**
     * {@return its date without the time}
     *
     * @throws TrailException.ColumnValue if it is not a date, or is a zero date; see {@link #dateText}
     */
    public LocalDate date() {
        hours();
        try {
            return LocalDate.of(Wire.u16(block, start + 4), block[start + 6], block[start + 7]);
        } catch (DateTimeException zero) {
            throw isNot("a valid date but a zero date; use dateText()");
        }
    }

    /** {@return whether it is a date without a time} */
    public boolean isDateOnly() {
        return is(DATE_TIME) && Byte.toUnsignedInt(block[start + 11]) == DATE_ONLY;
    }

    /**
     * Returns its date, or date and time, in ISO 8601 with the fraction digits of the trail. Works for zero dates too.
     *
     * @return the text, same as in native JSON
     * @throws TrailException.ColumnValue if it is not a date
     */
    public String dateText() {
        int at = hours();
        StringBuilder text = new StringBuilder(29);
        digits(text, Wire.u16(block, start + 4), 4).append('-');
        digits(text, block[start + 6], 2).append('-');
        digits(text, block[start + 7], 2);
        int fraction = Byte.toUnsignedInt(block[start + 11]);
        if (fraction == DATE_ONLY) {
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
     * {@return its bytes: the value of a binary column or of a column of unknown type, text as UTF-8, or the raw bytes
     * of a value that cannot be decoded}
     *
     * @throws TrailException.ColumnValue if it has none: NULL, missing, a number not stored as text, a date
     */
    public byte[] bytes() {
        boolean hasBytes = state == 0 ? form != INTEGER && form != DECIMAL && form != DATE_TIME : state() == ColumnState.INVALID;
        if (!hasBytes) {
            throw isNot("bytes");
        }
        return Arrays.copyOfRange(block, start, start + length);
    }

    /**
     * {@return its value in the type that fits: {@link String}, {@link BigDecimal}, {@link LocalDate}, {@link
     * LocalDateTime}, the text of a zero date, {@code byte[]}, or {@code null} for NULL}
     *
     * @throws TrailException.ColumnValue if it is missing, not decodable, or unchanged
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
        return isDateOnly() ? date() : dateTime();
    }

    /** Returns name and state, for display. Contains no column data. */
    @Override
    public String toString() {
        return name() + " (" + state() + ")";
    }
}
