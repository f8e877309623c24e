package io.trailcore;

import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Reads every raw record of a trail, including file headers, definitions and markers, to inspect the trail itself.
 * {@link TrailReader} reads its changes.
 *
 * <pre>{@code
 * try (RecordReader records = trail.records()) {
 *     long definitions = records.stream().filter(record -> record.typeName().equals(Optional.of("Metadata"))).count();
 * }
 * }</pre>
 *
 * <p>Records stay valid after the reader is closed. Threads, closing and errors are as with {@link TrailReader}.
 */
public final class RecordReader implements AutoCloseable, Iterable<TrailRecord> {
    /** The approximate size of a block of records in bytes. */
    private static final int BLOCK = 64 << 10;

    private final NativeWorker worker;
    private byte[] block = {};
    /** The offset of the next record in the block. */
    private int at;

    RecordReader(long handle) {
        worker = new NativeWorker(handle, "RecordReader");
    }

    /**
     * {@return the next record; {@code null} at the end of the trail} A later call checks again whether the trail has
     * grown.
     *
     * @throws TrailException.Truncated if the last file ends inside a record
     * @throws TrailException.Corrupt if the trail is damaged; {@link ReadOptions#resync} skips the damage
     * @throws TrailException.SequenceGap if files are missing
     * @throws TrailException.Io if a file cannot be read
     * @throws IllegalStateException if the reader is closed, or called from one of its own callbacks
     */
    public TrailRecord next() {
        long records = worker.enter();
        try {
            if (at >= block.length) {
                block = Native.recordsBlock(records, BLOCK);
                at = 0;
            }
            if (block.length == 0) {
                return null;
            }
            Wire.Reader in = new Wire.Reader(block, at);
            TrailRecord next = new TrailRecord(in);
            // Advances only after the record was created, so that an OutOfMemoryError loses nothing.
            at = in.at();
            return next;
        } finally {
            worker.leave();
        }
    }

    /**
     * {@return an iterator over the remaining records} All iterators of a reader share its position, so each record is
     * returned once. An iterator ends at the end of the trail or when the reader throws.
     */
    @Override
    public Iterator<TrailRecord> iterator() {
        return new Pulled<>(this::next);
    }

    /** {@return the remaining records as a sequential stream} Closing the stream closes the reader. */
    public Stream<TrailRecord> stream() {
        int traits = Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), traits), false).onClose(this::close);
    }

    /**
     * {@return the ranges that were skipped so far, including those among records that were fetched but not yet
     * returned} Always empty without {@link ReadOptions#resync}.
     */
    public List<Skipped> skipped() {
        long records = worker.enter();
        try {
            return Skipped.list(new Wire.Reader(Native.recordsSkipped(records)));
        } finally {
            worker.leave();
        }
    }

    /** Frees the native reader. May be called twice, from any thread, and while another thread reads. */
    @Override
    public void close() {
        worker.close();
    }
}
