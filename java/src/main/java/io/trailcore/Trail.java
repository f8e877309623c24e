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
 * A trail: one file, or the numbered files of a prefix, in order. Opening it reads no records. Immutable: any thread may use
 * it, any number of readers may read it at once, and no one closes it; its readers are closed.
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
     * The trail at a path: a file, a prefix such as {@code dirdat/lt}, or a directory that holds one trail.
     *
     * @param path the path
     * @return the trail
     * @throws TrailException.NotFound where none lies there
     * @throws TrailException.InvalidArgument where a directory holds several, or a number comes twice
     * @throws TrailException.Io where the path cannot be read
     * @throws UnsatisfiedLinkError where the native library cannot be loaded; the message says why and what to do
     */
    public static Trail open(Path path) {
        NativeLibrary.load();
        return new Trail(Native.trailOpen(Wire.bytes(path.toString())));
    }

    /**
     * A trail of these files alone, in the order of the numbers in their names; where a name has none, as they are listed.
     *
     * @param files the files
     * @return the trail
     * @throws TrailException.NotFound where one is no file
     * @throws TrailException.InvalidArgument where none is listed, or a number comes twice
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
     * A trail of one file whose bytes are in memory. They are copied.
     *
     * @param bytes the file's bytes
     * @return the trail
     */
    public static Trail of(byte[] bytes) {
        return ofFiles(Map.of("memory", bytes));
    }

    /**
     * A trail of one file, read from a stream to its end and kept in memory. {@link #of(String, ByteSource)} keeps nothing
     * in memory.
     *
     * @param in the stream; it stays open
     * @return the trail
     * @throws IOException what the stream throws
     */
    public static Trail of(InputStream in) throws IOException {
        return of(in.readAllBytes());
    }

    /**
     * A trail of several files in memory. They are copied, and read in the order that the map lists them.
     *
     * @param files the files' bytes by name. A name that ends with a sequence number says it; else the file's header does
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
     * A trail of one file whose bytes come from somewhere else.
     *
     * @param name the file's name. One that ends with a sequence number says it; else the file's header does
     * @param source its bytes
     * @return the trail
     */
    public static Trail of(String name, ByteSource source) {
        return ofSources(Map.of(name, source));
    }

    /**
     * A trail of several files whose bytes come from somewhere else, read in the order that the map lists them.
     *
     * @param sources the files' bytes by name
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

    /**
     * Its files, in the order in which they are read.
     *
     * @return the files
     */
    public List<TrailFile> files() {
        return new Wire.Reader(value.with(Native::trailFiles)).list(in -> new TrailFile(in.text(), in.maybe()));
    }

    /**
     * The file numbers that are missing between its files.
     *
     * @return the gaps, in order
     */
    public List<Gap> gaps() {
        return new Wire.Reader(value.with(Native::trailGaps)).list(in -> new Gap(in.i64(), in.i64()));
    }

    /**
     * How many bytes its files have now.
     *
     * @return the number of bytes
     * @throws TrailException.Io where it cannot be told
     */
    public long size() {
        return value.with(Native::trailSize);
    }

    /**
     * The header of each of its files. Reads the first record of each.
     *
     * @return the headers, in the order of {@link #files}; empty of a file without one that is understood
     * @throws TrailException.Io where a file cannot be read
     */
    public List<Optional<FileHeader>> headers() {
        return new Wire.Reader(value.with(Native::trailHeaders)).list(in -> {
            boolean isThere = in.bool();
            byte[] told = in.array();
            return isThere ? Optional.of(new FileHeader(told)) : Optional.empty();
        });
    }

    /**
     * A reader of its changes, from its start.
     *
     * @return the reader, to be closed
     */
    public TrailReader reader() {
        return reader(new ReadOptions());
    }

    /**
     * A reader of its changes.
     *
     * @param options how to read
     * @return the reader, to be closed
     * @throws TrailException.InvalidPosition where no record starts at the position to start from
     * @throws TrailException what reading up to that position gives
     */
    public TrailReader reader(ReadOptions options) {
        byte[] message = options.message();
        return new TrailReader(value.with(trail -> options.with(
                (catalog, filter) -> Native.readerOpen(trail, message, catalog, filter, options.listener()))));
    }

    /**
     * A reader of its changes in columns, all columns of all tables.
     *
     * @return the reader, to be closed
     */
    public BatchReader batches() {
        return batches(new ReadOptions(), new BatchOptions());
    }

    /**
     * A reader of its changes in columns.
     *
     * @param options how to read
     * @param wanted which tables and columns, and how many rows at a time
     * @return the reader, to be closed
     * @throws TrailException as {@link #reader(ReadOptions)}
     */
    public BatchReader batches(ReadOptions options, BatchOptions wanted) {
        byte[] message = new Wire.Writer().append(options.message()).append(wanted.message()).toBytes();
        return new BatchReader(value.with(trail -> options.with(
                (catalog, filter) -> Native.batchesOpen(trail, message, catalog, filter, options.listener()))));
    }

    /**
     * A reader of its records as they stand, from its start.
     *
     * @return the reader, to be closed
     */
    public RecordReader records() {
        return records(new ReadOptions());
    }

    /**
     * A reader of its records as they stand, from its start.
     *
     * @param options how to read: resynchronisation and the listener count
     * @return the reader, to be closed
     */
    public RecordReader records(ReadOptions options) {
        byte[] message = options.message();
        return new RecordReader(value.with(trail -> options.with(
                (catalog, filter) -> Native.recordsOpen(trail, message, catalog, filter, options.listener()))));
    }

    /**
     * The first change whose transaction has this CSN or a later one. Files are passed over by the first CSN in their
     * headers, where they have one.
     *
     * @param csn the commit sequence number
     * @return its position; empty if there is none
     * @throws TrailException what reading gives
     */
    public Optional<Position> findCsn(String csn) {
        return findCsn(csn, new ReadOptions());
    }

    /**
     * The same, read with these options: with {@link ReadOptions#resync} also behind damage.
     *
     * @param csn the commit sequence number
     * @param options how to read
     * @return its position; empty if there is none
     * @throws TrailException what reading gives
     */
    public Optional<Position> findCsn(String csn, ReadOptions options) {
        byte[] message = options.message();
        return found(value.with(trail -> options.with((catalog, filter) ->
                Native.trailFindCsn(trail, Wire.bytes(csn), message, catalog, filter, options.listener()))));
    }

    /**
     * The first change of this time or later. Files are passed over by the first time in their headers, where they have
     * one.
     *
     * @param time the moment
     * @return its position; empty if there is none
     * @throws TrailException what reading gives
     */
    public Optional<Position> findTime(Instant time) {
        return findTime(time, new ReadOptions());
    }

    /**
     * The same, read with these options: with {@link ReadOptions#resync} also behind damage.
     *
     * @param time the moment
     * @param options how to read
     * @return its position; empty if there is none
     * @throws TrailException what reading gives
     * @throws IllegalArgumentException where the moment is beyond what microseconds of 64 bits can count
     */
    public Optional<Position> findTime(Instant time, ReadOptions options) {
        byte[] message = options.message();
        return found(value.with(trail -> options.with((catalog, filter) ->
                Native.trailFindTime(trail, Times.micros(time), message, catalog, filter, options.listener()))));
    }

    /**
     * Whether the trail is whole: damage, missing files, the order of transactions, rows that fit their definitions. Damage
     * is no error here: it is found, and reading goes on behind it. Reads the trail twice.
     *
     * @return the report
     * @throws TrailException.Io where a file cannot be read
     * @throws TrailException.NotATrail where there is no record at all
     */
    public CheckReport check() {
        return check(new ReadOptions());
    }

    /**
     * The same with these options, of which catalog, character set and listener count.
     *
     * @param options how to read
     * @return the report
     * @throws TrailException.Io where a file cannot be read
     * @throws TrailException.NotATrail where there is no record at all
     * @throws TrailException.Cancelled where the listener stops it
     */
    public CheckReport check(ReadOptions options) {
        byte[] message = options.message();
        return CheckReport.of(value.with(trail -> options.with(
                (catalog, filter) -> Native.trailCheck(trail, message, catalog, filter, options.listener()))));
    }

    /**
     * Counts its changes by table and operation. Columns are not looked at.
     *
     * @return the counts
     * @throws TrailException as {@link TrailReader#next}
     */
    public Summary summary() {
        return summary(new ReadOptions());
    }

    /**
     * The same for what these options select.
     *
     * @param options how to read
     * @return the counts
     * @throws TrailException as {@link TrailReader#next}
     */
    public Summary summary(ReadOptions options) {
        byte[] message = options.message();
        return Summary.of(value.make(trail -> options.with(
                (catalog, filter) -> Native.trailSummary(trail, message, catalog, filter, options.listener()))));
    }

    /**
     * Exports the changes of one table as an Arrow C stream, which any language with Arrow takes in. Whoever takes the
     * stream releases it; it needs nothing else of this object. {@link ArrowStreams} does all of it for arrow-java.
     *
     * <p>The stream may be read by one thread at a time. What a callback throws while it is read comes out as an error of
     * the stream.
     *
     * @param table the table's name; case does not count, unless one table is called exactly so
     * @param options how to read
     * @param arrow how changes become record batches
     * @param address where an {@code ArrowArrayStream} structure lies that is not in use: the caller vouches for it
     * @throws TrailException.UnknownTable where the trail has neither a change nor a definition of the table
     * @throws TrailException what reading up to the table's first change gives
     * @throws IllegalArgumentException where the address is 0
     */
    public void exportArrow(String table, ReadOptions options, ArrowOptions arrow, long address) {
        if (address == 0) {
            throw new IllegalArgumentException("there is no structure at the address 0");
        }
        byte[] message = new Wire.Writer().append(options.message()).text(table).append(arrow.message()).toBytes();
        value.with(trail -> options.with((catalog, filter) -> {
            Native.arrowExport(trail, message, catalog, filter, options.listener(), address);
            return null;
        }));
    }

    private static Optional<Position> found(byte[] told) {
        return new Wire.Reader(told).maybePosition();
    }

    /**
     * The order of two commit sequence numbers of one form: numbers, log positions, file numbers with offsets.
     *
     * @param left one
     * @param right the other
     * @return negative, 0 or positive; empty where they have different forms, and their order is not known
     */
    public static OptionalInt compareCsn(String left, String right) {
        NativeLibrary.load();
        int order = Native.compareCsn(Wire.bytes(left), Wire.bytes(right));
        return order == Integer.MIN_VALUE ? OptionalInt.empty() : OptionalInt.of(order);
    }

    NativeValue value() {
        return value;
    }

    /** Its files, for people. */
    @Override
    public String toString() {
        return "Trail" + files().stream().map(TrailFile::path).toList();
    }
}
