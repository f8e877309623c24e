package io.trailcore;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Options for reading columns in bulk: the tables and columns to decode, and the number of rows in a batch. The default
 * decodes all columns of all tables. Immutable: each method returns new options.
 *
 * <pre>{@code
 * BatchOptions wanted = new BatchOptions().columns("BANK.POSTINGS", "POSTING_ID", "AMOUNT").rows(16384);
 * }</pre>
 */
public final class BatchOptions extends Options<BatchOptions> {
    /** Creates the default options. */
    public BatchOptions() {
        this(Map.of());
    }

    private BatchOptions(Map<String, Object> values) {
        super(values);
    }

    @Override
    BatchOptions copy(Map<String, Object> values) {
        return new BatchOptions(values);
    }

    // generated: options
    /**
     * Sets {@code rows}. The maximum number of rows of a batch, at least 1. The default fits the caches of a processor.
     * Long rows fill a batch earlier.
     *
     * @param value the value
     * @return the new options
     */
    public BatchOptions rows(long value) {
        return with("rows", value);
    }

    // end of generated

    /**
     * Adds a table to decode. Once a table is named, tables that are not named are left out. Case does not
     * matter, except in double quotes.
     *
     * @param name the name of the table, such as {@code BANK.POSTINGS}
     * @return the new options
     */
    public BatchOptions table(String name) {
        return wanted(name, null);
    }

    /**
     * Adds a table of which only these columns are decoded. Once a table is named, tables that are not named are left out.
     * Case does not matter. An image is read only up to its last wanted column, so damage after that column is not detected.
     *
     * @param table the name of the table
     * @param columns the names of the columns
     * @return the new options
     */
    public BatchOptions columns(String table, String... columns) {
        return wanted(table, List.copyOf(Arrays.asList(columns)));
    }

    private BatchOptions wanted(String table, List<String> columns) {
        Map<Object, Object> tables = new LinkedHashMap<>((Map<?, ?>) values.getOrDefault("tables", Map.of()));
        tables.put(table, columns);
        return with("tables", tables);
    }
}
