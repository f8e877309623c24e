package io.trailcore;

import java.util.Arrays;
import java.util.List;

/**
 * How changes become Arrow record batches. The default: the row that each change leaves, 65,536 to a batch, with the columns
 * {@code _op}, {@code _position}, {@code _csn}, {@code _xid} and {@code _timestamp} in front. Immutable: each method gives
 * options of their own.
 *
 * <pre>{@code
 * ArrowOptions options = new ArrowOptions().rows(8192).columns("POSTING_ID", "AMOUNT").states(true);
 * }</pre>
 */
public final class ArrowOptions {
    /** How the rows are laid out. */
    public enum Layout {
        /** The row that a change leaves, or of a delete the row that it takes: a column for each of the table's. */
        ROWS,
        /** Both images: two structs, {@code before} and {@code after}, null where the trail has no such image. */
        CHANGES
    }

    /** How numbers go over that the trail holds as text and whose scale is not declared. */
    public enum Numbers {
        /** As text with their exact digits; numbers of declared scale as decimals. */
        DECLARED,
        /** All numbers that the trail holds as text as text. */
        TEXT,
        /** As the nearest {@code Float64}: not exact. */
        FLOAT,
        /** As decimals of 38 digits, so many of them behind the point as is said. One that does not fit is an error. */
        SCALE
    }

    /** The unit of dates with times. */
    public enum Times {
        /** Microseconds, or nanoseconds where more than six digits are declared. */
        DECLARED,
        /** Microseconds; finer digits are cut off. */
        MICROS,
        /** Nanoseconds, which reach from 1678 to 2261. A time beyond is an error. */
        NANOS
    }

    /** What becomes of values that cannot be decoded. */
    public enum Invalid {
        /** They are an error, but where states are asked for, which tell them. */
        ERROR,
        /** They are null, like NULL. */
        NULL
    }

    /** What a stream does where the table's definition changes so that the schema changes too. */
    public enum SchemaChange {
        /** It ends with an error. */
        ERROR,
        /** It has a schema for all of them, found by reading the trail once more beforehand. */
        UNION
    }

    private static final int DEFAULT_ROWS = 65_536;

    private final int rows;
    private final Layout layout;
    private final boolean states;
    private final Numbers numbers;
    private final int scale;
    private final Times times;
    private final Invalid invalid;
    private final SchemaChange schemaChange;
    private final List<String> columns;

    /** The default. */
    public ArrowOptions() {
        this(DEFAULT_ROWS, Layout.ROWS, false, Numbers.DECLARED, 0, Times.DECLARED, Invalid.ERROR, SchemaChange.ERROR, null);
    }

    private ArrowOptions(
            int rows,
            Layout layout,
            boolean states,
            Numbers numbers,
            int scale,
            Times times,
            Invalid invalid,
            SchemaChange schemaChange,
            List<String> columns) {
        this.rows = rows;
        this.layout = layout;
        this.states = states;
        this.numbers = numbers;
        this.scale = scale;
        this.times = times;
        this.invalid = invalid;
        this.schemaChange = schemaChange;
        this.columns = columns;
    }

    /**
     * Batches of at most this many rows. Rows of many bytes fill a batch earlier.
     *
     * @param most how many, at least one
     * @return the options
     * @throws IllegalArgumentException where it is less than one
     */
    public ArrowOptions rows(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("a batch has at least one row");
        }
        return new ArrowOptions(most, layout, states, numbers, scale, times, invalid, schemaChange, columns);
    }

    /**
     * How the rows are laid out.
     *
     * @param wanted the layout
     * @return the options
     */
    public ArrowOptions layout(Layout wanted) {
        return new ArrowOptions(rows, wanted, states, numbers, scale, times, invalid, schemaChange, columns);
    }

    /**
     * Adds a column {@code _states}, or of {@link Layout#CHANGES} two, with the state of each value as a word: so that a
     * missing column is told from NULL.
     *
     * @param wanted whether to
     * @return the options
     */
    public ArrowOptions states(boolean wanted) {
        return new ArrowOptions(rows, layout, wanted, numbers, scale, times, invalid, schemaChange, columns);
    }

    /**
     * How numbers of no declared scale go over.
     *
     * @param wanted how; for {@link Numbers#SCALE} see {@link #numbersOfScale}
     * @return the options
     */
    public ArrowOptions numbers(Numbers wanted) {
        return new ArrowOptions(rows, layout, states, wanted, scale, times, invalid, schemaChange, columns);
    }

    /**
     * Numbers of no declared scale go over as decimals of 38 digits.
     *
     * @param digits how many of them stand behind the point, 0 to 38
     * @return the options
     */
    public ArrowOptions numbersOfScale(int digits) {
        return new ArrowOptions(
                rows, layout, states, Numbers.SCALE, Math.min(Math.max(digits, 0), 255), times, invalid, schemaChange, columns);
    }

    /**
     * The unit of dates with times.
     *
     * @param unit the unit
     * @return the options
     */
    public ArrowOptions times(Times unit) {
        return new ArrowOptions(rows, layout, states, numbers, scale, unit, invalid, schemaChange, columns);
    }

    /**
     * What becomes of values that cannot be decoded.
     *
     * @param fate what
     * @return the options
     */
    public ArrowOptions invalid(Invalid fate) {
        return new ArrowOptions(rows, layout, states, numbers, scale, times, fate, schemaChange, columns);
    }

    /**
     * What the stream does where its schema changes.
     *
     * @param what what
     * @return the options
     */
    public ArrowOptions onSchemaChange(SchemaChange what) {
        return new ArrowOptions(rows, layout, states, numbers, scale, times, invalid, what, columns);
    }

    /**
     * Decodes only these columns. Case does not count.
     *
     * @param names the columns' names
     * @return the options
     */
    public ArrowOptions columns(String... names) {
        List<String> list = List.copyOf(Arrays.asList(names));
        return new ArrowOptions(rows, layout, states, numbers, scale, times, invalid, schemaChange, list);
    }

    byte[] message() {
        Wire.Writer out = new Wire.Writer().i32(rows).u8(layout.ordinal()).bool(states).u8(numbers.ordinal()).u8(scale);
        out.u8(times.ordinal()).u8(invalid.ordinal()).u8(schemaChange.ordinal());
        out.bool(columns != null).i32(columns == null ? 0 : columns.size());
        if (columns != null) {
            columns.forEach(out::text);
        }
        return out.toBytes();
    }
}
