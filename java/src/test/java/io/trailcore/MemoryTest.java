package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An OutOfMemoryError never loses rows silently, and the memory of a reader does not grow with the trail. */
class MemoryTest {
    private static final int ROWS = 60_000;
    private static final String REJECTED = "rejected";

    @TempDir
    Path folder;

    private String run(String option, Class<?> program) throws IOException, InterruptedException {
        List<String> options = List.of(option, "-XX:+UseSerialGC");
        Jvm.Result result = Jvm.run(folder, Map.of(), options, program.getName(), List.of());
        assertEquals(0, result.status(), result.err());
        return new String(result.out(), StandardCharsets.UTF_8);
    }

    /** Returns the outcome of a call as one word or message. */
    private static String outcome(Supplier<Object> call) {
        try {
            return String.valueOf(call.get());
        } catch (OutOfMemoryError error) {
            return "no memory";
        } catch (TrailException.InvalidArgument error) {
            return error.getMessage().contains("were lost") ? REJECTED : error.getMessage();
        }
    }

    /** A program without memory for the first batch. */
    static final class NoArena {
        public static void main(String[] arguments) {
            try (BatchReader batches = Trail.of(Samples.rates(20)).batches()) {
                System.out.print(outcome(batches::next));
                System.out.print(", " + outcome(batches::next) + ", " + outcome(batches::next));
                System.out.print(", " + outcome(batches::position));
            }
        }
    }

    @Test
    void lostRowsOfABatchAreReported() throws IOException, InterruptedException {
        String outcomes = run("-XX:MaxDirectMemorySize=1m", NoArena.class);
        assertEquals("no memory, rejected, rejected, rejected", outcomes);
    }

    /** A program whose heap is exhausted while a reader reads. */
    static final class NoHeap {
        private static List<byte[]> taken;

        private static void takeAll() {
            taken = new ArrayList<>(1 << 16);
            for (int size = 1 << 20; size >= 1 << 12; size /= 2) {
                try {
                    while (true) {
                        taken.add(new byte[size]);
                    }
                } catch (OutOfMemoryError full) {
                    // Expected.
                }
            }
        }

        /** Counts while the heap is exhausted for a time. Either all items are returned, or none after the lost ones. */
        private static String count(Supplier<Object> next) {
            int count = 0;
            boolean failed = false;
            next.get();
            count++;
            takeAll();
            while (true) {
                try {
                    if (next.get() == null) {
                        return (failed ? "" : "memory was not exhausted, ") + count;
                    }
                    count++;
                } catch (OutOfMemoryError full) {
                    taken = null;
                    failed = true;
                } catch (TrailException.InvalidArgument error) {
                    return failed ? outcome(next::get) : error.toString();
                }
            }
        }

        public static void main(String[] arguments) throws IOException {
            Trail trail = Trail.of(Samples.rates(ROWS));
            try (TrailReader reader = trail.reader()) {
                System.out.println(count(reader::next));
            }
            try (RecordReader records = trail.records()) {
                System.out.println(count(records::next));
            }
            try (TrailReader reader = trail.reader()) {
                Supplier<Object> write = () -> {
                    try {
                        reader.writeJson(OutputStream.nullOutputStream());
                        return "written";
                    } catch (IOException error) {
                        return error;
                    }
                };
                takeAll();
                String first = outcome(write);
                taken = null;
                System.out.println(first + ", " + outcome(write) + ", " + outcome(reader::next));
            }
        }
    }

    @Test
    void lostChangesAreReported() throws IOException, InterruptedException {
        String[] outcomes = run("-Xmx64m", NoHeap.class).split("\\R");
        assertEquals(3, outcomes.length, String.join("; ", outcomes));
        assertTrue(outcomes[0].equals(REJECTED) || outcomes[0].equals(Integer.toString(ROWS)), outcomes[0]);
        long records;
        try (RecordReader all = Trail.of(Samples.rates(ROWS)).records()) {
            records = all.stream().count();
        }
        assertTrue(outcomes[1].equals(REJECTED) || outcomes[1].equals(Long.toString(records)), outcomes[1]);
        assertEquals("no memory, rejected, rejected", outcomes[2]);
    }

    /** A program with a small heap, in which another thread makes garbage, and whose reading thread has been interrupted. */
    static final class SmallHeap {
        private static volatile byte[] garbage;

        public static void main(String[] arguments) {
            Thread other = new Thread(() -> {
                while (true) {
                    garbage = new byte[1 << 16];
                }
            });
            other.setDaemon(true);
            other.start();
            Trail trail = Trail.of(Samples.rates(ROWS));
            Thread.currentThread().interrupt();
            long changes = 0;
            try (TrailReader reader = trail.reader()) {
                for (Change change : reader) {
                    changes += change.after() != null ? 1 : 0;
                }
            }
            long rows = 0;
            try (BatchReader batches = trail.batches()) {
                for (ColumnBatch batch = batches.next(); batch != null; batch = batches.next()) {
                    rows += batch.size();
                }
            }
            // An interrupt is for the caller: reading neither stops nor clears it.
            System.out.print(changes + ", " + rows + ", " + Thread.currentThread().isInterrupted());
        }
    }

    @Test
    void smallHeapsAndInterruptsLoseNothing() throws IOException, InterruptedException {
        assertEquals(ROWS + ", " + ROWS + ", true", run("-Xmx32m", SmallHeap.class));
    }

    @Test
    void headersOfFinishedFilesAreFreed() throws InterruptedException {
        int count = 2000;
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (int seqno = 0; seqno < count; seqno++) {
            try (TrailWriter writer = TrailWriter.inMemory("he", new WriterOptions().firstSeqno(seqno))) {
                writer.begin(Integer.toString(1000 + seqno), "1.1." + seqno, Instant.EPOCH);
                writer.insert(Samples.RATES, new RowImage().text("CODE", "EUR"));
                writer.commit();
                files.putAll(writer.finish());
            }
        }
        try (TrailReader reader = Trail.ofFiles(files).reader()) {
            Change kept = reader.next();
            assertEquals("1000", kept.fileHeader().orElseThrow().get(HeaderField.FIRST_CSN).orElseThrow());
            WeakReference<FileHeader> second = new WeakReference<>(reader.next().fileHeader().orElseThrow());
            long live = Native.liveObjects();
            int read = 2;
            for (Change change : reader) {
                assertEquals(Integer.toString(1000 + read), change.fileHeader().orElseThrow().get(HeaderField.FIRST_CSN).orElseThrow());
                read++;
            }
            assertEquals(count, read);
            for (int tries = 0; tries < 200 && second.get() != null; tries++) {
                System.gc();
                Thread.sleep(10);
            }
            assertNull(second.get());
            assertTrue(Native.liveObjects() <= live + 10, (Native.liveObjects() - live) + " more native objects");
            assertEquals("1000", kept.fileHeader().orElseThrow().get(HeaderField.FIRST_CSN).orElseThrow());
        }
    }
}
