package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Invalid calls on a writer, and values at the limits of Java types. */
class WriterTest {
    private static final TableDef TABLE =
            TableDef.of("A.B", ColumnDef.varchar("TEXT", 9), ColumnDef.number("NUMBER"), ColumnDef.dateTime("DAY", 0));

    @TempDir
    Path folder;

    /** Returns a trail with one row of {@link #TABLE}. */
    private static Trail of(RowImage row) {
        try (TrailWriter writer = TrailWriter.inMemory("wr", new WriterOptions())) {
            writer.begin("1", "1.1.1", Instant.EPOCH);
            writer.insert(TABLE, row);
            writer.commit();
            return Trail.ofFiles(writer.finish());
        }
    }

    @Test
    void rejectedCallLeavesTheImageUnchanged() {
        RowImage image = new RowImage().text("TEXT", "one");
        List<Consumer<RowImage>> refused = List.of(row -> row.text("NUMBER", null), row -> row.text(null, "x"),
                row -> row.nul(null), row -> row.decimal("NUMBER", null), row -> row.integer(null, 1),
                row -> row.number("NUMBER", null), row -> row.dateText("DAY", null), row -> row.date("DAY", null),
                row -> row.dateTime("DAY", null, 0), row -> row.bytes("TEXT", null));
        for (Consumer<RowImage> call : refused) {
            assertThrows(NullPointerException.class, () -> call.accept(image));
        }
        image.number("NUMBER", "7");
        try (TrailReader reader = of(image).reader()) {
            assertEquals("{TEXT=one, NUMBER=7}", reader.next().after().toMap().toString());
        }
    }

    @Test
    void unpairedSurrogateIsRejected() {
        RowImage image = new RowImage();
        for (String text : List.of("\uD800", "a\uDC00b", "\uDC00\uD800")) {
            assertThrows(IllegalArgumentException.class, () -> image.text("TEXT", text));
        }
        try (TrailReader reader = of(image.text("TEXT", "\uD83D\uDE00")).reader()) {
            assertEquals("\uD83D\uDE00", reader.next().after().get("TEXT").text());
        }
    }

    @Test
    void invalidOptionsAreRejected() {
        WriterOptions good = new WriterOptions();
        List<WriterOptions> bad = List.of(good.fileSize(-1), good.seqnoDigits(7), good.seqnoDigits(0), good.definitionVersion(2),
                good.definitionVersion(65_537));
        for (WriterOptions one : bad) {
            assertThrows(TrailException.InvalidArgument.class, () -> TrailWriter.inMemory("wr", one));
        }
        TrailWriter.inMemory("wr", good.seqnoDigits(6).definitionVersion(11).group("a \"quoted\" group")).close();
        try (TrailWriter writer = TrailWriter.inMemory("wr", good)) {
            assertThrows(IllegalArgumentException.class, () -> writer.token('\u0152', new byte[1]));
            writer.token('R', new byte[1]);
        }
    }

    @Test
    void finishReportsAnEarlierError() {
        try (TrailWriter writer = TrailWriter.create(folder.resolve("none/wr"), new WriterOptions())) {
            writer.begin("1", "1.1.1", Instant.EPOCH);
            RowImage row = new RowImage().text("TEXT", "one");
            writer.insert(TABLE, row);
            assertInstanceOf(TrailException.InvalidArgument.class, assertThrows(TrailException.class, writer::finish));
            TrailException failed = assertThrows(TrailException.Io.class, () -> writer.insert(TABLE, row));
            assertEquals(failed.getMessage(), assertThrows(TrailException.Io.class, writer::finish).getMessage());
        }
    }

    @Test
    void numbersBeyondBigDecimalAreReportedInBatches() {
        try (BatchReader batches = of(new RowImage().number("NUMBER", "1E-2147483648")).batches()) {
            ColumnVector number = batches.next().after("NUMBER");
            assertEquals("1E-2147483648", number.text(0));
            TrailException.ColumnValue error = assertThrows(TrailException.ColumnValue.class, () -> number.decimal(0));
            assertTrue(error.getMessage().contains("NUMBER of row 0"), error.getMessage());
        }
    }

    @Test
    void zeroDateIsAValueInRowsAndInvalidInBatches() {
        Trail trail = of(new RowImage().dateText("DAY", "0000-00-00:00:00:00"));
        try (TrailReader reader = trail.reader();
                BatchReader batches = trail.batches()) {
            assertEquals(ColumnState.VALUE, reader.next().after().state("DAY"));
            assertEquals(ColumnState.INVALID, batches.next().after("DAY").state(0));
        }
    }

    @Test
    void negativeIndexesAreRejected() {
        try (TrailReader reader = of(new RowImage().text("TEXT", "one")).reader()) {
            Row row = reader.next().after();
            assertThrows(IndexOutOfBoundsException.class, () -> row.get(-1));
            assertEquals(ColumnState.MISSING, row.get(1).state());
            assertEquals(ColumnState.MISSING, row.get(7).state());
        }
    }

    @Test
    void reportsStateWhatIsNotInAResult() {
        Trail trail;
        try (TrailWriter writer = TrailWriter.inMemory("wr", new WriterOptions())) {
            writer.begin("1", "1.1.1", Instant.EPOCH);
            writer.insert(TABLE, new RowImage().number("NUMBER", "7"));
            writer.truncate(TABLE);
            writer.commit();
            trail = Trail.ofFiles(writer.finish());
        }
        try (BatchReader batches = trail.batches()) {
            batches.forEach(batch -> assertEquals(1, batch.size()));
            assertEquals(Map.of("truncate", 1L), batches.report().leftOut());
        }
        ReadOptions options = new ReadOptions().select(Select.parse("TABLE A.B, WHERE (TEXT = 'x'); TABLE A.C;").lenient());
        try (TrailReader reader = trail.reader(options)) {
            reader.forEach(change -> { });
            ReadReport report = reader.report();
            assertEquals(Optional.of(List.of("A.C")), report.unmatched());
            assertEquals(List.of("TEXT"), report.causes().get(0).columns());
        }
        assertThrows(TrailException.InvalidArgument.class,
                () -> TableDef.of("A.B", ColumnDef.number("N"), ColumnDef.number("N")));
    }
}
