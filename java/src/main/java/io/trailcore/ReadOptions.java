package io.trailcore;

import java.util.Objects;
import java.util.function.LongFunction;

/**
 * Options for reading a trail. By default a reader starts at the beginning, stops at damage, and returns only changes.
 * Immutable: each method returns new options.
 *
 * <pre>{@code
 * ReadOptions options = new ReadOptions().startAt(new Position(12, 1956)).select(select).resync(true);
 * }</pre>
 */
public final class ReadOptions {
    private final Position start;
    private final String charset;
    private final boolean nonChanges;
    private final boolean resync;
    private final Catalog catalog;
    private final Select select;
    private final ProgressListener listener;

    /** Creates the default options. */
    public ReadOptions() {
        this(null, null, false, false, null, null, null);
    }

    private ReadOptions(
            Position start,
            String charset,
            boolean nonChanges,
            boolean resync,
            Catalog catalog,
            Select select,
            ProgressListener listener) {
        this.start = start;
        this.charset = charset;
        this.nonChanges = nonChanges;
        this.resync = resync;
        this.catalog = catalog;
        this.select = select;
        this.listener = listener;
    }

    /**
     * Starts at a position, which must be the start of a record, such as {@link TrailReader#position} returns. The file is
     * still read from its beginning for its definitions. CSN and id of a transaction that began in an earlier file are not
     * known then.
     *
     * @param position the position
     * @return the new options
     */
    public ReadOptions startAt(Position position) {
        return new ReadOptions(Objects.requireNonNull(position), charset, nonChanges, resync, catalog, select, listener);
    }

    /**
     * {@return only the changes that a selection accepts}
     *
     * @param wanted the selection
     */
    public ReadOptions select(Select wanted) {
        return new ReadOptions(start, charset, nonChanges, resync, catalog, Objects.requireNonNull(wanted), listener);
    }

    /**
     * Supplies definitions of tables that the trail itself does not define.
     *
     * @param definitions the definitions
     * @return the new options
     */
    public ReadOptions catalog(Catalog definitions) {
        return new ReadOptions(start, charset, nonChanges, resync, Objects.requireNonNull(definitions), select, listener);
    }

    /**
     * Overrides the character set of the database that the trail states. Columns that state their own keep it.
     *
     * @param name the name of the character set, IANA's or Oracle's, such as {@code windows-1252} or {@code ZHS16GBK}. With
     *     an unknown name all text is invalid
     * @return the new options
     */
    public ReadOptions charset(String name) {
        return new ReadOptions(start, Objects.requireNonNull(name), nonChanges, resync, catalog, select, listener);
    }

    /**
     * Also returns metadata, markers and records of unknown types, as changes with the operations {@link Op#METADATA} and
     * {@link Op#OTHER}.
     *
     * @param wanted {@code true} to return them
     * @return the new options
     */
    public ReadOptions includeNonChanges(boolean wanted) {
        return new ReadOptions(start, charset, wanted, resync, catalog, select, listener);
    }

    /**
     * Skips damage up to the next provable record, missing files, and rows whose definition was lost.
     * {@link TrailReader#skipped} returns the skipped ranges.
     *
     * @param wanted {@code true} to skip
     * @return the new options
     */
    public ReadOptions resync(boolean wanted) {
        return new ReadOptions(start, charset, nonChanges, wanted, catalog, select, listener);
    }

    /**
     * Reports the progress of reading to a listener, which may stop it.
     *
     * @param callback the listener
     * @return the new options
     */
    public ReadOptions onProgress(ProgressListener callback) {
        return new ReadOptions(start, charset, nonChanges, resync, catalog, select, Objects.requireNonNull(callback));
    }

    byte[] message() {
        Position from = start == null ? new Position(0, 0) : start;
        Wire.Writer out = new Wire.Writer().bool(start != null).position(from);
        return out.maybeText(charset).bool(nonChanges).bool(resync).toBytes();
    }

    ProgressListener listener() {
        return listener;
    }

    /** A call that needs the handles of catalog and selection. */
    interface Call<T> {
        T apply(long catalog, long filter);
    }

    <T> T with(Call<T> call) {
        NativeValue wanted = select == null ? null : select.value();
        LongFunction<T> withCatalog = definitions -> NativeValue.with(wanted, handle -> call.apply(definitions, handle));
        return NativeValue.with(catalog == null ? null : catalog.value(), withCatalog);
    }
}
