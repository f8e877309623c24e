package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Native objects: closing, garbage collection, races, panics. */
@Timeout(300)
class LifecycleTest {
    private static final Trail SMALL = Trail.of(Samples.rates(20));

    /** Collects garbage until at most this many native objects are left. */
    private static void assertLiveAtMost(long most) throws InterruptedException {
        for (int tries = 0; tries < 200 && Native.liveObjects() > most; tries++) {
            System.gc();
            Thread.sleep(10);
        }
        assertTrue(Native.liveObjects() <= most, Native.liveObjects() + " native objects, not " + most);
    }

    @Test
    void closedReaderStaysClosed() {
        TrailReader reader = SMALL.reader();
        Change change = reader.next();
        reader.close();
        reader.close();
        IllegalStateException error = assertThrows(IllegalStateException.class, reader::next);
        assertEquals("the TrailReader is closed", error.getMessage());
        assertThrows(IllegalStateException.class, reader::position);
        assertThrows(IllegalStateException.class, reader::skipped);
        assertThrows(IllegalStateException.class, () -> reader.iterator().hasNext());
        // Changes stay valid.
        assertEquals("C0", change.after().get("CODE").text());
        assertTrue(change.toJson().startsWith("{\"seqno\":0,"));
    }

    @Test
    void closedRecordReaderStaysClosed() {
        RecordReader records = SMALL.records();
        TrailRecord first = records.next();
        records.close();
        records.close();
        assertEquals(
                "the RecordReader is closed", assertThrows(IllegalStateException.class, records::next).getMessage());
        assertThrows(IllegalStateException.class, records::skipped);
        // Records stay valid.
        assertTrue(first.isFileHeader());
        RecordReader streamed = SMALL.records();
        try (var all = streamed.stream()) {
            assertTrue(all.count() > 20);
        }
        assertThrows(IllegalStateException.class, streamed::next);
    }

    @Test
    void streamClosesItsReader() {
        TrailReader reader = SMALL.reader();
        try (var changes = reader.stream()) {
            assertEquals(20, changes.count());
        }
        assertThrows(IllegalStateException.class, reader::next);
    }

    /** One thread reads while another closes, a hundred thousand times with varying timing. */
    @Test
    void closeAndNextRaceSafely() throws Exception {
        int races = 100_000;
        long before = Native.liveObjects();
        AtomicReference<TrailReader> turn = new AtomicReference<>();
        AtomicReference<Throwable> unexpected = new AtomicReference<>();
        int[] readToTheEnd = {0};
        int[] cutOff = {0};
        Thread reading = new Thread(() -> {
            for (int race = 0; race < races; race++) {
                TrailReader reader;
                while ((reader = turn.getAndSet(null)) == null) {
                    Thread.yield();
                }
                int read = 0;
                try {
                    for (; reader.next() != null; read++) {
                        reader.position();
                    }
                    readToTheEnd[0]++;
                } catch (IllegalStateException closed) {
                    // Expected in the thread that comes second.
                    cutOff[0] += read > 0 ? 1 : 0;
                } catch (Throwable other) {
                    unexpected.set(other);
                }
            }
        });
        reading.start();
        for (int race = 0; race < races; race++) {
            TrailReader reader = SMALL.reader();
            turn.set(reader);
            for (int wait = race % 997; wait > 0; wait--) {
                Thread.onSpinWait();
            }
            while (turn.get() != null && race % 3 != 0) {
                Thread.yield();
            }
            reader.close();
            while (turn.get() != null) {
                Thread.yield();
            }
        }
        reading.join();
        assertEquals(null, unexpected.get());
        assertTrue(readToTheEnd[0] > 0 && cutOff[0] > 0, readToTheEnd[0] + " to the end, " + cutOff[0] + " cut off");
        // Table definitions are left to the garbage collector; no reader is left.
        assertLiveAtMost(before);
    }

    @Test
    void unclosedObjectsAreFreedAndLogged() throws InterruptedException {
        Queue<LogRecord> log = new ConcurrentLinkedQueue<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                log.add(entry);
            }

            @Override
            public void flush() {
            }

            @Override
            public void close() {
            }
        };
        Logger logger = Logger.getLogger("io.trailcore");
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        try {
            long forgotten = NativeWorker.FORGOTTEN.get();
            long before = Native.liveObjects();
            forget();
            for (int tries = 0; tries < 200 && NativeWorker.FORGOTTEN.get() < forgotten + 4; tries++) {
                System.gc();
                Thread.sleep(10);
            }
            assertEquals(forgotten + 4, NativeWorker.FORGOTTEN.get());
            assertLiveAtMost(before);
            List<String> messages = log.stream().map(LogRecord::getMessage).sorted().toList();
            assertEquals(4, messages.size());
            assertTrue(messages.get(0).startsWith("a BatchReader was not closed"), messages::toString);
            assertTrue(messages.get(1).startsWith("a RecordReader was not closed"), messages::toString);
            assertTrue(messages.get(2).startsWith("a TrailReader was not closed"), messages::toString);
            assertTrue(messages.get(3).startsWith("a TrailWriter was not closed"), messages::toString);
            // Closed objects are not logged.
            for (int i = 0; i < 100; i++) {
                SMALL.reader().close();
            }
            assertLiveAtMost(before);
            assertEquals(forgotten + 4, NativeWorker.FORGOTTEN.get());
        } finally {
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }
    }

    private static void forget() {
        assertNotNull(SMALL.reader().next());
        assertNotNull(SMALL.batches().next());
        assertNotNull(SMALL.records().next());
        TrailWriter.inMemory("fo", new WriterOptions());
    }

    @Test
    void valuesAreFreedByTheGarbageCollector() throws InterruptedException {
        assertLiveAtMost(Native.liveObjects());
        long before = Native.liveObjects();
        for (int i = 0; i < 2000; i++) {
            Select filter = Select.parse("TABLE A.B" + i + ";").lenient();
            TableDef table = TableDef.of("A.B" + i, ColumnDef.varchar("C", 1));
            assertTrue(filter.explain(table).contains("A.B" + i));
            assertEquals(1, Catalog.of(table).names().size());
            assertEquals(20, SMALL.count().changes());
        }
        assertLiveAtMost(before);
    }

    @Test
    void catalogMayHaveManyTables() throws InterruptedException {
        long before = Native.liveObjects();
        TableDef[] tables = new TableDef[20_000];
        for (int i = 0; i < tables.length; i++) {
            tables[i] = TableDef.of("A.B" + i, ColumnDef.varchar("C", 1));
        }
        assertEquals(tables.length, Catalog.of(tables).names().size());
        tables = null;
        assertLiveAtMost(before);
    }

    /** Runs in a virtual machine with the native library that has the drill. */
    static final class Drilled {
        public static void main(String[] arguments) {
            try (TrailReader reader = SMALL.reader();
                    TrailReader other = SMALL.reader()) {
                TrailException.Internal error =
                        assertThrows(TrailException.Internal.class, () -> Drill.panic(reader.handle()));
                assertTrue(error.getMessage().contains("report this as a bug"), error.getMessage());
                assertEquals(1005, error.code());
                TrailException.Internal again = assertThrows(TrailException.Internal.class, reader::next);
                assertTrue(again.getMessage().contains("object unusable"), again.getMessage());
                assertNotNull(other.next());
            }
            System.out.println("contained");
        }
    }

    @Test
    void panicBecomesAnException(@TempDir Path folder) throws Exception {
        Path library = Path.of("../target/debug", System.mapLibraryName("trailcore_jni")).toAbsolutePath();
        Jvm.Result result = Jvm.run(folder, Map.of(), List.of("-Dtrailcore.native=" + library), Drilled.class.getName(), List.of());
        assertEquals("contained", new String(result.out(), StandardCharsets.UTF_8).strip(), result.err());
    }

    private static <T> List<T> inEightThreads(Callable<T> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                futures.add(threads.submit(work));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    /** Many arguments and many tables in one call. java.mk fails on warnings of -Xcheck:jni about leaked local references. */
    @Test
    void callsLeakNoReferences() {
        java.util.Map<String, byte[]> files = new java.util.LinkedHashMap<>();
        java.util.Map<String, ByteSource> sources = new java.util.LinkedHashMap<>();
        for (int file = 0; file < 200; file++) {
            try (TrailWriter writer = TrailWriter.inMemory("re", new WriterOptions().firstSeqno(file))) {
                writer.begin("1" + file, "1.1." + file, java.time.Instant.EPOCH);
                TableDef table = TableDef.of("T.N" + file, ColumnDef.varchar("C", 9));
                writer.insert(table, new RowImage().text("C", "row " + file));
                writer.commit();
                files.putAll(writer.finish());
            }
        }
        files.forEach((name, bytes) -> sources.put(name, new ByteSource() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public int read(long offset, java.nio.ByteBuffer into) {
                int read = (int) Math.min(into.remaining(), bytes.length - offset);
                into.put(bytes, (int) offset, read);
                return read;
            }
        }));
        for (Trail trail : List.of(Trail.ofFiles(files), Trail.ofSources(sources))) {
            try (TrailReader reader = trail.reader();
                    BatchReader batches = trail.batches()) {
                assertEquals(200, reader.stream().map(Change::tableName).distinct().count());
                int tables = 0;
                for (ColumnBatch batch : batches) {
                    assertEquals(1, batch.size());
                    tables++;
                }
                assertEquals(200, tables);
            }
        }
    }

    @Test
    void eightThreadsReadOneTrailInParallel() throws Exception {
        Trail trail = Trail.open(Samples.BIG);
        Select filter = Select.parse("TABLE BANK.*;");
        List<String> expected = Samples.lines(Samples.DATA.resolve("big.jsonl"));
        for (List<String> lines : inEightThreads(() -> {
            List<String> all = new ArrayList<>();
            for (int round = 0; round < 5; round++) {
                all.clear();
                try (TrailReader reader = trail.reader(new ReadOptions().select(filter))) {
                    reader.forEach(change -> all.add(change.toJson()));
                }
            }
            return all;
        })) {
            assertEquals(expected, lines);
        }
    }

    @Test
    void eightThreadsShareOneReader() throws Exception {
        Trail trail = Trail.of(Samples.rates(20_000));
        Set<Position> seen = ConcurrentHashMap.newKeySet();
        try (TrailReader reader = trail.reader()) {
            List<Integer> counts = inEightThreads(() -> {
                int count = 0;
                for (Change change = reader.next(); change != null; change = reader.next()) {
                    assertTrue(seen.add(change.position()));
                    assertEquals(Samples.RATES.name(), change.tableName());
                    count++;
                }
                return count;
            });
            assertEquals(20_000, counts.stream().mapToInt(Integer::intValue).sum());
        }
    }
}
