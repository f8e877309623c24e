package io.trailcore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Options for reading columns in bulk: the tables and columns to decode, and the number of rows in a batch. The default
 * decodes all columns of all tables. Immutable: each method returns new options.
 *
 * <pre>{@code
 * BatchOptions wanted = new BatchOptions().columns("BANK.POSTINGS", "POSTING_ID", "AMOUNT").rows(16384);
 * }</pre>
 */
public final class BatchOptions {
    private static final int DEFAULT_ROWS = 4096;

    /** A table and its wanted columns; {@code null} means all. */
    private record Wanted(String table, List<String> columns) {
    }

    private final int rows;
    private final List<Wanted> wanted;

    /** Creates the default options. */
    public BatchOptions() {
        this(DEFAULT_ROWS, List.of());
    }

    private BatchOptions(int rows, List<Wanted> wanted) {
        this.rows = rows;
        this.wanted = wanted;
    }

    /**
     * Sets the maximum number of rows in a batch. The default of 4096 fits the caches of a processor. Large rows fill a batch
     * earlier.
     *
     * @param most the maximum, at least 1
     * @return the new options
     * @throws IllegalArgumentException if the maximum is less than 1
     */
    public BatchOptions rows(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("rows must be at least 1, not " + most);
        }
        return new BatchOptions(most, wanted);
    }

    /**
     * Adds a table to decode. Once a table is named, tables that are not named are left out. Case does not matter.
     *
     * @param name the name of the table, such as {@code BANK.POSTINGS}
     * @return the new options
     */
    public BatchOptions table(String name) {
        return with(new Wanted(name, null));
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
        return with(new Wanted(table, List.copyOf(Arrays.asList(columns))));
    }

    private BatchOptions with(Wanted one) {
        List<Wanted> all = new ArrayList<>(wanted);
        all.add(one);
        return new BatchOptions(rows, List.copyOf(all));
    }

    byte[] message() {
        Wire.Writer out = new Wire.Writer().i32(rows).i32(wanted.size());
        for (Wanted one : wanted) {
            List<String> columns = one.columns == null ? List.of() : one.columns;
            out.text(one.table).bool(one.columns == null).i32(columns.size());
            columns.forEach(out::text);
        }
        return out.toBytes();
    }
}
