package io.trailcore;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A trail: one file, or the numbered files of a prefix, in order. Opening a trail reads no records. Immutable and thread-safe:
 * any number of readers may read it at the same time. A trail needs no close; its readers do.
 *
 * <pre>{@code
 * Trail trail = Trail.open(Path.of("dirdat/lt"));
 * try (TrailReader reader = trail.reader()) {
 *     for (Change change : reader) {
 *         if (change.op() == Op.INSERT && change.tableName().equals("BANK.POSTINGS")) {
 *             System.out.println(change.position() + " " + change.after().get("AMOUNT").decimal());
 *         }
 *     }
 * }
 * }</pre>
 */
public final class Trail {
    private final NativeValue value;

    private Trail(long handle) {
        value = new NativeValue(handle);
    }

    /**
     * Opens the trail at a path: a file, a prefix such as {@code dirdat/lt}, or a directory that contains one trail.
     *
     * @param path the path
     * @return the trail
     * @throws TrailException.NotFound if there is no trail at the path
     * @throws TrailException.InvalidArgument if the directory contains several trails, or a sequence number occurs twice
     * @throws TrailException.Io if the path cannot be read
     * @throws UnsatisfiedLinkError if the native library cannot be loaded; the message states the reason and the way out
     */
    public static Trail open(Path path) {
        NativeLibrary.load();
        return new Trail(Native.trailOpen(Wire.bytes(path.toString())));
    }

    /**
     * Opens a trail that consists of exactly these files, in the order of the sequence numbers in their names, or in the order
     * of the list if a name has no number.
     *
     * @param files the files
     * @return the trail
     * @throws TrailException.NotFound if a path is not a file
     * @throws TrailException.InvalidArgument if the list is empty, or a sequence number occurs twice
     */
    public static Trail openFiles(List<Path> files) {
        NativeLibrary.load();
        return new Trail(Native.trailOpenFiles(names(files.stream().map(Path::toString).toList())));
    }

    private static byte[] names(List<String> names) {
        Wire.Writer out = new Wire.Writer().i32(names.size());
        names.forEach(out::text);
        return out.toBytes();
    }

    /**
     * Opens a trail of one file in memory. The bytes are copied.
     *
     * @param bytes the bytes of the file
     * @return the trail
     */
    public static Trail of(byte[] bytes) {
        return ofFiles(Map.of("memory", bytes));
    }

    /**
     * Opens a trail of one file that is read from a stream to its end and kept in memory. Use
     * {@link #of(String, ByteSource)} to avoid the memory.
     *
     * @param in the stream; it stays open
     * @return the trail
     * @throws IOException if the stream throws it
     */
    public static Trail of(InputStream in) throws IOException {
        return of(in.readAllBytes());
    }

    /**
     * Opens a trail of several files in memory. The bytes are copied. The files are read in the order of the map.
     *
     * @param files the bytes of the files by name. The sequence number comes from the end of the name, or else from the file
     *     header
     * @return the trail
     */
    public static Trail ofFiles(Map<String, byte[]> files) {
        NativeLibrary.load();
        List<String> names = new ArrayList<>();
        List<byte[]> bytes = new ArrayList<>();
        files.forEach((name, content) -> {
            names.add(name);
            bytes.add(Objects.requireNonNull(content));
        });
        return new Trail(Native.trailFromBytes(names(names), bytes.toArray(new byte[0][])));
    }

    /**
     * Opens a trail of one file whose bytes come from a {@link ByteSource}.
     *
     * @param name the name of the file. The sequence number comes from the end of the name, or else from the file header
     * @param source the source of the bytes
     * @return the trail
     */
    public static Trail of(String name, ByteSource source) {
        return ofSources(Map.of(name, source));
    }

    /**
     * Opens a trail of several files whose bytes come from {@link ByteSource}s. The files are read in the order of the map.
     *
     * @param sources the sources of the bytes by file name
     * @return the trail
     */
    public static Trail ofSources(Map<String, ByteSource> sources) {
        NativeLibrary.load();
        List<String> names = new ArrayList<>();
        List<ByteSource> list = new ArrayList<>();
        sources.forEach((name, source) -> {
            names.add(name);
            list.add(Objects.requireNonNull(source));
        });
        return new Trail(Native.trailFromSources(names(names), list.toArray(new ByteSource[0])));
    }

    /** {@return the files, in the order in which they are read} */
    public List<TrailFile> files() {
        return new Wire.Reader(value.with(Native::trailFiles)).list(in -> new TrailFile(in.text(), in.maybe()));
    }

    /** {@return the ranges of missing sequence numbers between the files} */
    public List<Gap> gaps() {
        return new Wire.Reader(value.with(Native::trailGaps)).list(in -> new Gap(in.i64(), in.i64()));
    }

    /**
     * {@return the current total size of the files}
     *
     * @throws TrailException.Io if the size cannot be determined
     */
    public long size() {
        return value.with(Native::trailSize);
    }

    /**
     * Reads the headers of the files. It reads the first record of each file.
     *
     * @return the headers, in the order of {@link #files}; empty for a file without a known header
     * @throws TrailException.Io if a file cannot be read
     */
    public List<Optional<FileHeader>> headers() {
        return new Wire.Reader(value.with(Native::trailHeaders)).list(in -> {
            boolean isThere = in.bool();
            byte[] header = in.array();
            return isThere ? Optional.of(new FileHeader(header)) : Optional.empty();
        });
    }

    /**
     * Opens a reader of the changes, from the start of the trail.
     *
     * @return the reader, to be closed
     */
    public TrailReader reader() {
        return reader(new ReadOptions());
    }

    /**
     * Opens a reader of the changes.
     *
     * @param options the read options
     * @return the reader, to be closed
     * @throws TrailException.InvalidPosition if no record starts at the start position
     * @throws TrailException if reading up to the start position fails
     */
    public TrailReader reader(ReadOptions options) {
        return new TrailReader(options.read(this, Native::readerOpen));
    }

    /**
     * Opens a reader of the changes in columns, for all columns of all tables.
     *
     * @return the reader, to be closed
     */
    public BatchReader batches() {
        return batches(new ReadOptions(), new BatchOptions());
    }

    /**
     * Opens a reader of the changes in columns.
     *
     * @param options the read options
     * @param wanted the tables and columns, and the number of rows in a batch
     * @return the reader, to be closed
     * @throws TrailException in the same cases as {@link #reader(ReadOptions)}
     */
    public BatchReader batches(ReadOptions options, BatchOptions wanted) {
        return new BatchReader(options.read(this, (trail, document, catalog, filter, listener) ->
                Native.batchesOpen(trail, wanted.document(), document, catalog, filter, listener)));
    }

    /**
     * Opens a reader of the raw records, from the start of the trail.
     *
     * @return the reader, to be closed
     */
    public RecordReader records() {
        return records(new ReadOptions());
    }

    /**
     * Opens a reader of the raw records, from the start of the trail.
     *
     * @param options the read options; only {@link ReadOptions#resync} and {@link ReadOptions#onProgress} apply
     * @return the reader, to be closed
     */
    public RecordReader records(ReadOptions options) {
        return new RecordReader(options.read(this, Native::recordsOpen));
    }

    /**
     * Finds the first change whose transaction has this CSN or a later one. Skips files by the first CSN in their headers, if
     * they state one.
     *
     * @param csn the commit sequence number
     * @return the position of the change; empty if there is none
     * @throws TrailException if reading fails
     */
    public Optional<Position> findCsn(String csn) {
        return findCsn(csn, new ReadOptions());
    }

    /**
     * Finds the first change whose transaction has this CSN or a later one, with read options. With
     * {@link ReadOptions#resync} the search continues after damage.
     *
     * @param csn the commit sequence number
     * @param options the read options
     * @return the position of the change; empty if there is none
     * @throws TrailException if reading fails
     */
    public Optional<Position> findCsn(String csn, ReadOptions options) {
        return found(options.read(this, (trail, document, catalog, filter, listener) ->
                Native.trailFindCsn(trail, Wire.bytes(csn), document, catalog, filter, listener)));
    }

    /**
     * Finds the first change with this timestamp or a later one. Skips files by the first time in their headers, if they state
     * one.
     *
     * @param time the timestamp
     * @return the position of the change; empty if there is none
     * @throws TrailException if reading fails
     */
    public Optional<Position> findTime(Instant time) {
        return findTime(time, new ReadOptions());
    }

    /**
     * Finds the first change with this timestamp or a later one, with read options. With {@link ReadOptions#resync} the
     * search continues after damage.
     *
     * @param time the timestamp
     * @param options the read options
     * @return the position of the change; empty if there is none
     * @throws TrailException if reading fails
     * @throws IllegalArgumentException if the timestamp is out of range for 64-bit microseconds
     */
    public Optional<Position> findTime(Instant time, ReadOptions options) {
        return found(options.read(this, (trail, document, catalog, filter, listener) ->
                Native.trailFindTime(trail, Times.micros(time), document, catalog, filter, listener)));
    }

    /**
     * Checks whether the trail is whole: damage, missing files, the order of transactions, rows that do not fit their
     * definitions. Damage is reported as an issue, not thrown, and reading continues after it. Reads the trail twice.
     *
     * @return the report
     * @throws TrailException.Io if a file cannot be read
     * @throws TrailException.NotATrail if there is no record at all
     */
    public CheckReport check() {
        return check(new ReadOptions());
    }

    /**
     * Checks whether the trail is whole, with read options.
     *
     * @param options the read options; only {@link ReadOptions#catalog}, {@link ReadOptions#charset} and
     *     {@link ReadOptions#onProgress} apply
     * @return the report
     * @throws TrailException.Io if a file cannot be read
     * @throws TrailException.NotATrail if there is no record at all
     * @throws TrailException.Cancelled if the listener stops the check
     */
    public CheckReport check(ReadOptions options) {
        return CheckReport.of(report("check", options));
    }

    private Json report(String verb, ReadOptions options) {
        return Json.parse(Wire.text(options.read(this, (trail, document, catalog, filter, listener) ->
                Native.trailCall(trail, Wire.bytes(verb), document, catalog, filter, listener))));
    }

    /**
     * Counts the changes by table and operation. Columns are not decoded.
     *
     * @return the counts
     * @throws TrailException in the same cases as {@link TrailReader#next}
     */
    public CountReport count() {
        return count(new ReadOptions());
    }

    /**
     * Counts the changes by table and operation, with read options.
     *
     * @param options the read options
     * @return the counts
     * @throws TrailException in the same cases as {@link TrailReader#next}
     */
    public CountReport count(ReadOptions options) {
        return CountReport.of(Json.parse(Wire.text(options.read(this, Native::trailCount))));
    }

    /**
     * Reports the facts in the headers of the files. It reads the first record of each file.
     *
     * @return the report
     * @throws TrailException.Io if a file cannot be read
     */
    public InfoReport info() {
        return InfoReport.of(report("info", new ReadOptions()));
    }

    /**
     * Exports the changes of one table as an Arrow C stream, which any language with Arrow can import. The importer releases
     * the stream; the stream does not depend on this object. {@link ArrowStreams} does all of it for arrow-java.
     *
     * <p>The stream may be read by one thread at a time. An exception of a callback during reading becomes an error of the
     * stream.
     *
     * @param table the name of the table, exact or else ignoring case
     * @param options the read options
     * @param arrow the options for the record batches
     * @param address the address of an {@code ArrowArrayStream} structure. The caller guarantees that it is valid and unused
     * @throws TrailException.UnknownTable if the trail has neither a change nor a definition of the table
     * @throws TrailException if reading up to the first change of the table fails
     * @throws IllegalArgumentException if the address is 0
     */
    public void exportArrow(String table, ReadOptions options, ArrowOptions arrow, long address) {
        if (address == 0) {
            throw new IllegalArgumentException("address is 0; pass the address of an ArrowArrayStream structure");
        }
        options.read(this, (trail, document, catalog, filter, listener) -> {
            Native.arrowExport(trail, Wire.bytes(table), arrow.document(), document, catalog, filter, listener, address);
            return null;
        });
    }

    private static Optional<Position> found(byte[] message) {
        return new Wire.Reader(message).maybePosition();
    }

    /**
     * Compares two commit sequence numbers of the same form: numbers, log positions, or file numbers with offsets.
     *
     * @param left the first CSN
     * @param right the second CSN
     * @return negative, 0 or positive; empty if the forms differ, because the order is not known then
     */
    public static OptionalInt compareCsn(String left, String right) {
        NativeLibrary.load();
        int order = Native.compareCsn(Wire.bytes(left), Wire.bytes(right));
        return order == Integer.MIN_VALUE ? OptionalInt.empty() : OptionalInt.of(order);
    }

    NativeValue value() {
        return value;
    }

    /** Returns the files, for display. */
    @Override
    public String toString() {
        return "Trail" + files().stream().map(TrailFile::path).toList();
    }
}
