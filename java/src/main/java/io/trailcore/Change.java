package io.trailcore;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One change of a trail. Immutable and thread-safe; it stays valid after its reader is closed. Values are decoded on access.
 *
 * <p>Changes are fetched in blocks of about 64 KiB, and a change keeps its block alive. To keep a few of many changes, copy
 * the values you need.
 *
 * <pre>{@code
 * Row after = change.after();
 * if (after != null && after.state("BALANCE") == ColumnState.VALUE) {
 *     BigDecimal balance = after.get("BALANCE").decimal();
 * }
 * }</pre>
 */
public final class Change {
    /** The layout of a change in a block, same as in the native library. The offset of its records is used only there. */
    private static final int TABLE = 4;
    private static final int OP = 8;
    private static final int TRANSACTION = 9;
    private static final int BEFORE_KIND = 10;
    private static final int AFTER_KIND = 11;
    private static final int HAS = 12;
    private static final int TOKENS = 14;
    private static final int POSITION = 16;
    private static final int START = 32;
    private static final int TIMESTAMP = 48;
    private static final int NEXT = 56;
    private static final int BEFORE = 72;
    private static final int AFTER = 76;
    private static final int TAIL = 80;
    private static final int HEADER = 84;

    private static final int HAS_CSN = 1;
    private static final int HAS_XID = 2;
    private static final int HAS_DDL = 4;
    private static final int HAS_USER_TOKENS = 8;
    private static final int HAS_RECORDS = 16;

    private final byte[] block;
    private final int at;
    private final TableDef table;
    private final FileHeader header;

    Change(byte[] block, int at, TableDef table, FileHeader header) {
        this.block = block;
        this.at = at;
        this.table = table;
        this.header = header;
    }

    static int tableNumber(byte[] block, int at) {
        return Wire.i32(block, at + TABLE);
    }

    /** Returns the number of the header of its file; negative if the file has none. */
    static int headerNumber(byte[] block, int at) {
        return Wire.i32(block, at + HEADER);
    }

    /** Returns its size in the block, in bytes. */
    int length() {
        return Wire.i32(block, at);
    }

    /**
     * Returns the operation of the change.
     *
     * @return the operation
     */
    public Op op() {
        return Op.of(block[at + OP]);
    }

    /**
     * Returns the definition of its table. A reader returns the same object for all rows of one version of the table.
     *
     * @return the definition
     */
    public TableDef table() {
        return table;
    }

    /**
     * Returns the name of its table, with the parts joined by {@code .}. For DDL it is the name of the object.
     *
     * @return the name
     */
    public String tableName() {
        return has(HAS_DDL) ? tailAfterTokens().text() : table.name();
    }

    /**
     * Returns the header of its file. A reader returns the same object for all changes of a file.
     *
     * @return the header; empty for a file without one
     */
    public Optional<FileHeader> fileHeader() {
        return Optional.ofNullable(header);
    }

    private Position position(int place) {
        return new Position(Wire.i64(block, at + place), Wire.i64(block, at + place + 8));
    }

    /**
     * Returns the position of its record; for a before/after pair, that of the after record.
     *
     * @return the position
     */
    public Position position() {
        return position(POSITION);
    }

    /**
     * Returns the position of its first record; for a before/after pair, that of the before record. Reading from here returns
     * the whole change.
     *
     * @return the position
     */
    public Position start() {
        return position(START);
    }

    /** Returns the position of the next record. */
    Position next() {
        return position(NEXT);
    }

    /**
     * Returns the timestamp of the record. For rows it is the time of the commit.
     *
     * @return the timestamp, UTC, with microseconds
     */
    public Instant timestamp() {
        return Times.instant(Wire.i64(block, at + TIMESTAMP));
    }

    /**
     * Returns whether the change is the first, middle, last or only one of its transaction. A before/after pair counts as
     * one change.
     *
     * @return the indicator
     */
    public TransactionIndicator transaction() {
        return TransactionIndicator.of(Byte.toUnsignedInt(block[at + TRANSACTION]));
    }

    private boolean has(int what) {
        return (block[at + HAS] & what) != 0;
    }

    private Wire.Reader tail() {
        return new Wire.Reader(block, at + Wire.i32(block, at + TAIL));
    }

    private Wire.Reader tailAfterTokens() {
        Wire.Reader in = tail();
        int texts = 2 + 2 * Wire.u16(block, at + TOKENS);
        for (int i = 0; i < texts; i++) {
            in.pass();
        }
        return in;
    }

    /**
     * Returns the commit sequence number (CSN) of its transaction.
     *
     * @return the CSN as text; empty if the start of the transaction was not read
     */
    public Optional<String> csn() {
        return has(HAS_CSN) ? Optional.of(tail().text()) : Optional.empty();
    }

    /**
     * Returns the id of its transaction.
     *
     * @return the id; empty if the start of the transaction was not read
     */
    public Optional<String> xid() {
        if (!has(HAS_XID)) {
            return Optional.empty();
        }
        Wire.Reader in = tail();
        in.pass();
        return Optional.of(in.text());
    }

    /**
     * Returns the row before the change.
     *
     * @return the row; {@code null} if the trail has no such image
     * @throws TrailException.Corrupt if the image is damaged
     * @throws TrailException.Unsupported if the image is encrypted or has an unknown format
     */
    public Row before() {
        return image(BEFORE_KIND, BEFORE);
    }

    /**
     * Returns the row after the change.
     *
     * @return the row; {@code null} if the trail has no such image
     * @throws TrailException.Corrupt if the image is damaged
     * @throws TrailException.Unsupported if the image is encrypted or has an unknown format
     */
    public Row after() {
        return image(AFTER_KIND, AFTER);
    }

    private Row image(int kind, int place) {
        int start = at + Wire.i32(block, at + place);
        switch (block[at + kind]) {
            case 0:
                return null;
            case 1:
                return new Row(block, at, start, table);
            case 2:
                Wire.Reader in = new Wire.Reader(block, start);
                in.pass();
                throw TrailException.of(in.array());
            default:
                throw TrailException.of(new Wire.Reader(block, start).array());
        }
    }

    /**
     * Returns the GoldenGate tokens of its record by name. CSN, transaction id and tokens without a value are left out.
     *
     * @return the bytes of the tokens, in the order of the record
     */
    public Map<String, byte[]> tokens() {
        Wire.Reader in = tail();
        in.pass();
        in.pass();
        Map<String, byte[]> tokens = new LinkedHashMap<>();
        int count = Wire.u16(block, at + TOKENS);
        for (int i = 0; i < count; i++) {
            String name = in.text();
            tokens.put(name, in.array());
        }
        return Collections.unmodifiableMap(tokens);
    }

    /**
     * Returns the raw user tokens of its record. Their layout is not known.
     *
     * @return the bytes; empty if the record has no user tokens
     */
    public Optional<byte[]> userTokens() {
        if (!has(HAS_USER_TOKENS)) {
            return Optional.empty();
        }
        Wire.Reader in = tailAfterTokens();
        if (has(HAS_DDL)) {
            in.pass();
            in.pass();
        }
        return Optional.of(in.array());
    }

    /**
     * Returns the text of a DDL change, including its tags.
     *
     * @return the text; empty for other changes, and if the text is encrypted
     */
    public Optional<String> ddl() {
        if (!has(HAS_DDL)) {
            return Optional.empty();
        }
        Wire.Reader in = tailAfterTokens();
        in.pass();
        return Optional.of(in.text());
    }

    /**
     * Returns all raw records of the change: the before record of a pair, the record itself, its continuation records, and its
     * large-object fragments.
     *
     * @return the records, at least one
     * @throws TrailException.Unsupported if the records exceed 16 MiB because of large objects. A change does not keep them
     *     then; use {@link Trail#records}
     */
    public List<TrailRecord> records() {
        if (!has(HAS_RECORDS)) {
            throw TrailException.unsupported("the records of the change exceed 16 MiB and were not kept; use Trail.records");
        }
        return new Wire.Reader(Native.changeRecords(block, at, length())).list(TrailRecord::new);
    }

    /**
     * Returns the change as one line of native JSON, without a line end. {@link TrailReader#writeJson} is faster for many
     * changes.
     *
     * @return the JSON
     * @throws TrailException.Corrupt if an image is damaged
     */
    public String toJson() {
        return Wire.text(toJsonBytes());
    }

    /**
     * Returns the same JSON as UTF-8.
     *
     * @return the bytes of the JSON
     * @throws TrailException.Corrupt if an image is damaged
     */
    public byte[] toJsonBytes() {
        if (block[at + BEFORE_KIND] > 2) {
            before();
        }
        if (block[at + AFTER_KIND] > 2) {
            after();
        }
        return table.value().with(handle -> Native.changeJson(handle, block, at, length()));
    }

    /** Returns position, operation and table, for display. Contains no column data. */
    @Override
    public String toString() {
        return position() + " " + op().jsonName() + " " + tableName();
    }
}
