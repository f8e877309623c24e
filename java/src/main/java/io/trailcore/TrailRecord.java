package io.trailcore;

import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A record as it stands in a trail, with its own copy of its bytes. Immutable: any thread may use it, for as long as it likes.
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
    /** Where its areas lie in its bytes. */
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
     * Where it starts. Of those of a change's records that go on with its data, and of its fragments, the change's position:
     * their own is not kept.
     *
     * @return the position
     */
    public Position position() {
        return position;
    }

    /**
     * Its number in its file; the file header is 0.
     *
     * @return the number; empty of a change's records, which do not keep it
     */
    public OptionalLong number() {
        return number;
    }

    /**
     * Whether it is the header of a file, which has neither a type nor a header of its own.
     *
     * @return whether it is
     */
    public boolean isFileHeader() {
        return fileHeader;
    }

    /**
     * What it is: IOType.
     *
     * @return the type's number; 0 of a file header
     */
    public int type() {
        return type;
    }

    /**
     * The name that Logdump prints for its type.
     *
     * @return the name; empty where none is known
     */
    public Optional<String> typeName() {
        return Optional.ofNullable(typeName);
    }

    /**
     * The order of the bytes of its numbers.
     *
     * @return the order
     */
    public ByteOrder byteOrder() {
        return byteOrder;
    }

    /**
     * Its header, field by field.
     *
     * @return the header; empty of a file header, and where it cannot be read
     */
    public Optional<RecordHeader> header() {
        return Optional.ofNullable(header);
    }

    /**
     * How many bytes it has.
     *
     * @return the length of {@link #bytes}
     */
    public int length() {
        return bytes.length;
    }

    /**
     * The whole record, from its first byte to the end of its trailer.
     *
     * @return a copy of its bytes
     */
    public byte[] bytes() {
        return bytes.clone();
    }

    private Optional<byte[]> area(int which) {
        Area area = areas[which];
        return area.isThere ? Optional.of(Arrays.copyOfRange(bytes, area.at, area.at + area.length)) : Optional.empty();
    }

    /**
     * The body of its header area as it stands.
     *
     * @return a copy of the bytes; none of a file header
     */
    public byte[] headerArea() {
        return area(HEADER).orElseThrow();
    }

    /**
     * The body of its data area as it stands; of a file header, its groups.
     *
     * @return a copy of the bytes; none where it has no data
     */
    public byte[] data() {
        return area(DATA).orElseThrow();
    }

    /**
     * The body of its token area as it stands.
     *
     * @return a copy of the bytes; empty where it has no such area
     */
    public Optional<byte[]> tokenArea() {
        return area(TOKENS);
    }

    /**
     * The body of its user token area as it stands; how it is laid out is not known.
     *
     * @return a copy of the bytes; empty where it has no such area
     */
    public Optional<byte[]> userTokens() {
        return area(USER_TOKENS);
    }

    /**
     * GoldenGate's own tokens by name, CSN and transaction id among them. One without a value has no bytes; of several of one
     * name it is the first.
     *
     * @return copies of the tokens' bytes, in the record's order
     */
    public Map<String, byte[]> tokens() {
        Map<String, byte[]> copies = new LinkedHashMap<>(tokens);
        copies.replaceAll((name, value) -> value.clone());
        return Collections.unmodifiableMap(copies);
    }

    /** Position, type and length, for people; no data. */
    @Override
    public String toString() {
        return position + " " + (typeName == null ? "type " + type : typeName) + ", " + bytes.length + " bytes";
    }
}
