package io.trailcore;

import java.util.Optional;
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
 *
 * @param name the name of the column
 * @param kind the way to decode the bytes of the column
 * @param dataType the data type as in definitions files: 64 for variable-length text, 134 for a 64-bit integer, 192 for date
 *     and time, and so on
 * @param subType the sub data type, which is the meaning of text
 * @param length the external length in bytes
 * @param internalLength the internal length in bytes
 * @param binaryLength the binary length in bytes
 * @param tableLength the table length in bytes
 * @param fetchOffset the offset in an uncompressed row
 * @param scale the number of digits after the decimal point
 * @param mostSignificant the most significant part of a date and time
 * @param leastSignificant the least significant part of a date and time
 * @param isKey whether the column belongs to the key
 * @param charset the number that the trail uses for the character set of the text: that of the column, or that of the
 *     database; empty if the character set is not stated or not known
 * @param nullable whether the column may be NULL, if the trail or definitions file states it; empty if that is not stated
 */
public record ColumnDef(
        String name, Kind kind, int dataType, int subType, int length, int internalLength, int binaryLength, int tableLength,
        int fetchOffset, int scale, int mostSignificant, int leastSignificant, boolean isKey, OptionalInt charset,
        Optional<Boolean> nullable) {
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

    private static final int NULLABLE_NOT_STATED = 2;

    static ColumnDef of(Wire.Reader in) {
        return new ColumnDef(in.text(), Kind.ALL[in.u8()], in.u16(), in.u16(), in.i32(), in.i32(), in.i32(), in.i32(), in.i32(),
                (short) in.u16(), in.u16(), in.u16(), in.bool(), charset(in.maybe()), nullable(in.u8()));
    }

    private static OptionalInt charset(OptionalLong stated) {
        return stated.isPresent() ? OptionalInt.of((int) stated.getAsLong()) : OptionalInt.empty();
    }

    private static Optional<Boolean> nullable(int stated) {
        return stated == NULLABLE_NOT_STATED ? Optional.empty() : Optional.of(stated == 1);
    }

    private static ColumnDef of(
            String name, Kind kind, int dataType, int subType, int length, int tableLength, int scale, int leastSignificant) {
        return new ColumnDef(name, kind, dataType, subType, length, length, length, tableLength, 0, scale, 0, leastSignificant,
                false, OptionalInt.of(0), Optional.empty());
    }

    void write(Wire.Writer out) {
        out.text(name).u8(kind.ordinal()).u16(dataType).u16(subType);
        out.i32(length).i32(internalLength).i32(binaryLength).i32(tableLength).i32(fetchOffset);
        out.u16(scale).u16(mostSignificant).u16(leastSignificant).bool(isKey);
        out.bool(charset.isPresent()).i64(charset.orElse(0));
        out.u8(nullable.map(may -> may ? 1 : 0).orElse(NULLABLE_NOT_STATED));
    }

    /**
     * {@return a column of variable-length text in UTF-8}
     *
     * @param name the name of the column
     * @param length the maximum length in bytes
     */
    public static ColumnDef varchar(String name, int length) {
        return of(name, Kind.TEXT, 64, 0, length, 0, 0, 0);
    }

    /**
     * {@return a column of fixed-length text in UTF-8}
     *
     * @param name the name of the column
     * @param length the length in bytes
     */
    public static ColumnDef character(String name, int length) {
        return of(name, Kind.TEXT, 0, 0, length, 0, 0, 0);
    }

    /**
     * {@return a column of numbers with up to 18 digits, stored as 64-bit integers}
     *
     * @param name the name of the column
     * @param scale the number of digits after the decimal point
     */
    public static ColumnDef integer(String name, int scale) {
        return of(name, Kind.INTEGER, 134, 3, 8, 8, scale, 0);
    }

    /**
     * {@return a column of numbers of any size, stored as text}
     *
     * @param name the name of the column
     */
    public static ColumnDef number(String name) {
        return of(name, Kind.NUMBER_TEXT, 64, 2, 50, 50, 0, 0);
    }

    /**
     * {@return a column of dates with times}
     *
     * @param name the name of the column
     * @param fraction the number of fraction digits of the seconds, 0 to 9
     */
    public static ColumnDef dateTime(String name, int fraction) {
        int length = fraction == 0 ? 19 : 20 + fraction;
        return of(name, Kind.DATE_TIME, 192, 0, length, length, 0, fraction == 0 ? 5 : 6);
    }

    /**
     * {@return a column of variable-length bytes}
     *
     * @param name the name of the column
     * @param length the maximum length in bytes
     */
    public static ColumnDef binary(String name, int length) {
        return of(name, Kind.BINARY, 64, 4, length, 0, 0, 0);
    }

    /** {@return the same column as a key column} */
    public ColumnDef asKey() {
        return new ColumnDef(name, kind, dataType, subType, length, internalLength, binaryLength, tableLength, fetchOffset, scale,
                mostSignificant, leastSignificant, true, charset, nullable);
    }

    /** Returns name and kind, for display. */
    @Override
    public String toString() {
        return name + " " + kind + (kind == Kind.INTEGER && scale != 0 ? "(scale " + scale + ")" : "") + (isKey ? " key" : "");
    }
}
