package io.trailcore;

import java.util.Map;
import java.util.Objects;

/**
 * Options for reading a trail. By default a reader starts at the beginning, stops at damage, and returns only changes.
 * Immutable: each method returns new options.
 *
 * <pre>{@code
 * ReadOptions options = new ReadOptions().startAt(new Position(12, 1956)).select(select).resync(true);
 * }</pre>
 */
public final class ReadOptions extends Options<ReadOptions> {
    private final Catalog catalog;
    private final Select select;
    private final ProgressListener listener;

    /** Creates the default options. */
    public ReadOptions() {
        this(Map.of(), null, null, null);
    }

    private ReadOptions(Map<String, Object> values, Catalog catalog, Select select, ProgressListener listener) {
        super(values);
        this.catalog = catalog;
        this.select = select;
        this.listener = listener;
    }

    @Override
    ReadOptions copy(Map<String, Object> values) {
        return new ReadOptions(values, catalog, select, listener);
    }

    // generated: options
    /**
     * Sets {@code startAt}. Position to start at, such as {@code 12:1956}; the start of the source if it is not set.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions startAt(Position value) {
        return with("start_at", value.toString());
    }

    /**
     * Sets {@code transactionsFrom}. Reads the transactions that begin at this position or later, which need not be the
     * start of a record.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions transactionsFrom(Position value) {
        return with("transactions_from", value.toString());
    }

    /**
     * Sets {@code transactionsUntil}. Reads up to the first transaction that begins at this position or later.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions transactionsUntil(Position value) {
        return with("transactions_until", value.toString());
    }

    /**
     * Sets {@code index}. Path of a folder with side indexes, with which a position in a large file is reached quickly.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions index(String value) {
        return with("index", value);
    }

    /**
     * Sets {@code charset}. The database's character set by name, in place of what the source states.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions charset(String value) {
        return with("charset", value);
    }

    /**
     * Sets {@code columnCharset}. The character set of all text columns by name, in place of what the source states for
     * each. Columns of Unicode types keep theirs.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions columnCharset(String value) {
        return with("column_charset", value);
    }

    /**
     * Sets {@code includeNonChanges}. Returns metadata, markers and records of unknown types too.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions includeNonChanges(boolean value) {
        return with("include_non_changes", value);
    }

    /**
     * Sets {@code resync}. Skips damage, missing files and rows without a definition.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions resync(boolean value) {
        return with("resync", value);
    }

    /**
     * Sets {@code maxDefinitionBytes}. Maximum memory in bytes of the table definitions that are held at a time; one
     * gigabyte (2³⁰ bytes) if it is not set.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions maxDefinitionBytes(long value) {
        return with("max_definition_bytes", value);
    }

    /**
     * Sets {@code mapped}. Maps files into memory instead of reading them.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions mapped(boolean value) {
        return with("mapped", value);
    }

    /**
     * Sets {@code threads}. The number of threads that decode, beside one that reads ahead; 0 and 1 do all work in the
     * caller's thread.
     *
     * @param value the value
     * @return the new options
     */
    public ReadOptions threads(long value) {
        return with("threads", value);
    }

    // end of generated

    /**
     * Returns only the changes that a selection accepts.
     *
     * @param wanted the selection
     * @return the new options
     */
    public ReadOptions select(Select wanted) {
        return new ReadOptions(values, catalog, Objects.requireNonNull(wanted), listener);
    }

    /**
     * Supplies definitions of tables that the trail itself does not define.
     *
     * @param definitions the definitions
     * @return the new options
     */
    public ReadOptions catalog(Catalog definitions) {
        return new ReadOptions(values, Objects.requireNonNull(definitions), select, listener);
    }

    /**
     * Reports the progress of reading to a listener, which may stop it.
     *
     * @param callback the listener
     * @return the new options
     */
    public ReadOptions onProgress(ProgressListener callback) {
        return new ReadOptions(values, catalog, select, Objects.requireNonNull(callback));
    }

    /** A call that reads a trail, as most native methods have it. */
    interface Call<T> {
        T apply(long trail, byte[] options, long catalog, long filter, ProgressListener listener);
    }

    /** A call that follows a trail, with the document and the objects of these options. */
    interface Reading<T> {
        T apply(byte[] options, long catalog, long filter, ProgressListener listener);
    }

    /** Reads a trail with these options. */
    <T> T read(Trail trail, Call<T> call) {
        return trail.value().with(from -> with(
                (document, known, filter, notified) -> call.apply(from, document, known, filter, notified)));
    }

    /** Calls a native method with these options. */
    <T> T with(Reading<T> call) {
        byte[] document = document();
        NativeValue wanted = select == null ? null : select.value();
        NativeValue definitions = catalog == null ? null : catalog.value();
        return NativeValue.with(wanted, filter -> NativeValue.with(definitions,
                known -> call.apply(document, known, filter, listener)));
    }
}
