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
 * Reads the changes of a trail, one after the other, with memory that does not grow with the trail. What belongs together
 * stays together: the two records of an update are one change.
 *
 * <pre>{@code
 * try (TrailReader reader = trail.reader()) {
 *     reader.stream().filter(change -> change.op() == Op.DELETE).map(Change::toJson).forEach(System.out::println);
 * }
 * }</pre>
 *
 * <p>Changes are fetched many at a time; {@link #position} counts those alone that have been handed out.
 *
 * <p><b>Threads.</b> A reader may be moved between threads, and calls from several exclude one another; two threads that
 * want to read on their own have two readers. {@link #close} may come at any time from any thread: a call that is under way
 * ends as if nothing were, and every later one throws {@link IllegalStateException}. Changes live on by themselves.
 *
 * <p><b>Errors.</b> What lies before damage is handed out before the exception. After an exception a further call gives the
 * same again, unless its class says that it goes on. At a torn tail and at the end of the trail it looks whether there is
 * more. Where an {@link OutOfMemoryError} loses what was read, every later call throws
 * {@link TrailException.InvalidArgument}; {@link #position} tells where another reader can go on.
 */
public final class TrailReader implements AutoCloseable, Iterable<Change> {
    /** Bytes that a block of changes has, about; a change that is kept keeps its block. */
    private static final int BLOCK = 64 << 10;

    private final NativeWorker worker;
    private final List<TableDef> tables = new ArrayList<>();
    /** That of the last change which has one, and its number: files come in order, and their headers with them. */
    private FileHeader header;
    private int headerNumber = -1;
    private byte[] block = {};
    /** Where the next change starts in the block. */
    private int at;
    /** Behind the change that was handed out last; {@code null} where it has not been asked for since. */
    private Position position;
    private Change last;
    /** Whether memory ended between reading and writing JSON. */
    private boolean lost;

    TrailReader(long handle) {
        worker = new NativeWorker(handle, "TrailReader");
        position = ReaderState.of(Native.readerState(handle)).position();
    }

    /**
     * The next change.
     *
     * @return the change; {@code null} at the end of the trail. A later call then looks again: a trail may grow
     * @throws TrailException.Truncated where the last file ends inside a record
     * @throws TrailException.Corrupt where the trail is damaged; with {@link ReadOptions#resync} it is passed over
     * @throws TrailException.SequenceGap where files are missing
     * @throws TrailException.UndefinedTable where a row refers to a definition that the file has not given
     * @throws TrailException.Undecidable where a strict filter cannot decide on a change
     * @throws TrailException.Filter where the filter does not fit a table
     * @throws TrailException.Io where a file cannot be read
     * @throws IllegalStateException where the reader is closed, or called from a callback of its own
     */
    public Change next() {
        long reader = worker.enter();
        try {
            checkWhole();
            return isAtEndOfBlock() && !fetch(reader) ? null : take(reader);
        } finally {
            worker.leave();
        }
    }

    /** Reading on would leave out what was lost without a word. */
    private void checkWhole() {
        if (lost) {
            throw TrailException.invalidArgument("the reader cannot go on: a call before had no memory to write what it had "
                    + "read, which is lost; open another with more memory");
        }
    }

    private boolean isAtEndOfBlock() {
        return at >= block.length;
    }

    /** Fetches changes; {@code false} at the end of the trail. */
    private boolean fetch(long reader) {
        byte[] fetched = Native.readerBlock(reader, BLOCK);
        block = fetched;
        at = 0;
        return fetched.length > 0;
    }

    private Change take(long reader) {
        TableDef table = table(reader, Change.tableNumber(block, at));
        Change change = new Change(block, at, table, header(reader, Change.headerNumber(block, at)));
        at += change.length();
        position = null;
        last = change;
        return change;
    }

    private TableDef table(long reader, int number) {
        while (tables.size() <= number) {
            tables.add(TableDef.of(Native.readerTable(reader, tables.size())));
        }
        return tables.get(number);
    }

    private FileHeader header(long reader, int number) {
        if (number < 0) {
            return null;
        }
        if (number != headerNumber) {
            header = new FileHeader(Native.readerHeader(reader, number));
            headerNumber = number;
        }
        return header;
    }

    /**
     * The further changes, each handed out once, whoever asks. The iterator ends at the end of the trail or when the reader
     * throws.
     *
     * @return an iterator
     */
    @Override
    public Iterator<Change> iterator() {
        return new Pulled<>(this::next);
    }

    /**
     * The further changes as a sequential stream. Closing the stream closes the reader.
     *
     * @return a stream
     */
    public Stream<Change> stream() {
        int traits = Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), traits), false).onClose(this::close);
    }

    /**
     * Writes the further changes as native JSON, a line each: the quickest way from a trail to JSON.
     *
     * @param out where to write; it stays open
     * @throws IOException what the output throws; the changes of the block that it was about are then gone
     * @throws TrailException as {@link #next}; what lies before is written
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
            out.write(take(reader).toJsonBytes());
            out.write('\n');
        }
        while (true) {
            byte[] lines = Native.readerJson(reader, BLOCK);
            Position behind = ReaderState.of(Native.readerState(reader)).position();
            out.write(lines);
            position = behind;
            if (lines.length == 0) {
                return;
            }
        }
    }

    /**
     * The position behind the last change that was handed out: where to go on reading later, with {@link ReadOptions#from}.
     *
     * @return the position
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
     * What was passed over so far, changes that have been fetched and not yet handed out included. Empty but with
     * {@link ReadOptions#resync}.
     *
     * @return the stretches, in order
     */
    public List<Skipped> skipped() {
        return state().skipped();
    }

    /**
     * What the filter said of the changes so far, those included that have been fetched and not yet handed out. All zero
     * without one.
     *
     * @return the counts
     */
    public FilterCounts filterCounts() {
        return state().counts();
    }

    /** For tests: has the native half panic. */
    void panicDrill() {
        long reader = worker.enter();
        try {
            Native.panicDrill(reader);
        } finally {
            worker.leave();
        }
    }

    /** Frees what the reader holds. It may be called twice, from any thread, and while another reads. */
    @Override
    public void close() {
        worker.close();
    }
}
