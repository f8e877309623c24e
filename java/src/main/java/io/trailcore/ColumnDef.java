package io.trailcore;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The definition of one column. Immutable.
 *
 * <p>Definitions of a trail come from its tables ({@link Change#table}). The static methods create definitions of the common
 * types, for {@link TrailWriter}:
 *
 * <pre>{@code
 * TableDef table = TableDef.of("BANK.RATES", ColumnDef.varchar("CODE", 3).asKey(), ColumnDef.integer("RATE", 4));
 * }</pre>
 */
public final class ColumnDef {
    /** The way to decode the bytes of a column. */
    public enum Kind {
        /** Characters. */
        TEXT,
        /** A number stored as text, with any number of fraction digits. */
        NUMBER_TEXT,
        /** Bytes that are not text. */
        BINARY,
        /** An integer, scaled by 10 to the power of minus {@link ColumnDef#scale}. */
        INTEGER,
        /** A date or date and time, without a zone. */
        DATE_TIME,
        /** An unknown type. Its raw bytes are returned. */
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
     * {@return a column of variable-length text in UTF-8}
     *
     * @param name the name of the column
     * @param length the maximum length in bytes
     */
    public static ColumnDef varchar(String name, int length) {
        return new ColumnDef(name, Kind.TEXT, 64, 0, length, 0, 0, 0);
    }

    /**
     * {@return a column of fixed-length text in UTF-8}
     *
     * @param name the name of the column
     * @param length the length in bytes
     */
    public static ColumnDef character(String name, int length) {
        return new ColumnDef(name, Kind.TEXT, 0, 0, length, 0, 0, 0);
    }

    /**
     * {@return a column of numbers with up to 18 digits, stored as 64-bit integers}
     *
     * @param name the name of the column
     * @param scale the number of digits after the decimal point
     */
    public static ColumnDef integer(String name, int scale) {
        return new ColumnDef(name, Kind.INTEGER, 134, 3, 8, 8, scale, 0);
    }

    /**
     * {@return a column of numbers of any size, stored as text}
     *
     * @param name the name of the column
     */
    public static ColumnDef number(String name) {
        return new ColumnDef(name, Kind.NUMBER_TEXT, 64, 2, 50, 50, 0, 0);
    }

    /**
     * {@return a column of dates with times}
     *
     * @param name the name of the column
     * @param fraction the number of fraction digits of the seconds, 0 to 9
     */
    public static ColumnDef dateTime(String name, int fraction) {
        int length = fraction == 0 ? 19 : 20 + fraction;
        return new ColumnDef(name, Kind.DATE_TIME, 192, 0, length, length, 0, fraction == 0 ? 5 : 6);
    }

    /**
     * {@return a column of variable-length bytes}
     *
     * @param name the name of the column
     * @param length the maximum length in bytes
     */
    public static ColumnDef binary(String name, int length) {
        return new ColumnDef(name, Kind.BINARY, 64, 4, length, 0, 0, 0);
    }

    /** {@return the same column as a key column} */
    public ColumnDef asKey() {
        return new ColumnDef(this, true);
    }

    /** {@return the name of the column} */
    public String name() {
        return name;
    }

    /** {@return the way to decode the bytes of the column} */
    public Kind kind() {
        return kind;
    }

    /**
     * {@return the data type as in definitions files: 64 for variable-length text, 134 for a 64-bit integer, 192 for
     * date and time, and so on}
     */
    public int dataType() {
        return dataType;
    }

    /** {@return the sub data type, which is the meaning of text} */
    public int subType() {
        return subType;
    }

    /** {@return the external length in bytes} */
    public int length() {
        return externalLength;
    }

    /** {@return the number of digits after the decimal point} */
    public int scale() {
        return scale;
    }

    /** {@return whether the column belongs to the key} */
    public boolean isKey() {
        return key;
    }

    /**
     * {@return the number that the trail uses for the character set of the text: that of the column, or that of the
     * database; empty if the character set is not stated or not known}
     */
    public OptionalInt charset() {
        return charset.isPresent() ? OptionalInt.of((int) charset.getAsLong()) : OptionalInt.empty();
    }

    /**
     * {@return whether the column may be NULL, if the trail or definitions file states it; empty if that is not stated}
     */
    public java.util.Optional<Boolean> nullable() {
        return nullable == MAYBE_NULLABLE ? java.util.Optional.empty() : java.util.Optional.of(nullable == 1);
    }

    /** Returns name and kind, for display. */
    @Override
    public String toString() {
        return name + " " + kind + (kind == Kind.INTEGER && scale != 0 ? "(scale " + scale + ")" : "") + (key ? " key" : "");
    }
}
