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
 * One column of a {@link ColumnBatch}: a state for each row, and the values. If the state is not {@link ColumnState#VALUE},
 * the number is 0 and the bytes are empty; for invalid text they are the raw bytes. A zero date has no number of
 * microseconds and is {@link ColumnState#INVALID} here; in rows and JSON it is a value.
 *
 * <p>The buffers are direct, read-only, in the byte order of the machine, and start at row 0. Get each buffer once for a
 * batch, not once for a row:
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
    /** The type of the values of a column. */
    public enum Type {
        /** Integers, scaled by 10 to the power of minus the scale of the column: {@link ColumnVector#longs}. */
        INTEGER,
        /** Microseconds since 1970-01-01 00:00 in the time zone of the database, and the nanoseconds beyond them. */
        DATE_TIME,
        /** UTF-8 text: {@link ColumnVector#offsets} and {@link ColumnVector#bytes}. */
        TEXT,
        /** Digits of numbers, as text that was checked to be a number. */
        DIGITS,
        /** Bytes. */
        BYTES,
        /** Unsigned 64-bit integers, scaled by 10 to the power of minus the scale of the column. */
        UNSIGNED;

        private static final Type[] ALL = values();
    }

    private final ColumnBatch batch;
    private final int index;
    private final Type type;
    private final ByteBuffer states;
    /** Numbers, or offsets. */
    private final ByteBuffer first;
    /** Nanoseconds, or bytes. */
    private final ByteBuffer second;

    ColumnVector(ColumnBatch batch, ByteBuffer memory, Wire.Reader in) {
        this.batch = batch;
        index = in.i32();
        type = Type.ALL[in.i32()];
        states = slice(memory, in.i32(), batch.size());
        first = slice(memory, in.i32(), in.i32());
        second = slice(memory, in.i32(), in.i32());
    }

    /** Returns a section of the memory, in the byte order of the machine. */
    static ByteBuffer slice(ByteBuffer memory, int start, int length) {
        return memory.slice(start, length).order(ByteOrder.nativeOrder());
    }

    /** {@return the index of the column in the table} */
    public int index() {
        return index;
    }

    /** {@return the definition of the column} */
    public ColumnDef definition() {
        return batch.table().columns().get(index);
    }

    /** {@return the name of the column} */
    public String name() {
        return definition().name();
    }

    /** {@return the type of the values, which determines the buffers} */
    public Type type() {
        return type;
    }

    /**
     * {@return the state of each row, as {@link ColumnState#ordinal} numbers: 0 value, 1 NULL, 2 missing, 3 invalid}
     */
    public ByteBuffer states() {
        batch.check();
        return states.duplicate();
    }

    private ByteBuffer checked(ByteBuffer buffer, boolean fits, String what) {
        batch.check();
        if (!fits) {
            throw TrailException.columnValue("column " + name() + " has no " + what + ": its type is " + type);
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
     * {@return the integers, or the microseconds of dates}
     *
     * @throws TrailException.ColumnValue if the column has another type
     */
    public LongBuffer longs() {
        return checked(first, !hasBytes(), "numbers").asLongBuffer();
    }

    /**
     * {@return the nanoseconds of dates beyond the microseconds, 0 to 999; empty if no value of the batch has
     * nanoseconds}
     *
     * @throws TrailException.ColumnValue if the column has another type
     */
    public ShortBuffer nanos() {
        return checked(second, type == Type.DATE_TIME, "nanoseconds").asShortBuffer();
    }

    /**
     * {@return the start of each value in {@link #bytes}, followed by the end of the last value}
     *
     * @throws TrailException.ColumnValue if the column has another type
     */
    public IntBuffer offsets() {
        return checked(first, hasBytes(), "offsets").asIntBuffer();
    }

    /**
     * {@return the bytes of all values, without gaps}
     *
     * @throws TrailException.ColumnValue if the column has another type
     */
    public ByteBuffer bytes() {
        return checked(second, hasBytes(), "bytes").duplicate();
    }

    /**
     * {@return the state of one value}
     *
     * @param row the row, from 0
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

    private byte[] valueBytes(int row) {
        int start = first.getInt(row * Integer.BYTES);
        byte[] value = new byte[first.getInt((row + 1) * Integer.BYTES) - start];
        second.get(start, value);
        return value;
    }

    /**
     * {@return one number, exact} For convenience, slower than the buffers.
     *
     * @param row the row, from 0
     * @throws TrailException.ColumnValue if it is not a number, or out of range for {@link BigDecimal}
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
            // The native library has checked the digits. Only the exponent can be out of range for BigDecimal.
            throw TrailException.columnValue(
                    "column " + name() + " of row " + row + " is not a number that BigDecimal can hold");
        }
    }

    /**
     * {@return one text} For convenience, slower than the buffers.
     *
     * @param row the row, from 0
     * @throws TrailException.ColumnValue if it is not text
     */
    public String text(int row) {
        checked(second, type == Type.TEXT || type == Type.DIGITS, "text");
        needValue(row);
        return Wire.text(valueBytes(row));
    }

    /**
     * {@return one date and time, in the time zone of the database; a date without a time has midnight} For
     * convenience, slower than the buffers.
     *
     * @param row the row, from 0
     * @throws TrailException.ColumnValue if it is not a date
     */
    public LocalDateTime dateTime(int row) {
        checked(first, type == Type.DATE_TIME, "dates");
        needValue(row);
        int nanos = second.capacity() == 0 ? 0 : second.getShort(row * Short.BYTES);
        return Times.local(first.getLong(row * Long.BYTES), nanos);
    }

    /**
     * {@return the bytes of one value; text as UTF-8} For convenience, slower than the buffers.
     *
     * @param row the row, from 0
     * @throws TrailException.ColumnValue if it has none
     */
    public byte[] bytes(int row) {
        checked(second, hasBytes(), "bytes");
        needValue(row);
        return valueBytes(row);
    }

    /** Returns name and type, for display. Contains no column data. */
    @Override
    public String toString() {
        return name() + " (" + type + ")";
    }
}
