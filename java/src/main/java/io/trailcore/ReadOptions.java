package io.trailcore;

import java.util.Objects;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * How to read a trail. The default reads from the start, stops at damage, and hands out changes only. Immutable: each method
 * gives options of their own.
 *
 * <pre>{@code
 * ReadOptions options = new ReadOptions().from(new Position(12, 1956)).filter(filter).resync(true);
 * }</pre>
 */
public final class ReadOptions {
    private final Position from;
    private final String charset;
    private final boolean all;
    private final boolean resync;
    private final Catalog catalog;
    private final TrailFilter filter;
    private final ProgressListener listener;

    /** The default. */
    public ReadOptions() {
        this(null, null, false, false, null, null, null);
    }

    private ReadOptions(
            Position from,
            String charset,
            boolean all,
            boolean resync,
            Catalog catalog,
            TrailFilter filter,
            ProgressListener listener) {
        this.from = from;
        this.charset = charset;
        this.all = all;
        this.resync = resync;
        this.catalog = catalog;
        this.filter = filter;
        this.listener = listener;
    }

    /**
     * Start at this position. It must be the start of a record, such as {@link TrailReader#position} gives; its file is
     * read from the start for its definitions. Of a transaction that began in an earlier file, CSN and id are not known
     * then.
     *
     * @param position where to start
     * @return the options
     */
    public ReadOptions from(Position position) {
        return new ReadOptions(Objects.requireNonNull(position), charset, all, resync, catalog, filter, listener);
    }

    /**
     * Hand out only the changes that a filter wants.
     *
     * @param wanted the filter
     * @return the options
     */
    public ReadOptions filter(TrailFilter wanted) {
        return new ReadOptions(from, charset, all, resync, catalog, Objects.requireNonNull(wanted), listener);
    }

    /**
     * Definitions for tables that the trail itself does not define.
     *
     * @param definitions the definitions
     * @return the options
     */
    public ReadOptions catalog(Catalog definitions) {
        return new ReadOptions(from, charset, all, resync, Objects.requireNonNull(definitions), filter, listener);
    }

    /**
     * The database's character set, against what the trail says. Columns that name their own keep it.
     *
     * @param name its name, IANA's or Oracle's: {@code windows-1252}, {@code ZHS16GBK}. Of one that is not known, no bytes
     *     are text
     * @return the options
     */
    public ReadOptions charset(String name) {
        return new ReadOptions(from, Objects.requireNonNull(name), all, resync, catalog, filter, listener);
    }

    /**
     * Hand out metadata, markers and records of types that are not understood too, as changes with the operations
     * {@link Op#METADATA} and {@link Op#OTHER}.
     *
     * @param wanted whether to
     * @return the options
     */
    public ReadOptions all(boolean wanted) {
        return new ReadOptions(from, charset, wanted, resync, catalog, filter, listener);
    }

    /**
     * Pass over damage to the next provable record, over missing files, and over rows whose definition was lost.
     * {@link TrailReader#skipped} tells what was passed over.
     *
     * @param wanted whether to
     * @return the options
     */
    public ReadOptions resync(boolean wanted) {
        return new ReadOptions(from, charset, all, wanted, catalog, filter, listener);
    }

    /**
     * Tell this listener how far reading has come. It may stop it.
     *
     * @param told the listener
     * @return the options
     */
    public ReadOptions progress(ProgressListener told) {
        return new ReadOptions(from, charset, all, resync, catalog, filter, Objects.requireNonNull(told));
    }

    /** The position to start from. */
    Optional<Position> from() {
        return Optional.ofNullable(from);
    }

    byte[] message() {
        Position start = from == null ? new Position(0, 0) : from;
        Wire.Writer out = new Wire.Writer().bool(from != null).i64(start.seqno()).i64(start.rba());
        return out.maybeText(charset).bool(all).bool(resync).toBytes();
    }

    ProgressListener listener() {
        return listener;
    }

    /** What is called with the numbers of catalog and filter. */
    interface Call<T> {
        T apply(long catalog, long filter);
    }

    <T> T with(Call<T> call) {
        LongFunction<T> withCatalog =
                definitions -> NativeValue.with(filter == null ? null : filter.value(), wanted -> call.apply(definitions, wanted));
        return NativeValue.with(catalog == null ? null : catalog.value(), withCatalog);
    }
}
