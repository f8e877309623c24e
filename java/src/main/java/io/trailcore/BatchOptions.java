package io.trailcore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Which tables and columns are decoded in bulk, and how many rows at a time. The default decodes all columns of all tables.
 * Immutable: each method gives options of their own.
 *
 * <pre>{@code
 * BatchOptions wanted = new BatchOptions().columns("BANK.POSTINGS", "POSTING_ID", "AMOUNT").rows(16384);
 * }</pre>
 */
public final class BatchOptions {
    private static final int DEFAULT_ROWS = 4096;

    /** A table, and the columns that are wanted; {@code null} says all. */
    private record Wanted(String table, List<String> columns) {
    }

    private final int rows;
    private final List<Wanted> wanted;

    /** The default. */
    public BatchOptions() {
        this(DEFAULT_ROWS, List.of());
    }

    private BatchOptions(int rows, List<Wanted> wanted) {
        this.rows = rows;
        this.wanted = wanted;
    }

    /**
     * Batches of at most this many rows, 4096 if not said otherwise: what a processor's caches hold. Rows of many bytes fill
     * a batch earlier.
     *
     * @param most how many, at least one
     * @return the options
     * @throws IllegalArgumentException where it is less than one
     */
    public BatchOptions rows(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("a batch has at least one row");
        }
        return new BatchOptions(most, wanted);
    }

    /**
     * Decodes this table, and of all tables only those named so. Case does not count.
     *
     * @param name the table's name, such as {@code BANK.POSTINGS}
     * @return the options
     */
    public BatchOptions table(String name) {
        return with(new Wanted(name, null));
    }

    /**
     * Decodes these columns of this table, and of all tables only those named so. Case does not count. An image is read
     * only as far as its last wanted column: damage behind that goes unnoticed.
     *
     * @param table the table's name
     * @param columns the columns' names
     * @return the options
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
