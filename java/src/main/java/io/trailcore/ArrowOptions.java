package io.trailcore;

import java.util.Map;

/**
 * Options for converting changes to Arrow record batches. By default a batch has up to 65,536 rows, each with the state of
 * the row after the change, preceded by the columns {@code _op}, {@code _position}, {@code _csn}, {@code _xid} and
 * {@code _timestamp}. Immutable: each method returns new options.
 *
 * <pre>{@code
 * ArrowOptions options = new ArrowOptions().rows(8192).columns("POSTING_ID", "AMOUNT").states(true);
 * }</pre>
 */
public final class ArrowOptions extends Options<ArrowOptions> {
    /** Creates the default options. */
    public ArrowOptions() {
        this(Map.of());
    }

    private ArrowOptions(Map<String, Object> values) {
        super(values);
    }

    @Override
    ArrowOptions copy(Map<String, Object> values) {
        return new ArrowOptions(values);
    }

    // generated: options
    /** The layout of a batch's rows. */
    public enum Layout {
        /** The row after the change, or for a delete the deleted row: one column for each column of the table. */
        ROWS,
        /**
         * Both images: two structs, {@code before} and {@code after}, which are null if the trail does not have the
         * image.
         */
        CHANGES
    }

    /** The source of columns that the after image of an update lacks. */
    public enum Fill {
        /** They stay missing. */
        NONE,
        /** The before image, if it has them. */
        BEFORE
    }

    /** The type of the column {@code _csn}. */
    public enum CsnType {
        /** Text, for the CSNs of all databases. It does not sort in the order of the CSNs. */
        TEXT,
        /**
         * {@code UInt64}, which sorts, for databases whose CSNs are whole numbers, such as Oracle. Another CSN is an
         * error.
         */
        NUMBER
    }

    /**
     * The conversion of numbers that the trail stores as text, without a declared scale: Oracle's NUMBER without a
     * precision.
     */
    public enum Numbers {
        /** Text with the exact digits, in JSON notation. Numbers with a declared scale become decimals. */
        DECLARED,
        /** Text for all numbers that the trail stores as text, even with a declared scale. */
        TEXT,
        /** The nearest {@code Float64}. Not exact. */
        FLOAT
    }

    /** The time unit of date/time columns. */
    public enum Times {
        /** Microseconds, or nanoseconds if more than six digits are declared. */
        DECLARED,
        /** Microseconds. A time with further digits is an error. */
        MICROS,
        /** Microseconds; further digits are truncated. */
        TRUNCATED,
        /** Nanoseconds, which cover the years 1678 to 2261. A time outside that range is an error. */
        NANOS,
        /**
         * Text in the form of ISO 8601 with all digits, which holds every time: {@code 9999-12-31T23:59:59.999999999}.
         * Columns that are declared as dates stay dates.
         */
        TEXT
    }

    /** The treatment of values that cannot be decoded. */
    public enum Invalid {
        /** They are an error, unless {@code states} are requested, which mark them. */
        ERROR,
        /** They become null, like NULL. */
        NULL
    }

    /** The behaviour of a one-table stream when the table's definition, and with it the schema, changes. */
    public enum SchemaChange {
        /** The stream ends with an error. */
        ERROR,
        /**
         * The stream has one schema for all definitions, found by reading the trail once beforehand. It has the columns
         * of every definition, null for rows whose definition lacks them, with types that hold the values of all.
         */
        UNION,
        /**
         * The stream ends before the first row of the new schema, for consumers that continue after it, such as {@code
         * next_version}.
         */
        STOP
    }

    /**
     * Sets {@code rows}. The maximum number of rows of a batch, at least 1. Long rows fill a batch earlier.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions rows(long value) {
        return with("rows", value);
    }

    /**
     * Sets {@code layout}. The layout of the rows.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions layout(Layout value) {
        return with("layout", Options.word(value));
    }

    /**
     * Sets {@code states}. Adds a column {@code _states} with the state of each value as a word, which distinguishes a
     * missing column from NULL. With the layout {@code changes} there are two such columns.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions states(boolean value) {
        return with("states", value);
    }

    /**
     * Sets {@code complete}. Adds a column {@code _complete}: whether each of the columns is known, because it has a
     * value or NULL in the row after the change. Not in CSV.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions complete(boolean value) {
        return with("complete", value);
    }

    /**
     * Sets {@code unfinished}. Adds a column {@code _unfinished}: whether the transaction breaks off after the change.
     * Not in CSV.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions unfinished(boolean value) {
        return with("unfinished", value);
    }

    /**
     * Sets {@code oldKey}. Adds a column {@code _key_before} with the old values of the key columns of a key update, a
     * struct that is null for other operations. Only for the layout {@code rows} and tables with a key; of the wanted
     * columns. Not in CSV.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions oldKey(boolean value) {
        return with("old_key", value);
    }

    /**
     * Sets {@code fill}. The source of columns that the after image of an update lacks. Only for the layout {@code
     * rows}. Not in CSV.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions fill(Fill value) {
        return with("fill", Options.word(value));
    }

    /**
     * Sets {@code csn}. The type of the column {@code _csn}. Always text in CSV.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions csn(CsnType value) {
        return with("csn", Options.word(value));
    }

    /**
     * Sets {@code numbers}. The type of numbers without a declared scale.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions numbers(Numbers value) {
        return with("numbers", Options.word(value));
    }

    /**
     * Sets {@code numbersOfScale}. Decimals of 38 digits, with this many digits after the point. A number that does not
     * fit is an error.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions numbersOfScale(int value) {
        return with("numbers", java.util.Map.of("scale", value));
    }

    /**
     * Sets {@code times}. The unit of timestamps.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions times(Times value) {
        return with("times", Options.word(value));
    }

    /**
     * Sets {@code invalid}. The treatment of values that cannot be decoded.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions invalid(Invalid value) {
        return with("invalid", Options.word(value));
    }

    /**
     * Sets {@code columns}. The columns to decode; all if they are not set. Case does not matter.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions columns(String... value) {
        return with("columns", java.util.List.of(value));
    }

    /**
     * Sets {@code wide}. Columns whose values need a wider type than usual, each as {@code COLUMN} or {@code
     * TABLE.COLUMN}: microseconds in place of nanoseconds, for years outside 1678 to 2261; 19 digits in place of 18.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions wide(String... value) {
        return with("wide", java.util.List.of(value));
    }

    /**
     * Sets {@code onSchemaChange}. The behavior of a stream when the schema of its table changes.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions onSchemaChange(SchemaChange value) {
        return with("on_schema_change", Options.word(value));
    }

    /**
     * Sets {@code prefix}. The prefix of the columns that do not come from the table.
     *
     * @param value the value
     * @return the new options
     */
    public ArrowOptions prefix(String value) {
        return with("prefix", value);
    }

    // end of generated
}
