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
    /** The layout of a change in the view of its block, same as in the native library. */
    private static final int TABLE = 4;
    private static final int OP = 8;
    private static final int TRANSACTION = 9;
    private static final int BEFORE_KIND = 10;
    private static final int AFTER_KIND = 11;
    private static final int HAS_CSN = 12;
    private static final int HAS_XID = 13;
    private static final int POSITION_KIND = 14;
    private static final int NEXT_KIND = 15;
    private static final int POSITION = 16;
    private static final int START = 32;
    private static final int TIMESTAMP = 48;
    private static final int NEXT = 56;
    private static final int BEFORE = 72;
    private static final int AFTER = 76;
    private static final int IDS = 80;
    private static final int INDEX = 84;
    private static final int FILE = 88;
    private static final int UNFINISHED = 92;

    private final ChangeBlock block;
    private final byte[] view;
    private final int at;
    private final TableDef table;

    Change(ChangeBlock block, int at, TableDef table) {
        this.block = block;
        this.view = block.view();
        this.at = at;
        this.table = table;
    }

    /** Returns the number of the table of the change at an offset of a view. */
    static int tableNumber(byte[] view, int at) {
        return Wire.i32(view, at + TABLE);
    }

    /** Returns the index in its block of the change at an offset of a view. */
    static int index(byte[] view, int at) {
        return Wire.i32(view, at + INDEX);
    }

    /** Returns the size in the view, in bytes. */
    int length() {
        return Wire.i32(view, at);
    }

    private int index() {
        return index(view, at);
    }

    /** {@return the operation of the change} */
    public Op op() {
        return Op.of(view[at + OP]);
    }

    /**
     * {@return the definition of its table} A reader returns the same object for all rows of one version of the table.
     */
    public TableDef table() {
        return table;
    }

    /** {@return the name of its table, with the parts joined by {@code .}} For DDL it is the name of the object. */
    public String tableName() {
        return op() == Op.DDL ? extras().tableName() : table.name();
    }

    /**
     * {@return the header of its file; empty for a file without one} A reader returns the same object for consecutive
     * changes of a file.
     */
    public Optional<FileHeader> fileHeader() {
        return block.fileHeader(Wire.i32(view, at + FILE), index());
    }

    private Position position(int kind, int place) {
        return Position.of(view[at + kind], Wire.i64(view, at + place), Wire.i64(view, at + place + 8));
    }

    /** {@return the position of its record; for a before/after pair, that of the after record} */
    public Position position() {
        return position(POSITION_KIND, POSITION);
    }

    /**
     * {@return the position of its first record; for a before/after pair, that of the before record} Reading from here
     * returns the whole change.
     */
    public Position start() {
        return position(POSITION_KIND, START);
    }

    /** Returns the position of the next record. */
    Position next() {
        return position(NEXT_KIND, NEXT);
    }

    /** {@return the timestamp of the record} For rows it is the time of the commit. */
    public Instant timestamp() {
        return Times.instant(Wire.i64(view, at + TIMESTAMP));
    }

    /**
     * {@return whether the change is the first, middle, last or only one of its transaction} A before/after pair counts
     * as one change.
     */
    public TransactionIndicator transaction() {
        return TransactionIndicator.of(Byte.toUnsignedInt(view[at + TRANSACTION]));
    }

    /**
     * {@return whether its transaction breaks off after the change: the trail ends there, or begins another transaction}
     * Whether the rest is written later is not known.
     */
    public boolean isUnfinished() {
        return Wire.i32(view, at + UNFINISHED) != 0;
    }

    /**
     * {@return the commit sequence number (CSN) of its transaction; empty if the start of the transaction was not read}
     */
    public Optional<String> csn() {
        return view[at + HAS_CSN] == 0 ? Optional.empty() : Optional.of(ids().text());
    }

    /** {@return the id of its transaction; empty if the start of the transaction was not read} */
    public Optional<String> xid() {
        if (view[at + HAS_XID] == 0) {
            return Optional.empty();
        }
        Wire.Reader in = ids();
        in.skip();
        return Optional.of(in.text());
    }

    private Wire.Reader ids() {
        return new Wire.Reader(view, at + Wire.i32(view, at + IDS));
    }

    /**
     * {@return the row before the change; {@code null} if the trail has no such image}
     *
     * @throws TrailException.Corrupt if the image is damaged
     * @throws TrailException.Unsupported if the image is encrypted or has an unknown format
     */
    public Row before() {
        return image(BEFORE_KIND, BEFORE);
    }

    /**
     * {@return the row after the change; {@code null} if the trail has no such image}
     *
     * @throws TrailException.Corrupt if the image is damaged
     * @throws TrailException.Unsupported if the image is encrypted or has an unknown format
     */
    public Row after() {
        return image(AFTER_KIND, AFTER);
    }

    private Row image(int kind, int place) {
        return switch (view[at + kind]) {
            case 0 -> null;
            case 1 -> new Row(view, at, at + Wire.i32(view, at + place), table);
            default -> throw block.imageError(index());
        };
    }

    /** The parts that the view does not contain. */
    private record Extras(Map<String, byte[]> tokens, Optional<byte[]> userTokens, String tableName, Optional<String> ddl) {
        static Extras of(Wire.Reader in) {
            Map<String, byte[]> tokens = new LinkedHashMap<>();
            for (int count = in.i32(); count > 0; count--) {
                tokens.put(in.text(), in.array());
            }
            boolean hasUserTokens = in.bool();
            byte[] userTokens = in.array();
            return new Extras(Collections.unmodifiableMap(tokens), hasUserTokens ? Optional.of(userTokens) : Optional.empty(),
                    in.text(), Optional.ofNullable(in.maybeText()));
        }
    }

    private Extras extras() {
        return Extras.of(new Wire.Reader(block.call(Native::changeExtras, index())));
    }

    /**
     * Returns the GoldenGate tokens of its record by name. CSN, transaction id and tokens without a value are left out.
     *
     * @return the bytes of the tokens, in the order of the record
     */
    public Map<String, byte[]> tokens() {
        return extras().tokens();
    }

    /**
     * {@return the raw user tokens of its record; empty if the record has no user tokens} Their layout is not known.
     */
    public Optional<byte[]> userTokens() {
        return extras().userTokens();
    }

    /** {@return the text of a DDL change, including its tags; empty for other changes, and if the text is encrypted} */
    public Optional<String> ddl() {
        return op() == Op.DDL ? extras().ddl() : Optional.empty();
    }

    /**
     * {@return all raw records of the change: the before record of a pair, the record itself, its continuation records,
     * and its large-object fragments; empty for a change of another source than a trail}
     */
    public List<TrailRecord> records() {
        return new Wire.Reader(block.call(Native::changeRecords, index())).list(TrailRecord::new);
    }

    /**
     * {@return the change as one line of native JSON, without a line end} {@link TrailReader#writeJson} is faster for
     * many changes.
     *
     * @throws TrailException.Corrupt if an image is damaged
     */
    public String toJson() {
        return Wire.text(toJsonBytes());
    }

    /**
     * {@return the same JSON as UTF-8}
     *
     * @throws TrailException.Corrupt if an image is damaged
     */
    public byte[] toJsonBytes() {
        return block.call(Native::changeJson, index());
    }

    /** Returns position, operation and table, for display. Contains no column data. */
    @Override
    public String toString() {
        return position() + " " + op().jsonName() + " " + tableName();
    }
}
