package io.trailcore;

import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes a trail, for tests, fixtures, and filtered copies of other trails.
 *
 * <p>Changes are written between {@link #begin} and {@link #commit}. In each file, the definition of a table is written
 * before its first row. The files are not complete before {@link #finish}.
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
 * <p>Calls from several threads exclude each other. Misuse, such as a row outside a transaction, throws
 * {@link TrailException.InvalidArgument}.
 */
public final class TrailWriter implements AutoCloseable {
    /** The records of an update. */
    public enum UpdateStyle {
        // generated: values of the core
        /** One record with both images (type 134). */
        UNIFIED,
        /** A before and an after record (type 15). */
        PAIR,
        /** Only the after record (type 15). */
        AFTER_ONLY;
        // end of generated
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
     * Opens a writer of files named by a prefix and their sequence number. Existing files are overwritten.
     *
     * @param prefix the prefix, such as {@code dirdat/lt}
     * @param options the writer options
     * @return the writer, to be closed
     */
    public static TrailWriter create(Path prefix, WriterOptions options) {
        NativeLibrary.load();
        return new TrailWriter(Native.writerOpen(Wire.bytes(prefix.toString()), options.document(), false));
    }

    /**
     * Opens a writer of files in memory; {@link #finish} returns them.
     *
     * @param prefix the prefix of their names
     * @param options the writer options
     * @return the writer, to be closed
     */
    public static TrailWriter inMemory(String prefix, WriterOptions options) {
        NativeLibrary.load();
        return new TrailWriter(Native.writerOpen(Wire.bytes(prefix), options.document(), true));
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

    /** Sends a call with a table and images. */
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
     * @param csn the commit sequence number; empty if it is not known
     * @param xid the id; empty if it is not known
     * @param timestamp the time of the commit, with microseconds
     * @throws TrailException.InvalidArgument if a transaction is open, or the timestamp is out of range for the trail format
     * @throws IllegalArgumentException if the timestamp is out of range for 64-bit microseconds
     */
    public void begin(String csn, String xid, Instant timestamp) {
        call(message(BEGIN).text(csn).text(xid).i64(Times.micros(timestamp)));
    }

    /**
     * Ends the transaction. A transaction without changes writes nothing.
     *
     * @throws TrailException.InvalidArgument if no transaction is open
     * @throws TrailException.Io if a file cannot be written
     */
    public void commit() {
        call(message(COMMIT));
    }

    /**
     * Leaves the transaction unfinished and writes a RestartAbend marker, which rolls it back.
     *
     * @throws TrailException.InvalidArgument if no transaction is open
     */
    public void abend() {
        call(message(ABEND));
    }

    /**
     * Writes an insert.
     *
     * @param table the table
     * @param after the row
     * @throws TrailException.InvalidArgument if no transaction is open, or a value has another type than its column
     * @throws TrailException.Unencodable if a value does not fit its column
     * @throws TrailException.Io if a file cannot be written
     */
    public void insert(TableDef table, RowImage after) {
        row(INSERT, table, 0, after);
    }

    /**
     * Writes a delete.
     *
     * @param table the table
     * @param before the row, or its key
     * @throws TrailException in the same cases as {@link #insert}
     */
    public void delete(TableDef table, RowImage before) {
        row(DELETE, table, 0, before);
    }

    /**
     * Writes an update.
     *
     * @param table the table
     * @param style the records to write
     * @param before the row before the change; ignored for {@link UpdateStyle#AFTER_ONLY}
     * @param after the row after the change
     * @throws TrailException in the same cases as {@link #insert}
     */
    public void update(TableDef table, UpdateStyle style, RowImage before, RowImage after) {
        row(UPDATE, table, style.ordinal(), before, after);
    }

    /**
     * Writes an update of the key, with both images in one record.
     *
     * @param table the table
     * @param before the row before the change
     * @param after the row after the change
     * @throws TrailException in the same cases as {@link #insert}
     */
    public void pkUpdate(TableDef table, RowImage before, RowImage after) {
        row(PK_UPDATE, table, 0, before, after);
    }

    /**
     * Writes an update of the key with only the old key as the before image.
     *
     * @param table the table
     * @param key the old key columns
     * @param after the row after the change
     * @throws TrailException in the same cases as {@link #insert}
     */
    public void pkUpdateFromKey(TableDef table, RowImage key, RowImage after) {
        row(PK_UPDATE, table, 1, key, after);
    }

    /**
     * Writes a truncate.
     *
     * @param table the table
     * @throws TrailException in the same cases as {@link #insert}
     */
    public void truncate(TableDef table) {
        row(TRUNCATE, table, 0);
    }

    /**
     * Writes DDL, with its text in the format of GoldenGate.
     *
     * @param owner the owner of the object
     * @param object the name of the object
     * @param text the text
     * @throws TrailException in the same cases as {@link #insert}
     */
    public void ddl(String owner, String object, String text) {
        call(message(DDL).text(owner).text(object).text(text));
    }

    /**
     * Writes a large-object fragment of the last row. The layout of fragments is not known: the bytes are written unchanged.
     *
     * @param bytes the fragment
     * @throws TrailException.InvalidArgument if there is no row before the fragment
     */
    public void lobFragment(byte[] bytes) {
        call(message(LOB_FRAGMENT).bytes(bytes));
    }

    /**
     * Adds a token to the next record, besides CSN and transaction id.
     *
     * @param id the id, the character that GoldenGate uses
     * @param body the bytes
     * @throws IllegalArgumentException if the id is not an ASCII character
     */
    public void token(char id, byte[] body) {
        if (id > 0x7f) {
            throw new IllegalArgumentException("token id must be an ASCII character");
        }
        call(message(TOKEN).u8(id).bytes(body));
    }

    /**
     * Sets the raw user token area of the next record.
     *
     * @param area the bytes
     */
    public void userTokens(byte[] area) {
        call(message(USER_TOKENS).bytes(area));
    }

    /**
     * Copies the changes of a trail unchanged, with their transactions and tokens. With a selection it writes a filtered copy.
     * Unknown content is copied byte by byte.
     *
     * @param trail the trail to read
     * @param options the read options
     * @return the number of changes written
     * @throws TrailException if reading fails; {@link TrailException.Unencodable} if an image cannot be converted to the byte
     *     order of the writer
     */
    public long writeAll(Trail trail, ReadOptions options) {
        long writer = worker.enter();
        try {
            return options.read(trail, (from, document, catalog, filter, listener) ->
                    Native.writerWriteAll(writer, from, document, catalog, filter, listener));
        } finally {
            worker.leave();
        }
    }

    /**
     * Completes the files. The writer can only be closed after this.
     *
     * @return the files by name, in order. A writer in memory returns their bytes, other writers empty arrays
     * @throws TrailException.InvalidArgument if a transaction is open
     * @throws TrailException.Io if a file cannot be written, or an earlier call could not write it
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

    /** Frees the native writer. Without {@link #finish} the files are incomplete. */
    @Override
    public void close() {
        worker.close();
    }
}
