package io.trailcore;

import java.util.Iterator;
import java.util.List;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Reads every record of a trail as it stands, file headers, definitions and markers too, without putting anything together:
 * for those who look at the trail itself. {@link TrailReader} is for its changes.
 *
 * <pre>{@code
 * try (RecordReader records = trail.records()) {
 *     long definitions = records.stream().filter(record -> record.typeName().equals(Optional.of("Metadata"))).count();
 * }
 * }</pre>
 *
 * <p>Records live on by themselves. Threads, closing and errors are as with {@link TrailReader}.
 */
public final class RecordReader implements AutoCloseable, Iterable<TrailRecord> {
    /** Bytes that a block of records has, about. */
    private static final int BLOCK = 64 << 10;

    private final NativeWorker worker;
    private byte[] block = {};
    /** Where the next record starts in the block. */
    private int at;

    RecordReader(long handle) {
        worker = new NativeWorker(handle, "RecordReader");
    }

    /**
     * The next record.
     *
     * @return the record; {@code null} at the end of the trail. A later call then looks again: a trail may grow
     * @throws TrailException.Truncated where the last file ends inside a record
     * @throws TrailException.Corrupt where the trail is damaged; with {@link ReadOptions#resync} it is passed over
     * @throws TrailException.SequenceGap where files are missing
     * @throws TrailException.Io where a file cannot be read
     * @throws IllegalStateException where the reader is closed, or called from a callback of its own
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
            // Passed over once it is there: where memory ends, nothing is lost.
            at = in.at();
            return next;
        } finally {
            worker.leave();
        }
    }

    /**
     * The further records, each handed out once, whoever asks. The iterator ends at the end of the trail or when the reader
     * throws.
     *
     * @return an iterator
     */
    @Override
    public Iterator<TrailRecord> iterator() {
        return new Pulled<>(this::next);
    }

    /**
     * The further records as a sequential stream. Closing the stream closes the reader.
     *
     * @return a stream
     */
    public Stream<TrailRecord> stream() {
        int traits = Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), traits), false).onClose(this::close);
    }

    /**
     * What was passed over so far, also behind records that have been fetched and not yet handed out. Empty but with
     * {@link ReadOptions#resync}.
     *
     * @return the stretches, in order
     */
    public List<Skipped> skipped() {
        long records = worker.enter();
        try {
            return Skipped.list(new Wire.Reader(Native.recordsSkipped(records)));
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
