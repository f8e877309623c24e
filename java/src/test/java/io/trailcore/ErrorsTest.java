package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Errors as exceptions with their location, and exceptions of callbacks. */
class ErrorsTest {
    @TempDir
    Path folder;

    private static byte[] file() {
        return Samples.bytes(Samples.DATA.resolve("big/bk000000000"));
    }

    @Test
    void missingTrailIsNotFound() {
        TrailException.NotFound error =
                assertThrows(TrailException.NotFound.class, () -> Trail.open(folder.resolve("none/lt")));
        assertEquals(2, error.code());
        assertTrue(error.getMessage().contains("none/lt"), error.getMessage());
        assertInstanceOf(TrailException.Io.class, error);
    }

    @Test
    void otherBytesAreNotATrail() {
        try (TrailReader reader = Trail.of(new byte[4096]).reader()) {
            assertEquals(3, assertThrows(TrailException.NotATrail.class, reader::next).code());
        }
    }

    @Test
    void readingContinuesWhenATornFileGrows() throws IOException {
        byte[] whole = file();
        Path torn = folder.resolve("bk000000000");
        Files.write(torn, Arrays.copyOf(whole, whole.length - 10));
        int count;
        try (TrailReader reader = Trail.of(whole).reader()) {
            count = (int) reader.stream().count();
        }
        try (TrailReader reader = Trail.open(torn).reader()) {
            for (int i = 1; i < count; i++) {
                assertNotNull(reader.next());
            }
            TrailException.Truncated error = assertThrows(TrailException.Truncated.class, reader::next);
            assertTrue(error.file().orElseThrow().endsWith("bk000000000"));
            assertTrue(error.rba().isPresent());
            assertThrows(TrailException.Truncated.class, reader::next);
            Files.write(torn, whole);
            assertNotNull(reader.next());
            assertNull(reader.next());
        }
    }

    @Test
    void damageHasALocationAndCanBeSkipped() {
        byte[] damaged = file();
        for (int i = 6000; i < 6100; i++) {
            damaged[i] = 0;
        }
        Trail trail = Trail.of(damaged);
        List<Change> before = new ArrayList<>();
        try (TrailReader reader = trail.reader()) {
            TrailException.Corrupt error = assertThrows(TrailException.Corrupt.class, () -> reader.forEach(before::add));
            assertEquals(5, error.code());
            assertTrue(error.rba().orElseThrow() > 5000, error.getMessage());
            assertTrue(error.record().isPresent());
            assertThrows(TrailException.Corrupt.class, reader::next);
        }
        assertFalse(before.isEmpty());
        try (TrailReader reader = trail.reader(new ReadOptions().resync(true))) {
            long all = reader.stream().count();
            assertTrue(all > before.size());
            assertEquals(1, reader.skipped().size());
            Skipped skipped = reader.skipped().get(0);
            assertInstanceOf(TrailException.Corrupt.class, skipped.error());
            assertTrue(skipped.from().compareTo(skipped.to()) < 0);
        }
    }

    @Test
    void missingFilesAndInvalidPositionsAreReported() {
        List<Path> files = List.of(Samples.DATA.resolve("big/bk000000000"), Samples.DATA.resolve("big/bk000000002"));
        try (TrailReader reader = Trail.openFiles(files).reader()) {
            assertThrows(TrailException.SequenceGap.class, () -> reader.forEach(change -> { }));
        }
        ReadOptions inside = new ReadOptions().startAt(new Position(0, 3));
        assertThrows(TrailException.InvalidPosition.class, () -> Trail.open(Samples.BIG).reader(inside));
        assertThrows(TrailException.InvalidArgument.class, () -> Trail.openFiles(List.of()));
    }

    @Test
    void filterErrorsHaveTheirRange() {
        String text = "TABLE HR.EMP, FILTER (@STREQ (DEPT, 'SALES');";
        TrailException.Filter error = assertThrows(TrailException.Filter.class, () -> Select.parse(text));
        assertEquals(15, error.code());
        assertTrue(error.getMessage().contains("OGG-00370") && error.getMessage().contains("^"), error.getMessage());
        Diagnostic found = error.diagnostics().get(0);
        assertEquals(OptionalLong.of(370), found.oggNumber());
        assertTrue(found.isError());
        assertTrue(found.start() > 0 && found.end() <= text.length());
    }

    @Test
    void selectExplainsAndLints() {
        Select filter = Select.parse("TABLE HR.EMP, FILTER (SALARY > 1000);");
        TableDef table = TableDef.of("HR.EMP", ColumnDef.integer("SALARY", 2));
        assertTrue(filter.explain(table).contains("64-bit integer"), filter.explain(table));
        assertTrue(filter.problems(table).isEmpty());
        assertFalse(filter.problems(TableDef.of("HR.EMP", ColumnDef.integer("WAGE", 2))).isEmpty());
        assertTrue(filter.wants("HR.EMP"));
        assertFalse(filter.wants("HR.DEPT"));
        assertEquals(filter.toString(), Select.parse(filter.toString()).toString());
        Select doubtful = Select.parse("TABLE HR.EMP, FILTER (SALARY > 1 AND SALARY < 9 OR DEPT = 3);");
        assertFalse(doubtful.lints().isEmpty());
        assertTrue(doubtful.lintText().contains("^"), doubtful.lintText());
        assertThrows(TrailException.NotFound.class, () -> Select.fromFile(folder.resolve("none.prm")));
    }

    @Test
    void filterErrorsOfAFileNameTheFile() throws IOException {
        Path file = Files.writeString(folder.resolve("wrong.prm"), "TABLE HR.EMP, FILTER (SALARY >);");
        TrailException.Filter error = assertThrows(TrailException.Filter.class, () -> Select.fromFile(file));
        assertEquals(1, error.diagnostics().size());
        assertTrue(error.getMessage().contains("wrong.prm"), error.getMessage());
    }

    @Test
    void strictSelectionStopsAndContinues() {
        Trail trail = Trail.open(Samples.BIG);
        Select strict = Select.parse("TABLE BANK.POSTINGS, FILTER (@STRLEN (MEMO) > 0);");
        try (TrailReader reader = trail.reader(new ReadOptions().select(strict))) {
            TrailException.Undecidable error =
                    assertThrows(TrailException.Undecidable.class, () -> reader.forEach(change -> { }));
            assertEquals(16, error.code());
            assertTrue(error.rba().isPresent());
            // The next call continues after the change.
            int errors = 1;
            int accepted = 0;
            for (boolean ended = false; !ended; ) {
                try {
                    Change change = reader.next();
                    ended = change == null;
                    accepted += ended ? 0 : 1;
                } catch (TrailException.Undecidable again) {
                    errors++;
                }
            }
            assertEquals(errors, reader.filterCounts().undecidable());
            assertTrue(accepted > 0 && errors > 1);
        }
        try (TrailReader reader = trail.reader(new ReadOptions().select(strict.lenient()))) {
            assertTrue(reader.stream().count() > 0);
            assertTrue(reader.filterCounts().undecidable() > 0);
            assertTrue(reader.filterCounts().rejected() > 0);
        }
    }

    @Test
    void exceptionsCanBeSerialized() throws IOException, ClassNotFoundException {
        TrailException error = assertThrows(TrailException.NotFound.class, () -> Trail.open(folder.resolve("none")));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ObjectOutputStream objects = new ObjectOutputStream(out)) {
            objects.writeObject(error);
        }
        try (ObjectInputStream objects = new ObjectInputStream(new ByteArrayInputStream(out.toByteArray()))) {
            TrailException again = (TrailException) objects.readObject();
            assertEquals(error.getMessage(), again.getMessage());
            assertInstanceOf(TrailException.NotFound.class, again);
            assertTrue(again.rba().isEmpty());
        }
    }

    @Test
    void everyErrorKindHasAClass() {
        List<Class<?>> classes = new ArrayList<>();
        for (int code = 1; code <= 19; code++) {
            Wire.Writer message = new Wire.Writer().u16(code).text("m").maybeText("f").bool(true).i64(7).bool(false).i64(0)
                    .bool(true).i64(3).i32(0);
            TrailException error = TrailException.of(message.toBytes());
            assertEquals(code, error.code());
            assertEquals("m", error.getMessage());
            assertEquals("f", error.file().orElseThrow());
            assertEquals(OptionalLong.of(7), error.rba());
            assertTrue(error.offset().isEmpty());
            assertEquals(OptionalLong.of(3), error.record());
            assertFalse(classes.contains(error.getClass()));
            assertFalse(error.getClass() == TrailException.class, "code " + code);
            classes.add(error.getClass());
        }
    }

    /** Bytes in memory, which fail from an offset on. */
    private static final class Failing implements ByteSource {
        private final byte[] bytes;
        private Throwable failure;
        private long from;

        Failing(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public int read(long offset, ByteBuffer into) throws IOException {
            int read = (int) Math.min(into.remaining(), bytes.length - offset);
            if (failure != null && offset + read > from) {
                sneak(failure);
            }
            into.put(bytes, (int) offset, read);
            return read;
        }

        @SuppressWarnings("unchecked")
        private static <T extends Throwable> void sneak(Throwable failure) throws T {
            throw (T) failure;
        }
    }

    static List<Throwable> failures() {
        return List.of(new IOException("no bytes"), new IllegalStateException("not now"), new AssertionError("never"),
                new StackOverflowError(), new OutOfMemoryError("of a callback"), new TrailException.NotFound(
                        new TrailException.Details(2, "in another trail")));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void sourceExceptionIsThrownUnchanged(Throwable failure) {
        byte[] large = Samples.rates(60_000);
        Failing source = new Failing(large);
        source.failure = failure;
        source.from = 3 << 20;
        try (TrailReader reader = Trail.of("ra000000000", source).reader()) {
            int read = 0;
            Throwable thrown = null;
            try {
                while (reader.next() != null) {
                    read++;
                }
            } catch (Throwable caught) {
                thrown = caught;
            }
            assertSame(failure, thrown);
            assertTrue(read > 1000, "mid-stream, after " + read);
            assertSame(failure, assertThrows(Throwable.class, reader::next));
        }
    }

    @Test
    void invalidSourceResultsAreRejected() {
        byte[] bytes = file();
        ByteSource tooMuch = new ByteSource() {
            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public int read(long offset, ByteBuffer into) {
                return into.remaining() + 1;
            }
        };
        try (TrailReader reader = Trail.of("bk000000000", tooMuch).reader()) {
            assertThrows(IllegalStateException.class, reader::next);
        }
        ByteSource negative = new ByteSource() {
            @Override
            public long size() {
                return -1;
            }

            @Override
            public int read(long offset, ByteBuffer into) {
                return -1;
            }
        };
        assertThrows(IllegalStateException.class, () -> Trail.of("bk000000000", negative).size());
        assertThrows(NullPointerException.class, () -> Trail.of("bk000000000", (ByteSource) null));
    }

    @Test
    void bytesAreReadFromChannelsStreamsAndSources() throws IOException {
        List<String> expected = Samples.lines(Samples.DATA.resolve("big.jsonl"));
        java.util.Map<String, ByteSource> sources = new java.util.LinkedHashMap<>();
        List<FileChannel> channels = new ArrayList<>();
        for (TrailFile file : Trail.open(Samples.BIG).files()) {
            FileChannel channel = FileChannel.open(Path.of(file.path()));
            channels.add(channel);
            ByteSource whole = ByteSource.of(channel);
            // Returns fewer bytes than requested, which is allowed.
            sources.put(file.path(), new ByteSource() {
                @Override
                public long size() throws IOException {
                    return whole.size();
                }

                @Override
                public int read(long offset, ByteBuffer into) throws IOException {
                    into.limit(Math.min(into.limit(), into.position() + 7777));
                    return whole.read(offset, into);
                }
            });
        }
        try (TrailReader reader = Trail.ofSources(sources).reader()) {
            assertEquals(expected, reader.stream().map(Change::toJson).toList());
        }
        for (FileChannel channel : channels) {
            channel.close();
        }
        try (InputStream in = Files.newInputStream(Samples.DATA.resolve("big/bk000000000"));
                TrailReader reader = Trail.of(in).reader()) {
            assertEquals(expected.get(0), reader.next().toJson());
        }
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("broken");
            }
        };
        assertEquals("broken", assertThrows(IOException.class, () -> Trail.of(broken)).getMessage());
    }

    @Test
    void closedChannelThrowsItsOwnException() throws IOException {
        FileChannel channel = FileChannel.open(Samples.DATA.resolve("big/bk000000000"));
        try (TrailReader reader = Trail.of("bk000000000", ByteSource.of(channel)).reader()) {
            channel.close();
            assertThrows(java.nio.channels.ClosedChannelException.class, reader::next);
        }
    }

    @Test
    void listenerReceivesProgressAndCanStop() {
        Trail trail = Trail.of(Samples.rates(60_000));
        List<Progress> received = new ArrayList<>();
        AtomicBoolean goesOn = new AtomicBoolean();
        ProgressListener listener = progress -> {
            received.add(progress);
            return goesOn.get();
        };
        try (TrailReader reader = trail.reader(new ReadOptions().onProgress(listener))) {
            TrailException.Cancelled error = assertThrows(TrailException.Cancelled.class, reader::next);
            assertEquals(17, error.code());
            goesOn.set(true);
            assertEquals(60_000, reader.stream().count());
        }
        assertTrue(received.size() > 2);
        assertEquals(trail.size(), received.get(received.size() - 1).bytes());
    }

    @Test
    void listenerExceptionIsThrownOnceAndReadingContinues() {
        Trail trail = Trail.of(Samples.rates(60_000));
        AtomicInteger calls = new AtomicInteger();
        RuntimeException failure = new IllegalArgumentException("enough");
        ProgressListener listener = progress -> {
            if (calls.incrementAndGet() == 3) {
                throw failure;
            }
            return true;
        };
        try (TrailReader reader = trail.reader(new ReadOptions().onProgress(listener))) {
            int read = 0;
            RuntimeException thrown = null;
            try {
                while (reader.next() != null) {
                    read++;
                }
            } catch (IllegalArgumentException caught) {
                thrown = caught;
            }
            assertSame(failure, thrown);
            assertEquals(60_000, read + reader.stream().count());
        }
        calls.set(0);
        try (BatchReader batches = trail.batches(new ReadOptions().onProgress(listener), new BatchOptions().rows(100_000))) {
            int rows = 0;
            RuntimeException thrown = null;
            for (boolean ended = false; !ended; ) {
                try {
                    ColumnBatch batch = batches.next();
                    ended = batch == null;
                    rows += ended ? 0 : batch.size();
                } catch (IllegalArgumentException caught) {
                    thrown = caught;
                }
            }
            assertSame(failure, thrown);
            assertEquals(60_000, rows);
        }
    }

    /** A callback that uses its reader fails. A callback that closes its reader takes effect when the call ends. */
    @Test
    void callbackCannotUseItsReaderButMayCloseIt() {
        Trail trail = Trail.of(Samples.rates(60_000));
        AtomicReference<TrailReader> own = new AtomicReference<>();
        ProgressListener reads = progress -> own.get().next() != null;
        try (TrailReader reader = trail.reader(new ReadOptions().onProgress(reads))) {
            own.set(reader);
            IllegalStateException error = assertThrows(IllegalStateException.class, reader::next);
            assertTrue(error.getMessage().contains("callback"), error.getMessage());
        }
        ProgressListener closes = progress -> {
            own.get().close();
            return true;
        };
        try (TrailReader reader = trail.reader(new ReadOptions().onProgress(closes))) {
            own.set(reader);
            assertNotNull(reader.next());
            assertThrows(IllegalStateException.class, reader::next);
        }
    }

    @Test
    void nullArgumentsAreRejected() {
        assertThrows(NullPointerException.class, () -> Trail.open(null));
        assertThrows(NullPointerException.class, () -> Trail.of((byte[]) null));
        assertThrows(NullPointerException.class, () -> Select.parse(null));
        assertThrows(NullPointerException.class, () -> Catalog.parse(null));
        assertThrows(NullPointerException.class, () -> Trail.open(Samples.BIG).findCsn(null));
        assertThrows(NullPointerException.class, () -> Trail.ofFiles(java.util.Collections.singletonMap("a", null)));
        assertThrows(NullPointerException.class, () -> TableDef.of(null));
        assertThrows(TrailException.InvalidArgument.class,
                () -> Trail.open(Samples.BIG).batches(new ReadOptions(), new BatchOptions().rows(0)));
    }
}
