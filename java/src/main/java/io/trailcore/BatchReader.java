package io.trailcore;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Reads the changes of a trail in columns: each batch has rows of one table in direct buffers, without an object for each
 * value. This is the fast way for bulk work.
 *
 * <pre>{@code
 * long cents = 0;
 * try (BatchReader batches = trail.batches(new ReadOptions(), new BatchOptions().columns("BANK.POSTINGS", "AMOUNT"))) {
 *     for (ColumnBatch batch : batches) {
 *         LongBuffer amounts = batch.after("AMOUNT").longs();
 *         for (int row = 0; row < batch.size(); row++) {
 *             cents += amounts.get(row);
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>A batch is valid until the next one is requested, because its memory is reused. After that its methods throw
 * {@link IllegalStateException}; buffers that were taken from it stay readable, but hold other values.
 *
 * <p>A zero date, such as 0000-00-00, is {@link ColumnState#INVALID} in a batch, and a value in rows and JSON.
 *
 * <p>Rows of one table come in the order of the trail. The order between tables is lost; {@link ColumnBatch#position}
 * restores it. Only rows have columns: truncates and DDL are left out and counted in {@link #report}. Threads, closing and
 * errors are as with {@link TrailReader}. If there is no memory for a batch, its rows are lost: the call throws the
 * {@link OutOfMemoryError}, and every later call throws {@link TrailException.InvalidArgument}. Open a new reader with a
 * larger heap or fewer {@link BatchOptions#rows}.
 */
public final class BatchReader implements AutoCloseable, Iterable<ColumnBatch> {
    private static final int SMALLEST_ARENA = 2 << 20;

    private final NativeWorker worker;
    private final List<TableDef> tables = new ArrayList<>();
    /** The layout of the batches in the arena, and the offset of the next batch in it. */
    private byte[] directory = {};
    private int at;
    /** The memory of the batches. The garbage collector owns it and tracks every view of it. */
    private ByteBuffer arena = ByteBuffer.allocateDirect(0);
    /** Counts how often the arena was filled. */
    private volatile int generation;

    BatchReader(long handle) {
        worker = new NativeWorker(handle, "BatchReader");
    }

    /** Returns memory of at least {@code wanted} bytes that keeps the first {@code used}. Called by the native library. */
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
     * {@return the next batch; {@code null} at the end of the trail}
     *
     * @throws TrailException in the same cases as {@link TrailReader#next}. Rows before the error are returned first
     * @throws IllegalStateException if the reader is closed, or called from one of its own callbacks
     */
    public ColumnBatch next() {
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

    private ColumnBatch take(long batches) {
        ByteBuffer memory = arena.asReadOnlyBuffer().order(ByteOrder.nativeOrder());
        Wire.Reader in = new Wire.Reader(directory, at);
        ColumnBatch batch = new ColumnBatch(this, generation, table(batches, in.i32()), memory, in);
        // Advances only after the batch was created, so that an OutOfMemoryError loses nothing.
        at = in.at();
        return batch;
    }

    private TableDef table(long batches, int number) {
        while (tables.size() <= number) {
            tables.add(null);
        }
        if (tables.get(number) == null) {
            tables.set(number, TableDef.of(Native.batchesTable(batches, number)));
        }
        return tables.get(number);
    }

    /** Returns whether the arena still holds the batch of this generation. */
    boolean holds(int filled) {
        return filled == generation;
    }

    /** {@return the remaining batches} Each is valid until the next is requested; {@code hasNext} also requests it. */
    @Override
    public Iterator<ColumnBatch> iterator() {
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
     * {@return the position after the last change of all decoded batches} Reading can continue there once {@link #next}
     * has returned all decoded batches and is about to decode more.
     */
    public Position position() {
        return state().position();
    }

    /** {@return the ranges that were skipped so far} Always empty without {@link ReadOptions#resync}. */
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

    /** {@return the decisions of the selection so far} All counts are zero without a selection. */
    public FilterCounts filterCounts() {
        return state().counts();
    }

    /** Frees the native reader. The memory of the last batch stays. May be called twice, and from any thread. */
    @Override
    public void close() {
        worker.close();
    }
}
