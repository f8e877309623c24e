package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Arrow streams, imported by arrow-java. */
class ArrowTest {
    private static final String TABLE = "BANK.POSTINGS";

    @TempDir
    Path folder;

    @Test
    void tableIsReadAsRecordBatches() throws IOException {
        Trail trail = Trail.open(Samples.BIG);
        List<String> expected = new ArrayList<>();
        try (TrailReader reader = trail.reader()) {
            for (Change change : reader) {
                if (change.tableName().equals(TABLE) && change.op() == Op.INSERT) {
                    expected.add(change.after().get("AMOUNT").decimal() + " " + change.after().get("MEMO").value());
                }
            }
        }
        long before = Native.liveObjects();
        List<String> found = new ArrayList<>();
        ArrowOptions options = new ArrowOptions().rows(7).columns("AMOUNT", "MEMO");
        try (BufferAllocator allocator = new RootAllocator();
                ArrowReader reader = ArrowStreams.open(allocator, trail, TABLE, new ReadOptions(), options)) {
            // Blocks of changes that the garbage collector frees meanwhile may make it less.
            assertTrue(Native.liveObjects() <= before + 1);
            while (reader.loadNextBatch()) {
                VectorSchemaRoot root = reader.getVectorSchemaRoot();
                assertTrue(root.getRowCount() <= 7);
                for (int row = 0; row < root.getRowCount(); row++) {
                    if (root.getVector("_op").getObject(row).toString().equals("insert")) {
                        FieldVector amount = root.getVector("AMOUNT");
                        Object memo = root.getVector("MEMO").getObject(row);
                        found.add(amount.getObject(row) + " " + memo);
                    }
                }
            }
        }
        assertEquals(expected, found);
        assertTrue(Native.liveObjects() <= before);
    }

    @Test
    void jsonLinesGiveTheRecordBatchesOfTheTrail() throws IOException {
        Trail trail = Trail.open(Samples.BIG);
        Trail lines = Trail.open(Samples.DATA.resolve("big.jsonl"));
        ReadOptions defined = new ReadOptions().catalog(LinesTest.definitions(trail));
        List<String> expected = batches(trail, new ReadOptions());
        assertTrue(expected.size() > 10);
        assertEquals(expected, batches(lines, defined));
    }

    /** Returns all rows as text. */
    private static List<String> batches(Trail trail, ReadOptions options) throws IOException {
        List<String> rows = new ArrayList<>();
        try (BufferAllocator allocator = new RootAllocator();
                ArrowReader reader = ArrowStreams.open(allocator, trail, TABLE, options, new ArrowOptions())) {
            while (reader.loadNextBatch()) {
                VectorSchemaRoot root = reader.getVectorSchemaRoot();
                rows.addAll(List.of(root.contentToTSVString().split("\n")));
            }
        }
        return rows;
    }

    @Test
    void layoutAndStatesAreOptional() throws IOException {
        ArrowOptions options = new ArrowOptions().layout(ArrowOptions.Layout.CHANGES).states(true)
                .numbers(ArrowOptions.Numbers.TEXT).times(ArrowOptions.Times.MICROS).invalid(ArrowOptions.Invalid.NULL)
                .onSchemaChange(ArrowOptions.SchemaChange.UNION);
        try (BufferAllocator allocator = new RootAllocator();
                ArrowReader reader =
                        ArrowStreams.open(allocator, Trail.open(Samples.LITTLE), TABLE, new ReadOptions(), options)) {
            assertTrue(reader.loadNextBatch());
            VectorSchemaRoot root = reader.getVectorSchemaRoot();
            assertNotNull(root.getVector("before"));
            assertNotNull(root.getVector("_after_states"));
        }
    }

    /** JNI looks up classes in the class loader of the calling code, which inside a stream is that of Arrow. */
    @Test
    void callbacksWorkFromAnotherClassLoader() throws IOException, InterruptedException {
        List<String> options = List.of("-cp", ChildLoaderMain.parentPath(), "--add-opens=java.base/java.nio=ALL-UNNAMED");
        List<String> folders = List.of(ChildLoaderMain.folder(Trail.class), ChildLoaderMain.folder(ArrowTest.class));
        Map<String, String> environment = Map.of("TRAILCORE_LIBRARY", "");
        Jvm.Result result = Jvm.run(folder, environment, options, ChildLoaderMain.class.getName(), folders);
        assertEquals(0, result.status(), result.err());
        assertEquals("500 rows, notified", new String(result.out(), StandardCharsets.UTF_8));
    }

    @Test
    void errorsAreThrown() throws IOException {
        Trail trail = Trail.open(Samples.BIG);
        try (BufferAllocator allocator = new RootAllocator()) {
            TrailException.UnknownTable error = assertThrows(TrailException.UnknownTable.class,
                    () -> ArrowStreams.open(allocator, trail, "BANK.NONE", new ReadOptions(), new ArrowOptions()));
            assertEquals(19, error.code());
            assertThrows(IllegalArgumentException.class,
                    () -> trail.exportArrow(TABLE, new ReadOptions(), new ArrowOptions(), 0));
            byte[] rates = Samples.rates(60_000);
            ByteSource broken = new ByteSource() {
                @Override
                public long size() {
                    return rates.length;
                }

                @Override
                public int read(long offset, ByteBuffer into) throws IOException {
                    if (offset > 2 << 20) {
                        throw new IOException("no bytes");
                    }
                    int read = (int) Math.min(into.remaining(), rates.length - offset);
                    into.put(rates, (int) offset, read);
                    return read;
                }
            };
            ArrowOptions small = new ArrowOptions().rows(1000);
            try (ArrowReader reader = ArrowStreams.open(
                    allocator, Trail.of("ra000000000", broken), "BANK.RATES", new ReadOptions(), small)) {
                IOException thrown = assertThrows(IOException.class, () -> {
                    while (reader.loadNextBatch()) {
                        assertTrue(reader.getVectorSchemaRoot().getRowCount() > 0);
                    }
                });
                assertTrue(thrown.getMessage().contains("ra000000000"), thrown.getMessage());
                assertTrue(thrown.getMessage().contains("java.io.IOException: no bytes"), thrown.getMessage());
            }
            ReadOptions listened = new ReadOptions().onProgress(progress -> {
                if (progress.bytes() > 2 << 20) {
                    throw new IllegalStateException("no more");
                }
                return true;
            });
            try (ArrowReader reader = ArrowStreams.open(
                    allocator, Trail.of(rates), "BANK.RATES", listened, small)) {
                IOException thrown = assertThrows(IOException.class, () -> {
                    while (reader.loadNextBatch()) {
                        assertTrue(reader.getVectorSchemaRoot().getRowCount() > 0);
                    }
                });
                assertTrue(thrown.getMessage().contains("java.lang.IllegalStateException: no more"), thrown.getMessage());
            }
        }
    }
}
