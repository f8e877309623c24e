package io.trailcore;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.time.LocalDateTime;

/**
 * One column of a {@link ChangeBatch}: a state for each row, and the values. Where the state is not
 * {@link ColumnState#VALUE}, the number is 0 and the bytes are empty, or, of an invalid text, its bytes as they stand. A zero
 * date, which no number of microseconds can say, is {@link ColumnState#INVALID} here; in rows and JSON it is a value.
 *
 * <p>The buffers are direct, read-only, in the machine's byte order, and start at row 0. Taking one costs little; taking it
 * once for a batch costs nothing:
 *
 * <pre>{@code
 * ByteBuffer states = column.states();
 * LongBuffer values = column.longs();
 * for (int row = 0; row < batch.size(); row++) {
 *     if (states.get(row) == 0) {
 *         sum += values.get(row);
 *     }
 * }
 * }</pre>
 */
public final class ColumnVector {
    /** What the values of a column are. */
    public enum Type {
        /** Integers, times 10 to the power of minus the column's scale: {@link ColumnVector#longs}. */
        INTEGER,
        /** Microseconds from 1970-01-01 00:00 of the database's own zone, and nanoseconds beyond them. */
        DATE_TIME,
        /** UTF-8 text: {@link ColumnVector#offsets} and {@link ColumnVector#bytes}. */
        TEXT,
        /** The digits of numbers, as text that is known to be a number. */
        DIGITS,
        /** Bytes. */
        BYTES,
        /** Unsigned integers of 64 bits, times 10 to the power of minus the column's scale. */
        UNSIGNED;

        private static final Type[] ALL = values();
    }

    private final ChangeBatch batch;
    private final int index;
    private final Type type;
    private final ByteBuffer states;
    /** Numbers, or offsets. */
    private final ByteBuffer first;
    /** Nanoseconds, or bytes. */
    private final ByteBuffer second;

    ColumnVector(ChangeBatch batch, ByteBuffer memory, Wire.Reader in) {
        this.batch = batch;
        index = in.i32();
        type = Type.ALL[in.i32()];
        states = slice(memory, in.i32(), batch.size());
        first = slice(memory, in.i32(), in.i32());
        second = slice(memory, in.i32(), in.i32());
    }

    /** A part of the memory, in the machine's byte order. */
    static ByteBuffer slice(ByteBuffer memory, int start, int length) {
        return memory.slice(start, length).order(ByteOrder.nativeOrder());
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
     * Its definition.
     *
     * @return the definition
     */
    public ColumnDef definition() {
        return batch.table().columns().get(index);
    }

    /**
     * Its name.
     *
     * @return the name
     */
    public String name() {
        return definition().name();
    }

    /**
     * What its values are, and so which buffers it has.
     *
     * @return the type
     */
    public Type type() {
        return type;
    }

    /**
     * The state of each row's value, as {@link ColumnState#ordinal} numbers: 0 is a value, 1 NULL, 2 missing, 3 invalid.
     *
     * @return a byte for each row
     */
    public ByteBuffer states() {
        batch.check();
        return states.duplicate();
    }

    private ByteBuffer checked(ByteBuffer buffer, boolean fits, String what) {
        batch.check();
        if (!fits) {
            throw TrailException.columnValue("column " + name() + " has no " + what + ": it is of the type " + type);
        }
        return buffer;
    }

    private boolean isNumber() {
        return type == Type.INTEGER || type == Type.UNSIGNED;
    }

    private boolean hasBytes() {
        return !isNumber() && type != Type.DATE_TIME;
    }

    /**
     * Its integers, or microseconds.
     *
     * @return a number for each row
     * @throws TrailException.ColumnValue where its type is another
     */
    public LongBuffer longs() {
        return checked(first, !hasBytes(), "numbers").asLongBuffer();
    }

    /**
     * Of dates and times, the nanoseconds beyond the microseconds, 0 to 999.
     *
     * @return a number for each row; empty where no value of the batch has any
     * @throws TrailException.ColumnValue where its type is another
     */
    public ShortBuffer nanos() {
        return checked(second, type == Type.DATE_TIME, "nanoseconds").asShortBuffer();
    }

    /**
     * Where each value starts in {@link #bytes}, and where the last ends: one more than there are rows.
     *
     * @return the offsets
     * @throws TrailException.ColumnValue where its type is another
     */
    public IntBuffer offsets() {
        return checked(first, hasBytes(), "offsets").asIntBuffer();
    }

    /**
     * The bytes of all values, one behind the other.
     *
     * @return the bytes
     * @throws TrailException.ColumnValue where its type is another
     */
    public ByteBuffer bytes() {
        return checked(second, hasBytes(), "bytes").duplicate();
    }

    /**
     * The state of one value.
     *
     * @param row the row, from 0
     * @return the state
     */
    public ColumnState state(int row) {
        batch.check();
        return ColumnState.of(states.get(row));
    }

    private void needValue(int row) {
        ColumnState state = state(row);
        if (state != ColumnState.VALUE) {
            throw TrailException.columnValue("column " + name() + " of row " + row + " is " + state);
        }
    }

    /** For convenience, the bytes of one value. */
    private byte[] valueBytes(int row) {
        int start = first.getInt(row * Integer.BYTES);
        byte[] value = new byte[first.getInt((row + 1) * Integer.BYTES) - start];
        second.get(start, value);
        return value;
    }

    /**
     * One number, exact; for convenience.
     *
     * @param row the row, from 0
     * @return the number
     * @throws TrailException.ColumnValue where it is no number, or none that {@link BigDecimal} can hold
     */
    public BigDecimal decimal(int row) {
        checked(first, isNumber() || type == Type.DIGITS, "numbers");
        needValue(row);
        if (type == Type.DIGITS) {
            return digits(row);
        }
        long number = first.getLong(row * Long.BYTES);
        int scale = definition().scale();
        if (type == Type.INTEGER || number >= 0) {
            return BigDecimal.valueOf(number, scale);
        }
        return new BigDecimal(new BigInteger(Long.toUnsignedString(number)), scale);
    }

    private BigDecimal digits(int row) {
        try {
            return new BigDecimal(Wire.text(valueBytes(row)).strip());
        } catch (NumberFormatException beyond) {
            // The native half has seen that these are digits: the exponent alone can be more than Java's numbers have.
            throw TrailException.columnValue(
                    "column " + name() + " of row " + row + " is not a number that BigDecimal can hold");
        }
    }

    /**
     * One text; for convenience.
     *
     * @param row the row, from 0
     * @return the text
     * @throws TrailException.ColumnValue where it is no text
     */
    public String text(int row) {
        checked(second, type == Type.TEXT || type == Type.DIGITS, "text");
        needValue(row);
        return Wire.text(valueBytes(row));
    }

    /**
     * One date and time, in the database's own zone; for convenience.
     *
     * @param row the row, from 0
     * @return the date and time; a date alone at midnight
     * @throws TrailException.ColumnValue where it is no date
     */
    public LocalDateTime dateTime(int row) {
        checked(first, type == Type.DATE_TIME, "dates");
        needValue(row);
        int nanos = second.capacity() == 0 ? 0 : second.getShort(row * Short.BYTES);
        return Times.local(first.getLong(row * Long.BYTES), nanos);
    }

    /**
     * The bytes of one value; for convenience.
     *
     * @param row the row, from 0
     * @return the bytes, of texts as UTF-8
     * @throws TrailException.ColumnValue where it has none
     */
    public byte[] bytes(int row) {
        checked(second, hasBytes(), "bytes");
        needValue(row);
        return valueBytes(row);
    }

    /** Name and type, for people; no column data. */
    @Override
    public String toString() {
        return name() + " (" + type + ")";
    }
}
