package io.trailcore;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Reads the changes of a trail in columns: batches of rows of one table each, in direct buffers, without an object for each
 * value. The quick way for bulk work.
 *
 * <pre>{@code
 * long cents = 0;
 * try (BatchReader batches = trail.batches(new ReadOptions(), new BatchOptions().columns("BANK.POSTINGS", "AMOUNT"))) {
 *     for (ChangeBatch batch : batches) {
 *         LongBuffer amounts = batch.after("AMOUNT").longs();
 *         for (int row = 0; row < batch.size(); row++) {
 *             cents += amounts.get(row);
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>A batch is valid until the next one is asked for: its memory is used over and over. Afterwards its methods throw
 * {@link IllegalStateException}; buffers that were taken from it stay readable, but hold other values.
 *
 * <p>A zero date, such as 0000-00-00, is {@link ColumnState#INVALID} in a batch, and a value in rows and JSON.
 *
 * <p>Rows of one table come in the trail's order. Between tables the order is lost; {@link ChangeBatch#position} has it.
 * Only rows have columns: truncates, statements and others are passed over. Threads, closing and errors are as with
 * {@link TrailReader}. Where there is no memory for a batch, its rows are lost: the {@link OutOfMemoryError} comes out, and
 * every later call throws {@link TrailException.InvalidArgument}; another reader with fewer {@link BatchOptions#rows} may
 * have room.
 */
public final class BatchReader implements AutoCloseable, Iterable<ChangeBatch> {
    private static final int SMALLEST_ARENA = 2 << 20;

    private final NativeWorker worker;
    private final List<TableDef> tables = new ArrayList<>();
    /** What the native half says of the batches in the memory, and where it says it of the next one. */
    private byte[] directory = {};
    private int at;
    /** The memory that batches lie in. It belongs to the garbage collector, which sees every view of it. */
    private ByteBuffer arena = ByteBuffer.allocateDirect(0);
    /** Counts how often the memory has been filled. */
    private volatile int generation;

    BatchReader(long handle) {
        worker = new NativeWorker(handle, "BatchReader");
    }

    /** Gives the native half memory for at least so many bytes, and keeps what was used of it before. */
    private ByteBuffer arena(int used, int wanted) {
        if (arena.capacity() < wanted) {
            long roomy = Math.max(SMALLEST_ARENA, 2L * wanted);
            ByteBuffer larger = ByteBuffer.allocateDirect((int) Math.min(roomy, Integer.MAX_VALUE - 8));
            larger.put(0, arena, 0, used);
            arena = larger;
        }
        return arena;
    }

    /**
     * The next batch.
     *
     * @return the batch, valid until the next call; {@code null} at the end of the trail
     * @throws TrailException as {@link TrailReader#next}; what lies before it is handed out first
     * @throws IllegalStateException where the reader is closed, or called from a callback of its own
     */
    public ChangeBatch next() {
        long batches = worker.enter();
        try {
            if (at >= directory.length) {
                fill(batches);
            }
            return directory.length == 0 ? null : take(batches);
        } finally {
            worker.leave();
        }
    }

    private void fill(long batches) {
        generation++;
        directory = Native.batchesNext(batches, this);
        at = 0;
    }

    private ChangeBatch take(long batches) {
        ByteBuffer memory = arena.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
        Wire.Reader in = new Wire.Reader(directory, at);
        ChangeBatch batch = new ChangeBatch(this, generation, table(batches, in.i32()), memory, in);
        // Passed over once it is there: where memory ends, nothing is lost.
        at = in.at();
        return batch;
    }

    private TableDef table(long batches, int number) {
        while (tables.size() <= number) {
            tables.add(TableDef.of(Native.batchesTable(batches, tables.size())));
        }
        return tables.get(number);
    }

    /** Whether the memory of a batch has not been filled again. */
    boolean holds(int filled) {
        return filled == generation;
    }

    /**
     * The further batches, each valid until the next is asked for, by {@code hasNext} too.
     *
     * @return an iterator
     */
    @Override
    public Iterator<ChangeBatch> iterator() {
        return new Pulled<>(this::next);
    }

    private ReaderState state() {
        long batches = worker.enter();
        try {
            return ReaderState.of(Native.batchesState(batches));
        } finally {
            worker.leave();
        }
    }

    /**
     * The position behind the last change of all batches that have been decoded: where to go on reading later, once
     * {@link #next} has handed all of them out and is about to decode more.
     *
     * @return the position
     */
    public Position position() {
        return state().position();
    }

    /**
     * What was passed over so far. Empty but with {@link ReadOptions#resync}.
     *
     * @return the stretches, in order
     */
    public List<Skipped> skipped() {
        return state().skipped();
    }

    /**
     * What the filter said of the changes so far. All zero without one.
     *
     * @return the counts
     */
    public FilterCounts filterCounts() {
        return state().counts();
    }

    /** Frees what the reader holds, but for the memory of its last batch. It may be called twice, and from any thread. */
    @Override
    public void close() {
        worker.close();
    }
}
