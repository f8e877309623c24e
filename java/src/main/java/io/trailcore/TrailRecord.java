package io.trailcore;

import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A raw record of a trail, with its own copy of the bytes. Immutable and thread-safe; it stays valid after its reader is
 * closed.
 *
 * <pre>{@code
 * try (RecordReader records = trail.records()) {
 *     for (TrailRecord record : records) {
 *         System.out.println(record + ", " + record.data().length + " bytes of data");
 *     }
 * }
 * }</pre>
 */
public final class TrailRecord {
    private static final int HEADER = 0;
    private static final int DATA = 1;
    private static final int TOKENS = 2;
    private static final int USER_TOKENS = 3;

    private final Position position;
    private final OptionalLong number;
    private final boolean fileHeader;
    private final ByteOrder byteOrder;
    private final int type;
    private final String typeName;
    private final byte[] bytes;
    /** The areas of the record in its bytes. */
    private final Area[] areas = new Area[4];
    private final Map<String, byte[]> tokens = new LinkedHashMap<>();
    private final RecordHeader header;

    private record Area(boolean isThere, int at, int length) {
    }

    TrailRecord(Wire.Reader in) {
        position = in.position();
        number = in.maybe();
        fileHeader = in.bool();
        byteOrder = in.bool() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        type = in.u8();
        typeName = in.maybeText();
        bytes = in.array();
        for (int area = 0; area < areas.length; area++) {
            areas[area] = new Area(in.bool(), in.i32(), in.i32());
        }
        for (int count = in.i32(); count > 0; count--) {
            tokens.putIfAbsent(in.text(), in.array());
        }
        header = in.bool() ? RecordHeader.of(in) : null;
    }

    /**
     * {@return the position of the record} For continuation records and large-object fragments from {@link
     * Change#records} it is the position of the change, because their own is not kept.
     */
    public Position position() {
        return position;
    }

    /**
     * {@return its number in its file; the file header is 0; empty for records from {@link Change#records}, which do
     * not keep it}
     */
    public OptionalLong number() {
        return number;
    }

    /** {@return whether it is a file header, which has neither a type nor a record header} */
    public boolean isFileHeader() {
        return fileHeader;
    }

    /** {@return the type of the record: IOType; 0 for a file header} */
    public int type() {
        return type;
    }

    /** {@return the name that Logdump prints for the type; empty if none is known} */
    public Optional<String> typeName() {
        return Optional.ofNullable(typeName);
    }

    /** {@return the byte order of its numbers} */
    public ByteOrder byteOrder() {
        return byteOrder;
    }

    /** {@return the fields of the record header; empty for a file header, and if it cannot be parsed} */
    public Optional<RecordHeader> header() {
        return Optional.ofNullable(header);
    }

    /** {@return the length of the record in bytes} */
    public int length() {
        return bytes.length;
    }

    /** {@return the whole record, from its first byte to the end of its trailer} */
    public byte[] bytes() {
        return bytes.clone();
    }

    private Optional<byte[]> area(int which) {
        Area area = areas[which];
        return area.isThere ? Optional.of(Arrays.copyOfRange(bytes, area.at, area.at + area.length)) : Optional.empty();
    }

    /** {@return the raw body of the header area; no bytes for a file header} */
    public byte[] headerArea() {
        return area(HEADER).orElseThrow();
    }

    /**
     * {@return the raw body of the data area; no bytes if the record has no data} For a file header these are its
     * groups.
     */
    public byte[] data() {
        return area(DATA).orElseThrow();
    }

    /** {@return the raw body of the token area; empty if the record has no such area} */
    public Optional<byte[]> tokenArea() {
        return area(TOKENS);
    }

    /** {@return the raw body of the user token area; empty if the record has no such area} Its layout is not known. */
    public Optional<byte[]> userTokens() {
        return area(USER_TOKENS);
    }

    /**
     * Returns the GoldenGate tokens by name, including CSN and transaction id. A token without a value has no bytes. If
     * several tokens have the same name, the first one wins.
     *
     * @return copies of the bytes of the tokens, in the order of the record
     */
    public Map<String, byte[]> tokens() {
        Map<String, byte[]> copies = new LinkedHashMap<>(tokens);
        copies.replaceAll((name, value) -> value.clone());
        return Collections.unmodifiableMap(copies);
    }

    /** Returns position, type and length, for display. Contains no column data. */
    @Override
    public String toString() {
        return position + " " + (typeName == null ? "type " + type : typeName) + ", " + bytes.length + " bytes";
    }
}
