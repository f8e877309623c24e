package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Raw records, of a trail and of a change. */
class RecordsTest {
    private static final Path FIRST_FILE = Samples.DATA.resolve("big/bk000000000");

    private static Trail sample(String name) {
        return Trail.open(Samples.DATA.resolve(name).resolve("bk"));
    }

    private static List<TrailRecord> records(Trail trail) {
        try (RecordReader reader = trail.records()) {
            return reader.stream().toList();
        }
    }

    private static List<Change> changes(Trail trail) {
        try (TrailReader reader = trail.reader()) {
            return reader.stream().toList();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"big", "little"})
    void recordsCoverTheWholeFile(String name) {
        Trail trail = sample(name);
        Map<Long, ByteArrayOutputStream> files = new HashMap<>();
        Map<Long, Long> numbers = new HashMap<>();
        for (TrailRecord record : records(trail)) {
            long seqno = record.position().seqno();
            ByteArrayOutputStream file = files.computeIfAbsent(seqno, none -> new ByteArrayOutputStream());
            assertEquals(file.size(), record.position().rba());
            assertEquals(numbers.merge(seqno, 1L, Long::sum) - 1, record.number().orElseThrow());
            file.writeBytes(record.bytes());
        }
        assertEquals(trail.files().size(), files.size());
        for (TrailFile file : trail.files()) {
            byte[] expected = Samples.bytes(Path.of(file.path()));
            assertArrayEquals(expected, files.get(file.seqno().orElseThrow()).toByteArray(), file.path());
        }
        assertEquals(trail.check().records(), numbers.values().stream().mapToLong(Long::longValue).sum());
    }

    @ParameterizedTest
    @ValueSource(strings = {"big", "little"})
    void recordHasItsFields(String name) {
        ByteOrder order = name.equals("big") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        List<TrailRecord> records = records(sample(name));
        TrailRecord first = records.get(0);
        assertTrue(first.isFileHeader());
        assertEquals(Optional.of("FileHeader"), first.typeName());
        assertEquals(Optional.empty(), first.header());
        assertEquals(0, first.headerArea().length);
        assertEquals(Optional.empty(), first.tokenArea());
        assertTrue(first.data().length > 0);
        int inserts = 0;
        for (TrailRecord record : records) {
            assertEquals(order, record.byteOrder());
            assertEquals(record.length(), record.bytes().length);
            if (record.type() != 5) {
                continue;
            }
            inserts++;
            assertEquals(Optional.of("Insert"), record.typeName());
            RecordHeader header = record.header().orElseThrow();
            assertEquals('A', header.beforeAfter());
            assertEquals(record.data().length, header.recordLength());
            assertEquals(record.headerArea()[3], header.beforeAfter());
            assertEquals(record.headerArea()[28], header.transactionByte());
            assertEquals(TransactionIndicator.of(header.transactionByte()), header.transaction());
            assertTrue(header.tableIndex().isPresent());
            assertEquals(Optional.empty(), header.tableName());
            assertEquals(0, header.continued());
            // The order of the areas in the record: header, data, tokens.
            String whole = latin1(record.bytes());
            int data = whole.indexOf(latin1(record.headerArea())) + record.headerArea().length + 4;
            assertEquals(latin1(record.data()), whole.substring(data, data + record.data().length));
            assertTrue(whole.indexOf(latin1(record.tokenArea().orElseThrow()), data + record.data().length) > 0);
        }
        assertTrue(inserts > 49);
        assertTrue(records.stream().anyMatch(record -> record.typeName().equals(Optional.of("Metadata"))));
        assertEquals(records.get(1).position() + " Metadata, " + records.get(1).length() + " bytes", records.get(1).toString());
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"big", "little"})
    void changeHasItsRecords(String name) {
        Trail trail = sample(name);
        Map<Position, byte[]> records = new HashMap<>();
        records(trail).forEach(record -> records.put(record.position(), record.bytes()));
        Map<String, Long> bytes = new HashMap<>();
        int pairs = 0;
        for (Change change : changes(trail)) {
            List<TrailRecord> own = change.records();
            assertEquals(change.start(), own.get(0).position());
            boolean paired = !change.start().equals(change.position());
            TrailRecord main = own.get(paired ? 1 : 0);
            assertEquals(change.position(), main.position());
            assertEquals(OptionalLong.empty(), main.number());
            assertArrayEquals(records.get(change.start()), own.get(0).bytes());
            assertArrayEquals(records.get(change.position()), main.bytes());
            assertEquals(change.timestamp(), main.header().orElseThrow().timestamp());
            assertEquals(change.userTokens().isPresent(), main.userTokens().isPresent());
            if (paired) {
                pairs++;
                assertEquals('B', own.get(0).header().orElseThrow().beforeAfter());
                assertEquals('A', main.header().orElseThrow().beforeAfter());
            }
            bytes.merge(change.tableName(), own.stream().mapToLong(TrailRecord::length).sum(), Long::sum);
        }
        assertEquals(name.equals("little"), pairs > 0);
        Map<String, Long> summed = new HashMap<>();
        trail.count().tables().forEach((table, counts) -> summed.put(table, counts.bytes()));
        assertEquals(summed, bytes);
    }

    @Test
    void tokensAndFragmentsAreReadAsWritten() {
        byte[] fragment = {1, 2, 3, 4, 5};
        byte[] user = "TK-HOST\0north".getBytes(StandardCharsets.UTF_8);
        byte[] trail;
        try (TrailWriter writer = TrailWriter.inMemory("fr", new WriterOptions())) {
            writer.begin("1000", "1.2.3", Instant.EPOCH);
            writer.userTokens(user);
            writer.insert(Samples.RATES, new RowImage().text("CODE", "EUR"));
            writer.lobFragment(fragment);
            writer.lobFragment(new byte[0]);
            writer.commit();
            trail = writer.finish().values().iterator().next();
        }
        Change change;
        try (TrailReader reader = Trail.of(trail).reader()) {
            change = reader.next();
            assertNull(reader.next());
        }
        List<TrailRecord> records = change.records();
        assertEquals(List.of("Insert", "LargeObject", "LargeObject"),
                records.stream().map(record -> record.typeName().orElseThrow()).toList());
        assertArrayEquals(user, records.get(0).userTokens().orElseThrow());
        assertEquals(Optional.empty(), records.get(1).userTokens());
        assertArrayEquals(fragment, records.get(1).data());
        assertArrayEquals(new byte[0], records.get(2).data());
        assertEquals("1000", latin1(records.get(0).tokens().get("LOGCSN")));
        assertEquals("1.2.3", latin1(records.get(0).tokens().get("TRANID")));
        assertEquals(3, records.stream().map(TrailRecord::position).filter(change.position()::equals).count());
        // The returned arrays are copies.
        records.get(0).bytes()[0] = 0;
        records.get(0).tokens().get("LOGCSN")[0] = 'x';
        assertEquals('G', records.get(0).bytes()[0]);
        assertEquals("1000", latin1(records.get(0).tokens().get("LOGCSN")));
        assertArrayEquals(change.records().get(0).bytes(), records.get(0).bytes());
    }

    @Test
    void largeObjectsStayOutsideTheHeap() {
        int fragments = 17 * 20;
        byte[] trail;
        try (TrailWriter writer = TrailWriter.inMemory("lo", new WriterOptions())) {
            writer.begin("1000", "1.2.3", Instant.EPOCH);
            writer.insert(Samples.RATES, new RowImage().text("CODE", "EUR"));
            for (int i = 0; i < fragments; i++) {
                writer.lobFragment(new byte[(1 << 20) / 20]);
            }
            writer.commit();
            trail = writer.finish().values().iterator().next();
        }
        List<Change> changes = changes(Trail.of(trail));
        assertEquals(1, changes.size());
        Change change = changes.get(0);
        assertEquals("EUR", change.after().get("CODE").text());
        assertTrue(change.length() < 1000, "its entry has " + change.length() + " bytes");
        assertTrue(change.toJson().contains("EUR"));
        assertEquals(fragments + 1, change.records().size());
        long large = records(Trail.of(trail)).stream().filter(record -> record.type() == 116).count();
        assertEquals(fragments, large);
    }

    @Test
    void damageIsThrownAfterTheRecordsBeforeItOrSkipped() {
        byte[] bytes = Samples.bytes(FIRST_FILE);
        List<TrailRecord> whole = records(Trail.of(bytes));
        TrailRecord victim = whole.get(whole.size() / 2);
        bytes[(int) victim.position().rba()] = 'x';
        Trail damaged = Trail.of(bytes);
        List<Position> read = new ArrayList<>();
        try (RecordReader reader = damaged.records()) {
            TrailException error = assertThrows(
                    TrailException.Corrupt.class, () -> reader.forEach(record -> read.add(record.position())));
            assertEquals(victim.position().rba(), error.rba().orElseThrow());
            assertEquals(List.of(), reader.skipped());
        }
        assertEquals(whole.subList(0, whole.size() / 2).stream().map(TrailRecord::position).toList(), read);
        try (RecordReader reader = damaged.records(new ReadOptions().resync(true))) {
            assertEquals(whole.size() - 1, reader.stream().count());
        }
        try (RecordReader reader = damaged.records(new ReadOptions().resync(true))) {
            reader.forEach(record -> { });
            assertEquals(victim.position(), reader.skipped().get(0).from());
            assertNull(reader.next());
        }
        try (RecordReader reader = Trail.of(Arrays.copyOf(bytes, 20)).records()) {
            assertThrows(TrailException.Truncated.class, reader::next);
        }
    }

    @Test
    void listenerExceptionIsThrownUnchanged() {
        Trail trail = Trail.of(Samples.rates(60_000));
        IllegalArgumentException failure = new IllegalArgumentException("enough");
        ReadOptions options = new ReadOptions().onProgress(progress -> {
            if (progress.bytes() > 1 << 20) {
                throw failure;
            }
            return true;
        });
        try (RecordReader reader = trail.records(options)) {
            List<TrailRecord> read = new ArrayList<>();
            assertSame(failure,
                    assertThrows(IllegalArgumentException.class, () -> reader.forEach(read::add)));
            assertTrue(read.size() > 1000, "only " + read.size());
        }
    }
}
