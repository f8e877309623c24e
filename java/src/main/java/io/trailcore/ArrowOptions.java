package io.trailcore;

import java.util.Arrays;
import java.util.List;

/**
 * Options for converting changes to Arrow record batches. By default a batch has up to 65,536 rows, each with the state of
 * the row after the change, preceded by the columns {@code _op}, {@code _position}, {@code _csn}, {@code _xid} and
 * {@code _timestamp}. Immutable: each method returns new options.
 *
 * <pre>{@code
 * ArrowOptions options = new ArrowOptions().rows(8192).columns("POSTING_ID", "AMOUNT").states(true);
 * }</pre>
 */
public final class ArrowOptions {
    /** The layout of the rows. */
    public enum Layout {
        /** The row after the change, or the deleted row: one column for each column of the table. */
        ROWS,
        /** Both images, as two structs {@code before} and {@code after}. A struct is null if the trail has no such image. */
        CHANGES
    }

    /** The Arrow type of numbers that the trail holds as text without a declared scale. */
    public enum Numbers {
        /** Text with the exact digits. Numbers with a declared scale become decimals. */
        DECLARED,
        /** Text, also for numbers with a declared scale. */
        TEXT,
        /** The nearest {@code Float64}. Not exact. */
        FLOAT,
        /** Decimals of 38 digits with the given scale. A number that does not fit is an error. */
        SCALE
    }

    /** The unit of timestamps. */
    public enum Times {
        /** Microseconds, or nanoseconds if more than six fraction digits are declared. */
        DECLARED,
        /** Microseconds. Finer digits are cut off. */
        MICROS,
        /** Nanoseconds, which cover the years 1678 to 2261. A time outside that range is an error. */
        NANOS
    }

    /** The treatment of values that cannot be decoded. */
    public enum Invalid {
        /** They are an error, unless {@link ArrowOptions#states(boolean)} is on: then the state column reports them. */
        ERROR,
        /** They become null, like NULL. */
        NULL
    }

    /** The behavior of a stream when the table's definition changes in a way that changes the schema. */
    public enum SchemaChange {
        /** The stream ends with an error. */
        ERROR,
        /** The stream has the union of all schemas, which takes an extra read of the trail in advance. */
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

    /** Creates the default options. */
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
     * Sets the maximum number of rows in a batch. Large rows fill a batch earlier.
     *
     * @param most the maximum, at least 1
     * @return the new options
     * @throws IllegalArgumentException if the maximum is less than 1
     */
    public ArrowOptions rows(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("rows must be at least 1, not " + most);
        }
        return new ArrowOptions(most, layout, states, numbers, scale, times, invalid, schemaChange, columns);
    }

    /**
     * Sets the layout of the rows.
     *
     * @param wanted the layout
     * @return the new options
     */
    public ArrowOptions layout(Layout wanted) {
        return new ArrowOptions(rows, wanted, states, numbers, scale, times, invalid, schemaChange, columns);
    }

    /**
     * Adds a column {@code _states} with the state of each value as a word, which distinguishes a missing column from NULL.
     * With {@link Layout#CHANGES} there are two such columns.
     *
     * @param wanted {@code true} to add the states
     * @return the new options
     */
    public ArrowOptions states(boolean wanted) {
        return new ArrowOptions(rows, layout, wanted, numbers, scale, times, invalid, schemaChange, columns);
    }

    /**
     * Sets the Arrow type of numbers without a declared scale.
     *
     * @param wanted the type; for {@link Numbers#SCALE} use {@link #numbersOfScale}
     * @return the new options
     */
    public ArrowOptions numbers(Numbers wanted) {
        return new ArrowOptions(rows, layout, states, wanted, scale, times, invalid, schemaChange, columns);
    }

    /**
     * Converts numbers without a declared scale to decimals of 38 digits.
     *
     * @param digits the scale, 0 to 38
     * @return the new options
     */
    public ArrowOptions numbersOfScale(int digits) {
        return new ArrowOptions(
                rows, layout, states, Numbers.SCALE, Math.min(Math.max(digits, 0), 255), times, invalid, schemaChange, columns);
    }

    /**
     * Sets the unit of timestamps.
     *
     * @param unit the unit
     * @return the new options
     */
    public ArrowOptions times(Times unit) {
        return new ArrowOptions(rows, layout, states, numbers, scale, unit, invalid, schemaChange, columns);
    }

    /**
     * Sets the treatment of values that cannot be decoded.
     *
     * @param fate the treatment
     * @return the new options
     */
    public ArrowOptions invalid(Invalid fate) {
        return new ArrowOptions(rows, layout, states, numbers, scale, times, fate, schemaChange, columns);
    }

    /**
     * Sets the behavior of the stream when its schema changes.
     *
     * @param what the behavior
     * @return the new options
     */
    public ArrowOptions onSchemaChange(SchemaChange what) {
        return new ArrowOptions(rows, layout, states, numbers, scale, times, invalid, what, columns);
    }

    /**
     * Decodes only these columns. Case does not matter.
     *
     * @param names the names of the columns
     * @return the new options
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
