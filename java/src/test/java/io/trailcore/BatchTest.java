package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Column batches equal the changes. */
class BatchTest {
    /** Returns states and values of all columns as text. */
    private static String ofRow(Row row, TableDef table) {
        List<String> words = new ArrayList<>();
        for (int index = 0; index < table.columns().size(); index++) {
            Column column = row == null ? Column.missing(table, index) : row.get(index);
            words.add(column.state() + (column.state() == ColumnState.VALUE ? " " + column.value() : ""));
        }
        return words.toString();
    }

    private static Object value(ColumnVector column, int row) {
        return switch (column.type()) {
            case INTEGER, UNSIGNED, DIGITS -> column.decimal(row);
            case DATE_TIME -> column.dateTime(row);
            case TEXT -> column.text(row);
            case BYTES -> column.bytes(row);
        };
    }

    private static String ofVectors(List<ColumnVector> columns, int row) {
        List<String> words = new ArrayList<>();
        for (ColumnVector column : columns) {
            ColumnState state = column.state(row);
            words.add(state + (state == ColumnState.VALUE ? " " + value(column, row) : ""));
        }
        return words.toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 8192})
    void columnsEqualChanges(int rows) {
        for (Trail trail : List.of(Trail.open(Samples.BIG), Trail.open(Samples.LITTLE), Trail.of(Samples.rates(500)))) {
            Map<Position, String> expected = new HashMap<>();
            try (TrailReader reader = trail.reader()) {
                for (Change change : reader) {
                    if (change.before() != null || change.after() != null) {
                        expected.put(change.position(), change.op() + " " + change.timestamp()
                                + ofRow(change.before(), change.table()) + ofRow(change.after(), change.table()));
                    }
                }
            }
            try (BatchReader batches = trail.batches(new ReadOptions(), new BatchOptions().rows(rows))) {
                for (ColumnBatch batch : batches) {
                    assertTrue(batch.size() <= rows);
                    for (int row = 0; row < batch.size(); row++) {
                        String found = batch.op(row) + " " + batch.timestamp(row) + ofVectors(batch.before(), row)
                                + ofVectors(batch.after(), row);
                        assertEquals(expected.remove(batch.position(row)), found);
                    }
                }
                assertNull(batches.next());
            }
            assertTrue(expected.isEmpty(), expected::toString);
        }
    }

    @Test
    void onlyWantedColumnsAreDecoded() {
        BatchOptions wanted = new BatchOptions().columns("bank.postings", "amount", "MEMO");
        try (BatchReader batches = Trail.open(Samples.BIG).batches(new ReadOptions(), wanted)) {
            ColumnBatch batch = batches.next();
            assertEquals("BANK.POSTINGS", batch.table().name());
            assertEquals(List.of("AMOUNT", "MEMO"), batch.after().stream().map(ColumnVector::name).toList());
            ColumnVector amount = batch.after("Amount");
            LongBuffer longs = amount.longs();
            for (int row = 0; row < batch.size(); row++) {
                if (amount.state(row) == ColumnState.VALUE) {
                    assertEquals(amount.decimal(row).unscaledValue().longValueExact(), longs.get(row));
                }
            }
            assertThrows(TrailException.InvalidArgument.class, () -> batch.after("POSTING_ID"));
            assertThrows(TrailException.InvalidArgument.class, () -> batch.after("NOPE"));
            assertThrows(TrailException.ColumnValue.class, amount::bytes);
            assertThrows(TrailException.ColumnValue.class, () -> batch.after("MEMO").longs());
            assertNull(batches.next());
        }
    }

    @Test
    void buffersAreReadOnlyAndOutliveTheirReader() {
        Trail trail = Trail.of(Samples.rates(60_000));
        List<LongBuffer> kept = new ArrayList<>();
        List<ColumnBatch> old = new ArrayList<>();
        long sum = 0;
        try (BatchReader batches = trail.batches(new ReadOptions(), new BatchOptions().rows(20_000))) {
            for (ColumnBatch batch : batches) {
                LongBuffer rates = batch.after("RATE").longs();
                for (int row = 0; row < batch.size(); row++) {
                    sum += rates.get(row);
                }
                kept.add(rates);
                old.add(batch);
                assertThrows(ReadOnlyBufferException.class, () -> rates.put(0, 7));
                assertTrue(rates.isDirect());
                assertEquals(batch.size(), batch.ops().remaining());
                assertThrows(IndexOutOfBoundsException.class, () -> rates.get(batch.size()));
            }
        }
        assertEquals(60_000L * 59_999 / 2, sum);
        assertEquals(3, old.size());
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> old.get(0).after());
        assertTrue(error.getMessage().contains("no longer valid"), error.getMessage());
        System.gc();
        // The values are others by now, but the memory is valid.
        for (LongBuffer rates : kept) {
            for (int row = 0; row < rates.capacity(); row++) {
                sum += rates.get(row);
            }
        }
        assertTrue(sum > 0);
    }

    @Test
    void rowsBeforeDamageAreReturnedFirst() {
        byte[] damaged = Samples.rates(1000);
        for (int i = damaged.length / 2; i < damaged.length / 2 + 50; i++) {
            damaged[i] = 0;
        }
        try (BatchReader batches = Trail.of(damaged).batches()) {
            ColumnBatch batch = batches.next();
            assertTrue(batch.size() > 100 && batch.size() < 1000);
            assertThrows(TrailException.Corrupt.class, batches::next);
            assertThrows(TrailException.Corrupt.class, batches::next);
        }
        try (BatchReader batches = Trail.of(damaged).batches(new ReadOptions().resync(true), new BatchOptions())) {
            assertNotNull(batches.next());
            assertEquals(1, batches.skipped().size());
        }
    }

    /** A batch that is larger than the arena makes it grow. */
    @Test
    void memoryGrowsWithTheBatches() {
        TableDef wide = TableDef.of("T.WIDE", ColumnDef.varchar("TEXT", 4000));
        try (TrailWriter writer = TrailWriter.inMemory("wi", new WriterOptions())) {
            writer.begin("1", "1.1.1", java.time.Instant.EPOCH);
            for (int row = 0; row < 2000; row++) {
                writer.insert(wide, new RowImage().text("TEXT", "x".repeat(2 * row)));
            }
            writer.commit();
            try (BatchReader batches = Trail.ofFiles(writer.finish()).batches(new ReadOptions(), new BatchOptions().rows(5000))) {
                ColumnBatch batch = batches.next();
                assertEquals(2000, batch.size());
                ColumnVector text = batch.after("TEXT");
                ByteBuffer bytes = text.bytes();
                for (int row = 0; row < 2000; row++) {
                    assertEquals(2 * row, text.offsets().get(row + 1) - text.offsets().get(row));
                }
                assertEquals(1999 * 2000, bytes.remaining());
                assertEquals("x".repeat(3998), text.text(1999));
            }
        }
    }
}
