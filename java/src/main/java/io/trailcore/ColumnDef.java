package io.trailcore;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The definition of one column. Immutable.
 *
 * <p>Those of a trail come with its tables ({@link Change#table}); the static methods make those of the common types, for
 * {@link TrailWriter}:
 *
 * <pre>{@code
 * TableDef table = TableDef.of("BANK.RATES", ColumnDef.varchar("CODE", 3).asKey(), ColumnDef.integer("RATE", 4));
 * }</pre>
 */
public final class ColumnDef {
    /** How a column's bytes are to be read. */
    public enum Kind {
        /** Characters. */
        TEXT,
        /** A number as text, with as many fraction digits as it has. */
        NUMBER_TEXT,
        /** Bytes that are no text. */
        BINARY,
        /** An integer, times 10 to the power of minus {@link ColumnDef#scale}. */
        INTEGER,
        /** A date or date and time, without a zone. */
        DATE_TIME,
        /** A type whose bytes are not understood: they are handed over as they are. */
        OPAQUE;

        private static final Kind[] ALL = values();
    }

    private final String name;
    private final Kind kind;
    private final int dataType;
    private final int subType;
    private final int externalLength;
    private final int internalLength;
    private final int binaryLength;
    private final int tableLength;
    private final int fetchOffset;
    private final int scale;
    private final int mostSignificant;
    private final int leastSignificant;
    private final boolean key;
    private final OptionalLong charset;
    private final int nullable;

    private static final int MAYBE_NULLABLE = 2;

    ColumnDef(Wire.Reader in) {
        name = in.text();
        kind = Kind.ALL[in.u8()];
        dataType = in.u16();
        subType = in.u16();
        externalLength = in.i32();
        internalLength = in.i32();
        binaryLength = in.i32();
        tableLength = in.i32();
        fetchOffset = in.i32();
        scale = (short) in.u16();
        mostSignificant = in.u16();
        leastSignificant = in.u16();
        key = in.bool();
        charset = in.maybe();
        nullable = in.u8();
    }

    private ColumnDef(
            String name, Kind kind, int dataType, int subType, int length, int tableLength, int scale, int leastSignificant) {
        this.name = name;
        this.kind = kind;
        this.dataType = dataType;
        this.subType = subType;
        externalLength = length;
        internalLength = length;
        binaryLength = length;
        this.tableLength = tableLength;
        fetchOffset = 0;
        this.scale = scale;
        mostSignificant = 0;
        this.leastSignificant = leastSignificant;
        key = false;
        charset = OptionalLong.of(UTF_8);
        nullable = MAYBE_NULLABLE;
    }

    private static final int UTF_8 = 0;

    private ColumnDef(ColumnDef other, boolean key) {
        name = other.name;
        kind = other.kind;
        dataType = other.dataType;
        subType = other.subType;
        externalLength = other.externalLength;
        internalLength = other.internalLength;
        binaryLength = other.binaryLength;
        tableLength = other.tableLength;
        fetchOffset = other.fetchOffset;
        scale = other.scale;
        mostSignificant = other.mostSignificant;
        leastSignificant = other.leastSignificant;
        this.key = key;
        charset = other.charset;
        nullable = other.nullable;
    }

    void write(Wire.Writer out) {
        out.text(name).u8(kind.ordinal()).u16(dataType).u16(subType);
        out.i32(externalLength).i32(internalLength).i32(binaryLength).i32(tableLength).i32(fetchOffset);
        out.u16(scale).u16(mostSignificant).u16(leastSignificant).bool(key);
        out.bool(charset.isPresent()).i64(charset.orElse(0)).u8(nullable);
    }

    /**
     * Variable characters, in UTF-8.
     *
     * @param name its name
     * @param length how many bytes at most
     * @return the definition
     */
    public static ColumnDef varchar(String name, int length) {
        return new ColumnDef(name, Kind.TEXT, 64, 0, length, 0, 0, 0);
    }

    /**
     * Characters of a fixed length, in UTF-8.
     *
     * @param name its name
     * @param length how many bytes exactly
     * @return the definition
     */
    public static ColumnDef character(String name, int length) {
        return new ColumnDef(name, Kind.TEXT, 0, 0, length, 0, 0, 0);
    }

    /**
     * A number of up to 18 digits, stored as a 64-bit integer.
     *
     * @param name its name
     * @param scale how many of the digits stand behind the point
     * @return the definition
     */
    public static ColumnDef integer(String name, int scale) {
        return new ColumnDef(name, Kind.INTEGER, 134, 3, 8, 8, scale, 0);
    }

    /**
     * A number of any size, stored as text.
     *
     * @param name its name
     * @return the definition
     */
    public static ColumnDef number(String name) {
        return new ColumnDef(name, Kind.NUMBER_TEXT, 64, 2, 50, 50, 0, 0);
    }

    /**
     * A date and time.
     *
     * @param name its name
     * @param fraction digits of a second, 0 to 9
     * @return the definition
     */
    public static ColumnDef dateTime(String name, int fraction) {
        int length = fraction == 0 ? 19 : 20 + fraction;
        return new ColumnDef(name, Kind.DATE_TIME, 192, 0, length, length, 0, fraction == 0 ? 5 : 6);
    }

    /**
     * Variable bytes.
     *
     * @param name its name
     * @param length how many at most
     * @return the definition
     */
    public static ColumnDef binary(String name, int length) {
        return new ColumnDef(name, Kind.BINARY, 64, 4, length, 0, 0, 0);
    }

    /**
     * The same column as part of the key.
     *
     * @return the definition
     */
    public ColumnDef asKey() {
        return new ColumnDef(this, true);
    }

    /**
     * Its name.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * How its bytes are to be read.
     *
     * @return the kind
     */
    public Kind kind() {
        return kind;
    }

    /**
     * Data type as definition files print it: 64 variable characters, 134 64-bit integer, 192 date and time, and so on.
     *
     * @return the number
     */
    public int dataType() {
        return dataType;
    }

    /**
     * Sub data type: what characters mean.
     *
     * @return the number
     */
    public int subType() {
        return subType;
    }

    /**
     * External length in bytes.
     *
     * @return the length
     */
    public int length() {
        return externalLength;
    }

    /**
     * Digits behind the decimal point.
     *
     * @return the number of digits
     */
    public int scale() {
        return scale;
    }

    /**
     * Whether it belongs to the key.
     *
     * @return whether it does
     */
    public boolean isKey() {
        return key;
    }

    /**
     * The trail's number of the character set of its text: its own, or the database's.
     *
     * @return the number; empty where the set is not stated or not known
     */
    public OptionalInt charset() {
        return charset.isPresent() ? OptionalInt.of((int) charset.getAsLong()) : OptionalInt.empty();
    }

    /**
     * Whether it may be NULL, where the trail or definition file says so.
     *
     * @return whether it may; empty where nothing is said
     */
    public java.util.Optional<Boolean> nullable() {
        return nullable == MAYBE_NULLABLE ? java.util.Optional.empty() : java.util.Optional.of(nullable == 1);
    }

    /** Name and kind, for people. */
    @Override
    public String toString() {
        return name + " " + kind + (kind == Kind.INTEGER && scale != 0 ? "(scale " + scale + ")" : "") + (key ? " key" : "");
    }
}
