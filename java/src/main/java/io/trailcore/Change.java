package io.trailcore;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One change of a trail. Immutable: any thread may use it, for as long as it likes; the reader may be closed. Everything is
 * decoded when it is asked for.
 *
 * <p>Changes are fetched in blocks of about 64 KiB, and a change keeps its block alive: who keeps a few changes of many
 * copies out what is needed.
 *
 * <pre>{@code
 * Row after = change.after();
 * if (after != null && after.state("BALANCE") == ColumnState.VALUE) {
 *     BigDecimal balance = after.get("BALANCE").decimal();
 * }
 * }</pre>
 */
public final class Change {
    /** The layout of a change in a block; the native half has the same. Where its records lie, that half alone knows. */
    private static final int TABLE = 4;
    private static final int OP = 8;
    private static final int TRANSACTION = 9;
    private static final int BEFORE_KIND = 10;
    private static final int AFTER_KIND = 11;
    private static final int HAS = 12;
    private static final int TOKENS = 14;
    private static final int POSITION = 16;
    private static final int START = 32;
    private static final int TIME = 48;
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

    /** The number of its file's header; negative where it has none. */
    static int headerNumber(byte[] block, int at) {
        return Wire.i32(block, at + HEADER);
    }

    /** Bytes that it takes in its block. */
    int length() {
        return Wire.i32(block, at);
    }

    /**
     * What it does.
     *
     * @return the operation
     */
    public Op op() {
        return Op.of(block[at + OP]);
    }

    /**
     * The definition of its table. The reader hands out the same one for all rows of a version.
     *
     * @return the definition
     */
    public TableDef table() {
        return table;
    }

    /**
     * The name of its table, parts joined by {@code .}; of a statement, that of its object.
     *
     * @return the name
     */
    public String tableName() {
        return has(HAS_DDL) ? tailBehindTokens().text() : table.name();
    }

    /**
     * The header of its file. The reader hands out the same one for all changes of a file.
     *
     * @return the header; empty for files without one
     */
    public Optional<FileHeader> fileHeader() {
        return Optional.ofNullable(header);
    }

    private Position position(int place) {
        return new Position(Wire.i64(block, at + place), Wire.i64(block, at + place + 8));
    }

    /**
     * Where its record starts; of a pair, the after record.
     *
     * @return the position
     */
    public Position position() {
        return position(POSITION);
    }

    /**
     * Where its first record starts; of a pair, the before record. Reading that starts here finds the whole change.
     *
     * @return the position
     */
    public Position start() {
        return position(START);
    }

    /** Where the next record starts. */
    Position next() {
        return position(NEXT);
    }

    /**
     * The record's time: of the commit, for rows.
     *
     * @return the moment, to the microsecond
     */
    public Instant time() {
        return Times.instant(Wire.i64(block, at + TIME));
    }

    /**
     * Where it stands in its transaction; of a pair, the pair's as a whole.
     *
     * @return the place
     */
    public TransactionPlace transaction() {
        return TransactionPlace.of(Byte.toUnsignedInt(block[at + TRANSACTION]));
    }

    private boolean has(int what) {
        return (block[at + HAS] & what) != 0;
    }

    private Wire.Reader tail() {
        return new Wire.Reader(block, at + Wire.i32(block, at + TAIL));
    }

    private Wire.Reader tailBehindTokens() {
        Wire.Reader in = tail();
        int texts = 2 + 2 * Wire.u16(block, at + TOKENS);
        for (int i = 0; i < texts; i++) {
            in.pass();
        }
        return in;
    }

    /**
     * The commit sequence number of its transaction.
     *
     * @return the number as text; empty where the transaction's start was not read
     */
    public Optional<String> csn() {
        return has(HAS_CSN) ? Optional.of(tail().text()) : Optional.empty();
    }

    /**
     * The id of its transaction.
     *
     * @return the id; empty where the transaction's start was not read
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
     * The row before the change.
     *
     * @return the row; {@code null} where the trail has no such image
     * @throws TrailException.Corrupt where the image is damaged
     * @throws TrailException.Unsupported where it is encrypted, or of a form that is not known
     */
    public Row before() {
        return image(BEFORE_KIND, BEFORE);
    }

    /**
     * The row after the change.
     *
     * @return the row; {@code null} where the trail has no such image
     * @throws TrailException.Corrupt where the image is damaged
     * @throws TrailException.Unsupported where it is encrypted, or of a form that is not known
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
     * GoldenGate's own tokens of its record by name, less CSN and transaction id, without those that have no value.
     *
     * @return the tokens' bytes, in the record's order
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
     * The user's tokens of its record as they stand; how they are laid out is not known.
     *
     * @return their bytes; empty where there are none
     */
    public Optional<byte[]> userTokens() {
        if (!has(HAS_USER_TOKENS)) {
            return Optional.empty();
        }
        Wire.Reader in = tailBehindTokens();
        if (has(HAS_DDL)) {
            in.pass();
            in.pass();
        }
        return Optional.of(in.array());
    }

    /**
     * The text of a statement that changes definitions, tags and all.
     *
     * @return the text; empty of other changes, and where it is encrypted
     */
    public Optional<String> ddl() {
        if (!has(HAS_DDL)) {
            return Optional.empty();
        }
        Wire.Reader in = tailBehindTokens();
        in.pass();
        return Optional.of(in.text());
    }

    /**
     * All its records as they stand: of a pair the before record, the record itself, those that go on with its data, and its
     * large-object fragments.
     *
     * @return the records, at least one
     * @throws TrailException.Unsupported where large objects make them more than 16 MiB, which a change does not keep:
     *     {@link Trail#records} has them
     */
    public List<TrailRecord> records() {
        if (!has(HAS_RECORDS)) {
            throw TrailException.unsupported("a change does not keep records of more than 16 MiB; Trail.records has them");
        }
        return new Wire.Reader(Native.changeRecords(block, at, length())).list(TrailRecord::new);
    }

    /**
     * The change as one line of native JSON, without a line end. {@link TrailReader#writeJson} is quicker for many.
     *
     * @return the JSON
     * @throws TrailException.Corrupt where an image is damaged
     */
    public String toJson() {
        return Wire.text(toJsonBytes());
    }

    /**
     * The same as UTF-8.
     *
     * @return the JSON
     * @throws TrailException.Corrupt where an image is damaged
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

    /** Position, operation and table, for people; no column data. */
    @Override
    public String toString() {
        return position() + " " + op().jsonName() + " " + tableName();
    }
}
