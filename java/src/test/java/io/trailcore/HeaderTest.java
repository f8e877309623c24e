package io.trailcore;

import static io.trailcore.HeaderField.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** File headers. */
class HeaderTest {
    private static final byte[] SIGNATURE = "GG\r\nTL\n\r".getBytes(StandardCharsets.UTF_8);
    private static final int SIGNATURE_PLACE = 0x3030;
    private static final int NOT_SET = 0xff;

    /** The fields by group and id of their tokens, and the sizes of numeric fields in bytes. */
    private static final Map<Integer, HeaderField<?>> PLACES = new TreeMap<>();
    private static final Map<HeaderField<?>, Integer> WIDTHS = new HashMap<>();

    static {
        place(0x3031, COMPATIBILITY, null, CREATION_TIME, URI, null, FILE_NAME, MULTI_PART, SEQNO, FILE_SIZE, FIRST_CSN,
                LAST_CSN, FIRST_TIME, LAST_TIME, LOG_BSN, BIT_FLAGS);
        place(0x3130, SYSTEM_NAME, HOST_NAME, SYSTEM_RELEASE, SYSTEM_VERSION, HARDWARE);
        place(0x3230, DATABASE_VENDOR, DATABASE_NAME, DATABASE_INSTANCE, DATABASE_CHARSET, DATABASE_MAJOR, DATABASE_MINOR,
                DATABASE_VERSION, CLIENT_CHARSET, CLIENT_VERSION, CLIENT_NATIONAL_CHARSET, null, NATIONAL_CHARSET, null,
                TIME_ZONE);
        place(0x3330, PRODUCER_GROUP, DATA_SOURCE, PRODUCER_MAJOR, PRODUCER_MINOR, PRODUCER_MAINTENANCE, PRODUCER_BUG_FIX,
                PRODUCER_BUILD, PRODUCER_VERSION);
        place(0x3430, RECOVERY_MODE);
        WIDTHS.put(MULTI_PART, 1);
        for (HeaderField<?> field : List.of(SEQNO, RECOVERY_MODE)) {
            WIDTHS.put(field, 4);
        }
        for (HeaderField<?> field : List.of(FILE_SIZE, BIT_FLAGS)) {
            WIDTHS.put(field, 8);
        }
    }

    private static void place(int first, HeaderField<?>... fields) {
        for (int i = 0; i < fields.length; i++) {
            if (fields[i] != null) {
                PLACES.put(first + i, fields[i]);
            }
        }
    }

    private static List<FileHeader> headers(String name) {
        return Trail.open(Samples.DATA.resolve(name).resolve("bk")).headers().stream().map(Optional::orElseThrow).toList();
    }

    private static byte[] token(int id, int info, byte[] body) {
        return ByteBuffer.allocate(4 + body.length).put((byte) id).put((byte) info).putShort((short) body.length).put(body)
                .array();
    }

    /** Returns a file header record with these tokens, by group and id. */
    private static byte[] record(Map<Integer, byte[]> tokens) {
        Map<Integer, ByteBuffer> groups = new TreeMap<>();
        tokens.forEach((place, token) ->
                groups.computeIfAbsent(place >> 8, none -> ByteBuffer.allocate(2000)).put(token));
        ByteBuffer record = ByteBuffer.allocate(8000).position(4);
        groups.forEach((id, body) -> record.put(token(id, 0, Arrays.copyOf(body.array(), body.position()))));
        short length = (short) (record.position() + 4);
        record.put((byte) 'Z').put((byte) 0).putShort(length);
        record.put(0, (byte) 'F').putShort(2, length);
        return Arrays.copyOf(record.array(), length);
    }

    private static FileHeader header(Map<Integer, byte[]> tokens) {
        return Trail.of(record(tokens)).headers().get(0).orElseThrow();
    }

    /** Returns an encoded body for a field, and its value. */
    private static Map.Entry<byte[], Object> example(HeaderField<?> field, int number) {
        String name = field.toString();
        if (name.endsWith("_TIME")) {
            // Header timestamps start at noon of January 1, 4713 BC.
            Instant time = Instant.EPOCH.plus(1_709_251_200_000_000L + number, ChronoUnit.MICROS);
            return Map.entry(ByteBuffer.allocate(8).putLong(210_866_760_000_000_000L + 1_709_251_200_000_000L + number).array(), time);
        }
        if (name.endsWith("CHARSET")) {
            boolean isUtf8 = number % 2 == 0;
            return Map.entry(ByteBuffer.allocate(4).putInt(isUtf8 ? 0 : 1003).array(), isUtf8 ? "UTF-8" : "windows-1252");
        }
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        if (name.endsWith("_CSN") || name.endsWith("_BSN")) {
            return Map.entry(ByteBuffer.allocate(129).put((byte) text.length).put(text).array(), name);
        }
        if (name.matches("URI|TIME_ZONE|HARDWARE|(SYSTEM|CLIENT)_.*|.*_(NAME|INSTANCE|GROUP|VERSION)")) {
            return Map.entry(ByteBuffer.allocate(2 + text.length).putShort((short) text.length).put(text).array(), name);
        }
        byte[] wide = ByteBuffer.allocate(8).putLong(number).array();
        return Map.entry(Arrays.copyOfRange(wide, 8 - WIDTHS.getOrDefault(field, 2), 8), (long) number);
    }

    @Test
    void everyFieldIsReadFromItsToken() {
        // Encryption and byte order have no token of their own.
        assertEquals(HeaderField.all().size(), PLACES.size() + 2);
        Map<Integer, byte[]> tokens = new TreeMap<>(Map.of(SIGNATURE_PLACE, token(0x30, 0, SIGNATURE)));
        Map<HeaderField<?>, Object> expected = new LinkedHashMap<>();
        PLACES.forEach((place, field) -> {
            Map.Entry<byte[], Object> example = example(field, 100 + expected.size());
            tokens.put(place, token(place & 0xff, 0, example.getKey()));
            expected.put(field, example.getValue());
        });
        FileHeader header = header(tokens);
        expected.forEach((field, value) -> {
            assertEquals(Optional.of(value), header.get(field), field::toString);
            assertEquals(FileHeader.State.VALUE, header.state(field), field::toString);
        });
    }

    @Test
    void unsetAndAbsentFieldsDiffer() {
        Map<Integer, byte[]> tokens = new TreeMap<>(Map.of(SIGNATURE_PLACE, token(0x30, 0, SIGNATURE)));
        PLACES.forEach((place, field) -> {
            if (place % 2 == 0) {
                tokens.put(place, token(place & 0xff, NOT_SET, new byte[0]));
            }
        });
        FileHeader header = header(tokens);
        PLACES.forEach((place, field) -> {
            FileHeader.State expected = place % 2 == 0 ? FileHeader.State.UNSET : FileHeader.State.ABSENT;
            assertEquals(expected, header.state(field), field::toString);
            assertEquals(Optional.empty(), header.get(field), field::toString);
        });
    }

    @Test
    void encryptionIsReadFromTheKeySlot() {
        Map<Integer, byte[]> tokens = new TreeMap<>(Map.of(SIGNATURE_PLACE, token(0x30, 0, SIGNATURE)));
        assertEquals(FileHeader.Encryption.NO_SLOT, header(tokens).encryption());
        tokens.put(0x3042, token(0x42, 0, new byte[20]));
        assertEquals(FileHeader.Encryption.EMPTY, header(tokens).encryption());
        tokens.put(0x3042, token(0x42, 0, new byte[] {2, 0, 3, 'k', 'e', 'y', 1}));
        assertEquals(FileHeader.Encryption.KEY_PRESENT, header(tokens).encryption());
    }

    @Test
    void unknownTokensAndGroupsAreKept() {
        Map<Integer, byte[]> tokens = new TreeMap<>(Map.of(SIGNATURE_PLACE, token(0x30, 0, SIGNATURE)));
        tokens.put(0x307a, token(0x7a, 3, new byte[] {9, 8}));
        tokens.put(0x5000, new byte[] {'n', 'o', ' ', 't', 'o', 'k', 'e', 'n'});
        byte[] uri = {'u', 0, 0, 5, 0, 3, 'a', ':', 'b'};
        tokens.put(0x3035, token(0x35, 0, uri));
        FileHeader header = header(tokens);
        FileHeader.Token token = header.token(0x30, 0x7a).orElseThrow();
        assertEquals(3, token.info());
        assertArrayEquals(new byte[] {9, 8}, token.body());
        FileHeader.Group group = header.groups().get(1);
        assertEquals(0x50, group.id());
        assertEquals(List.of(), group.tokens());
        assertEquals("no token", new String(group.raw(), StandardCharsets.UTF_8));
        assertEquals(List.of("a:b"), header.uriHistory());
    }

    @Test
    void headerHasTheFieldsOfItsFile() {
        List<FileHeader> headers = headers("big");
        assertEquals(3, headers.size());
        FileHeader first = headers.get(0);
        assertEquals(ByteOrder.BIG_ENDIAN, first.byteOrder());
        assertEquals(ByteOrder.LITTLE_ENDIAN, headers("little").get(0).byteOrder());
        assertEquals(Optional.of("GBK"), first.get(DATABASE_CHARSET));
        assertEquals(Optional.of("UTF-8"), headers("little").get(0).get(DATABASE_CHARSET));
        assertEquals(Optional.of(2L), headers.get(2).get(SEQNO));
        assertEquals(Optional.of(Instant.parse("2024-03-01T00:00:00Z")), headers("little").get(0).get(CREATION_TIME));
        assertEquals(FileHeader.State.UNSET, first.state(FILE_SIZE));
        assertEquals(FileHeader.State.ABSENT, first.state(DATABASE_NAME));
        assertEquals(List.of(), first.uriHistory());
        assertEquals(Optional.empty(), first.token(0x77, 0x30));
        assertTrue(first.toString().contains("DATABASE_CHARSET=GBK"), first::toString);
        // The returned array is a copy.
        first.token(0x30, 0x30).orElseThrow().body()[0] = 0;
        assertArrayEquals(SIGNATURE, first.token(0x30, 0x30).orElseThrow().body());
    }

    @Test
    void fileWithoutHeaderIsEmpty() {
        byte[] bytes = Samples.bytes(Samples.DATA.resolve("big/bk000000000"));
        int length;
        try (RecordReader records = Trail.of(bytes).records()) {
            length = records.next().length();
        }
        Trail trail = Trail.of(Arrays.copyOfRange(bytes, length, bytes.length));
        assertEquals(List.of(Optional.empty()), trail.headers());
        try (TrailReader reader = trail.reader()) {
            assertEquals(Optional.empty(), reader.next().fileHeader());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"big", "little"})
    void changeHasTheHeaderOfItsFile(String name) {
        Trail trail = Trail.open(Samples.DATA.resolve(name).resolve("bk"));
        Map<Long, FileHeader> seen = new HashMap<>();
        try (TrailReader reader = trail.reader()) {
            for (Change change : reader) {
                FileHeader header = change.fileHeader().orElseThrow();
                assertEquals(change.position().seqno(), header.get(SEQNO).orElseThrow());
                assertSame(seen.computeIfAbsent(change.position().seqno(), none -> header), header);
            }
        }
        assertEquals(trail.headers().size(), seen.size());
        assertNotSame(seen.get(0L), seen.get(1L));
        assertEquals(trail.headers().get(1).orElseThrow().toString(), seen.get(1L).toString());
    }
}
