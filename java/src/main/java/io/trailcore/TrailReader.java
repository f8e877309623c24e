package io.trailcore;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Reads the changes of a trail in order. Memory does not grow with the length of the trail. A before/after pair of records
 * is returned as one change.
 *
 * <pre>{@code
 * try (TrailReader reader = trail.reader()) {
 *     reader.stream().filter(change -> change.op() == Op.DELETE).map(Change::toJson).forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Changes are fetched in blocks; {@link #position} refers only to the changes that were returned.
 *
 * <p><b>Threads.</b> A reader may move between threads, and calls from several threads exclude each other. To read in
 * parallel, open a reader for each thread. {@link #close} may be called at any time from any thread: a call in progress ends
 * normally, and every later call throws {@link IllegalStateException}. Changes stay valid after the close.
 *
 * <p><b>Errors.</b> All changes before damage are returned before the exception. A call after an exception throws the same
 * exception again, unless its class documents that reading continues. After a torn tail or the end of the trail, a call
 * checks whether the trail has grown. If an {@link OutOfMemoryError} loses changes that were read, every later call throws
 * {@link TrailException.InvalidArgument}; open a new reader at {@link #position} with a larger heap.
 */
public final class TrailReader implements AutoCloseable, Iterable<Change> {
    /** The approximate size of a block of changes in bytes. A change keeps its block alive. */
    private static final int BLOCK = 64 << 10;

    private final NativeWorker worker;
    private final List<TableDef> tables = new ArrayList<>();
    private final ChangeBlock.Headers headers = new ChangeBlock.Headers();
    /** The current block; {@code null} before the first and at the end of the trail. */
    private ChangeBlock block;
    /** The offset of the next change in the view of the block. */
    private int at;
    /** The position after the change that was returned last; {@code null} if it was not computed yet. */
    private Position position;
    private Change last;
    /** True if an OutOfMemoryError lost changes between reading and writing JSON. */
    private boolean lost;

    TrailReader(long handle) {
        worker = new NativeWorker(handle, "TrailReader");
        position = ReaderState.of(Native.readerState(handle)).position();
    }

    /**
     * {@return the next change; {@code null} at the end of the trail} A later call checks again whether the trail has
     * grown.
     *
     * @throws TrailException.Truncated if the last file ends inside a record
     * @throws TrailException.Corrupt if the trail is damaged; {@link ReadOptions#resync} skips the damage
     * @throws TrailException.SequenceGap if files are missing
     * @throws TrailException.UndefinedTable if a row refers to a definition that the file does not contain
     * @throws TrailException.Undecidable if a strict selection cannot decide a change
     * @throws TrailException.Filter if the selection does not fit a table
     * @throws TrailException.Io if a file cannot be read
     * @throws IllegalStateException if the reader is closed, or called from one of its own callbacks
     */
    public Change next() {
        long reader = worker.enter();
        try {
            checkWhole();
            return isAtEndOfBlock() && !fetch(reader) ? null : take();
        } finally {
            worker.leave();
        }
    }

    /** Fails after changes were lost. Reading on would silently leave them out. */
    private void checkWhole() {
        if (lost) {
            throw TrailException.invalidArgument("reader unusable: an earlier call ran out of memory and its changes were lost; "
                    + "open a new reader with a larger heap");
        }
    }

    private boolean isAtEndOfBlock() {
        return block == null || at >= block.view().length;
    }

    /** Fetches a block of changes; returns {@code false} at the end of the trail. */
    private boolean fetch(long reader) {
        block = null;
        byte[] view = Native.readerBlock(reader, BLOCK);
        if (view.length == 0) {
            return false;
        }
        try {
            block = new ChangeBlock(view, headers);
        } catch (OutOfMemoryError noMemory) {
            lost = true;
            throw noMemory;
        }
        at = ChangeBlock.HEAD;
        return true;
    }

    private Change take() {
        byte[] view = block.view();
        Change change = new Change(block, at, block.table(Change.tableNumber(view, at), Change.index(view, at), tables));
        at += change.length();
        position = null;
        last = change;
        return change;
    }

    /**
     * {@return an iterator over the remaining changes} All iterators of a reader share its position, so each change is
     * returned once. An iterator ends at the end of the trail or when the reader throws.
     */
    @Override
    public Iterator<Change> iterator() {
        return new Pulled<>(this::next);
    }

    /** {@return the remaining changes as a sequential stream} Closing the stream closes the reader. */
    public Stream<Change> stream() {
        int traits = Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), traits), false).onClose(this::close);
    }

    /**
     * Writes the remaining changes as native JSON, one per line. This is the fastest way from a trail to JSON.
     *
     * @param out the output; it stays open
     * @throws IOException if the output throws it; the changes of the current block are lost then
     * @throws TrailException in the same cases as {@link #next}. Changes before the error are written first
     */
    public void writeJson(OutputStream out) throws IOException {
        long reader = worker.enter();
        try {
            checkWhole();
            writeJson(reader, out);
        } catch (OutOfMemoryError noMemory) {
            lost = true;
            throw noMemory;
        } finally {
            worker.leave();
        }
    }

    private void writeJson(long reader, OutputStream out) throws IOException {
        while (!isAtEndOfBlock()) {
            out.write(take().toJsonBytes());
            out.write('\n');
        }
        while (true) {
            byte[] lines = Native.readerJson(reader, BLOCK);
            Position next = ReaderState.of(Native.readerState(reader)).position();
            out.write(lines);
            position = next;
            if (lines.length == 0) {
                return;
            }
        }
    }

    /**
     * {@return the position after the last change that was returned} {@link ReadOptions#startAt} continues reading
     * there.
     */
    public Position position() {
        worker.enter();
        try {
            if (position == null) {
                position = last.next();
            }
            return position;
        } finally {
            worker.leave();
        }
    }

    private ReaderState state() {
        long reader = worker.enter();
        try {
            return ReaderState.of(Native.readerState(reader));
        } finally {
            worker.leave();
        }
    }

    /**
     * {@return the ranges that were skipped so far, including those among changes that were fetched but not yet
     * returned} Always empty without {@link ReadOptions#resync}.
     */
    public List<Skipped> skipped() {
        return state().skipped();
    }

    /**
     * {@return what became of the changes that were read so far} Names of the selection that fit no table are known once
     * the end of the trail was read.
     */
    public ReadReport report() {
        return ReadReport.of(Json.parse(state().report()));
    }

    /**
     * {@return the decisions of the selection so far, including those on changes that were fetched but not yet
     * returned} All counts are zero without a selection.
     */
    public FilterCounts filterCounts() {
        return state().counts();
    }

    /** Returns the handle without protection, for tests. */
    long handle() {
        long reader = worker.enter();
        worker.leave();
        return reader;
    }

    /** Frees the native reader. May be called twice, from any thread, and while another thread reads. */
    @Override
    public void close() {
        worker.close();
    }
}
