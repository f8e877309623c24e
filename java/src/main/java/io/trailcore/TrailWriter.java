package io.trailcore;

import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes a trail: for tests, fixtures, and trails that a filter hands on.
 *
 * <p>Changes are written between {@link #begin} and {@link #commit}. Definitions are written before a table's first row of
 * each file. Nothing is complete before {@link #finish}.
 *
 * <pre>{@code
 * TableDef table = TableDef.of("BANK.RATES", ColumnDef.varchar("CODE", 3).asKey(), ColumnDef.integer("RATE", 4));
 * try (TrailWriter writer = TrailWriter.create(Path.of("dirdat/ra"), new WriterOptions())) {
 *     writer.begin("1000", "1.2.3", Instant.EPOCH);
 *     writer.insert(table, new RowImage().text("CODE", "EUR").decimal("RATE", new BigDecimal("7.8012")));
 *     writer.commit();
 *     writer.finish();
 * }
 * }</pre>
 *
 * <p>Calls from several threads exclude one another. Misuse, such as a row outside a transaction, is a
 * {@link TrailException.InvalidArgument}.
 */
public final class TrailWriter implements AutoCloseable {
    /** How an update is written. */
    public enum UpdateStyle {
        /** One record with both images. */
        UNIFIED,
        /** A before and an after record. */
        PAIR,
        /** The after record alone. */
        AFTER_ONLY
    }

    private static final int BEGIN = 0;
    private static final int COMMIT = 1;
    private static final int ABEND = 2;
    private static final int DDL = 3;
    private static final int LOB_FRAGMENT = 4;
    private static final int TOKEN = 5;
    private static final int USER_TOKENS = 6;
    private static final int INSERT = 7;
    private static final int DELETE = 8;
    private static final int UPDATE = 9;
    private static final int PK_UPDATE = 10;
    private static final int TRUNCATE = 11;

    private final NativeWorker worker;

    private TrailWriter(long handle) {
        worker = new NativeWorker(handle, "TrailWriter");
    }

    /**
     * Writes files named by a prefix and their number. Files that are there are written over.
     *
     * @param prefix the prefix, such as {@code dirdat/lt}
     * @param options how to write
     * @return the writer, to be closed
     */
    public static TrailWriter create(Path prefix, WriterOptions options) {
        NativeLibrary.load();
        return new TrailWriter(Native.writerOpen(options.message(false, prefix.toString())));
    }

    /**
     * Writes files in memory; {@link #finish} returns them.
     *
     * @param prefix what their names start with
     * @param options how to write
     * @return the writer, to be closed
     */
    public static TrailWriter inMemory(String prefix, WriterOptions options) {
        NativeLibrary.load();
        return new TrailWriter(Native.writerOpen(options.message(true, prefix)));
    }

    private void call(Wire.Writer message) {
        long writer = worker.enter();
        try {
            Native.writerCall(writer, message.toBytes());
        } finally {
            worker.leave();
        }
    }

    private static Wire.Writer message(int call) {
        return new Wire.Writer().u8(call);
    }

    /** A call about a table and its images. */
    private void row(int call, TableDef table, int style, RowImage... images) {
        table.value().with(handle -> {
            Wire.Writer out = message(call).i64(handle).u8(style);
            for (RowImage image : images) {
                out.append(image.message());
            }
            call(out);
            return null;
        });
    }

    /**
     * Begins a transaction.
     *
     * @param csn its commit sequence number; empty if it is not known
     * @param xid its id; empty if it is not known
     * @param time when it was committed; to the microsecond
     * @throws TrailException.InvalidArgument where one is open, and where a trail cannot say the time
     * @throws IllegalArgumentException where the time is beyond what microseconds of 64 bits can count
     */
    public void begin(String csn, String xid, Instant time) {
        call(message(BEGIN).text(csn).text(xid).i64(Times.micros(time)));
    }

    /**
     * Ends the transaction. One without changes leaves nothing in the trail.
     *
     * @throws TrailException.InvalidArgument where none is open
     * @throws TrailException.Io where a file cannot be written
     */
    public void commit() {
        call(message(COMMIT));
    }

    /**
     * Leaves the transaction unfinished and writes a marker that takes it back.
     *
     * @throws TrailException.InvalidArgument where none is open
     */
    public void abend() {
        call(message(ABEND));
    }

    /**
     * A new row.
     *
     * @param table its table
     * @param after the row
     * @throws TrailException.InvalidArgument without a transaction, and where a value is not of its column's type
     * @throws TrailException.Unencodable where a value does not fit its column
     * @throws TrailException.Io where a file cannot be written
     */
    public void insert(TableDef table, RowImage after) {
        row(INSERT, table, 0, after);
    }

    /**
     * A row is gone.
     *
     * @param table its table
     * @param before the row, or its key
     * @throws TrailException as {@link #insert}
     */
    public void delete(TableDef table, RowImage before) {
        row(DELETE, table, 0, before);
    }

    /**
     * A row has other values.
     *
     * @param table its table
     * @param style how it is written
     * @param before the row before, which does not count for {@link UpdateStyle#AFTER_ONLY}
     * @param after the row after
     * @throws TrailException as {@link #insert}
     */
    public void update(TableDef table, UpdateStyle style, RowImage before, RowImage after) {
        row(UPDATE, table, style.ordinal(), before, after);
    }

    /**
     * A row has another key: both images in one record.
     *
     * @param table its table
     * @param before the row before
     * @param after the row after
     * @throws TrailException as {@link #insert}
     */
    public void pkUpdate(TableDef table, RowImage before, RowImage after) {
        row(PK_UPDATE, table, 0, before, after);
    }

    /**
     * A row has another key, of which the trail has the old key alone.
     *
     * @param table its table
     * @param key the old key columns
     * @param after the row after
     * @throws TrailException as {@link #insert}
     */
    public void pkUpdateFromKey(TableDef table, RowImage key, RowImage after) {
        row(PK_UPDATE, table, 1, key, after);
    }

    /**
     * All rows of a table are gone.
     *
     * @param table the table
     * @throws TrailException as {@link #insert}
     */
    public void truncate(TableDef table) {
        row(TRUNCATE, table, 0);
    }

    /**
     * A statement, with the text that GoldenGate makes of it.
     *
     * @param owner the object's owner
     * @param object the object
     * @param text the text
     * @throws TrailException as {@link #insert}
     */
    public void ddl(String owner, String object, String text) {
        call(message(DDL).text(owner).text(object).text(text));
    }

    /**
     * A large-object fragment of the last row. How fragments are laid out is not known: the bytes are the caller's.
     *
     * @param bytes the fragment
     * @throws TrailException.InvalidArgument where there is no row before it
     */
    public void lobFragment(byte[] bytes) {
        call(message(LOB_FRAGMENT).bytes(bytes));
    }

    /**
     * A token for the next record, beside CSN and transaction id.
     *
     * @param id its id, the character that GoldenGate uses
     * @param body its bytes
     * @throws IllegalArgumentException where the id is no ASCII character
     */
    public void token(char id, byte[] body) {
        if (id > 0x7f) {
            throw new IllegalArgumentException("the id of a token is an ASCII character");
        }
        call(message(TOKEN).u8(id).bytes(body));
    }

    /**
     * The user token area of the next record, as it stands.
     *
     * @param area its bytes
     */
    public void userTokens(byte[] area) {
        call(message(USER_TOKENS).bytes(area));
    }

    /**
     * Writes the changes of a trail as they are, transactions, tokens and all: a trail that a filter hands on. What is not
     * understood is kept byte by byte.
     *
     * @param trail the trail to read
     * @param options how to read it, and which changes
     * @return how many changes were written
     * @throws TrailException what reading gives, or {@link TrailException.Unencodable} where an image cannot be put into
     *     the writer's byte order
     */
    public long writeAll(Trail trail, ReadOptions options) {
        long writer = worker.enter();
        try {
            byte[] message = options.message();
            return trail.value().with(from -> options.with((catalog, filter) ->
                    Native.writerWriteAll(writer, from, message, catalog, filter, options.listener())));
        } finally {
            worker.leave();
        }
    }

    /**
     * Writes everything out. The writer can then only be closed.
     *
     * @return the files by name, in order: of a writer in memory with their bytes, of others the paths with none
     * @throws TrailException.InvalidArgument where a transaction is open: it would be unfinished
     * @throws TrailException.Io where a file cannot be written, or a call before could not write it
     */
    public Map<String, byte[]> finish() {
        long writer = worker.enter();
        try {
            Wire.Reader in = new Wire.Reader(Native.writerFinish(writer));
            Map<String, byte[]> files = new LinkedHashMap<>();
            int count = in.i32();
            for (int i = 0; i < count; i++) {
                String name = in.text();
                files.put(name, in.array());
            }
            return files;
        } finally {
            worker.leave();
        }
    }

    /** Frees the writer. Without {@link #finish}, what it has written is not complete. */
    @Override
    public void close() {
        worker.close();
    }
}
