package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values of all types and states, written and read. */
class ValuesTest {
    private static final TableDef TABLE = TableDef.of("T.ALL",
            ColumnDef.integer("ID", 0).asKey(),
            ColumnDef.integer("AMOUNT", 2),
            ColumnDef.number("BIG"),
            ColumnDef.varchar("NAME", 60),
            ColumnDef.character("CODE", 4),
            ColumnDef.dateTime("AT", 9),
            ColumnDef.dateTime("DAY", 0),
            ColumnDef.binary("RAW", 20));
    private static final Instant TIME = Instant.parse("2024-03-01T09:15:02.000123Z");

    @TempDir
    Path folder;

    private static Trail written(WriterOptions options, java.util.function.Consumer<TrailWriter> rows) {
        try (TrailWriter writer = TrailWriter.inMemory("va", options)) {
            writer.begin("7824140001", "4.17.220311", TIME);
            rows.accept(writer);
            writer.commit();
            return Trail.ofFiles(writer.finish());
        }
    }

    private static RowImage full() {
        return new RowImage().integer("ID", 7).decimal("AMOUNT", new BigDecimal("-120.50"))
                .number("BIG", "12345678901234567890123456789012345678901234567890.10").text("NAME", "Grüße 你好 😀")
                .text("CODE", "EUR ").dateTime("AT", LocalDateTime.of(2024, 2, 29, 23, 59, 58, 123456789), 9)
                .dateText("DAY", "0000-00-00:00:00:00").bytes("RAW", new byte[] {0, -1, 7});
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyTypeIsReadExactly(boolean little) {
        Trail trail = written(new WriterOptions().order(little ? WriterOptions.ByteOrder.LITTLE : WriterOptions.ByteOrder.BIG), writer -> writer.insert(TABLE, full()));
        try (TrailReader reader = trail.reader()) {
            Change change = reader.next();
            assertEquals(Op.INSERT, change.op());
            assertEquals("T.ALL", change.tableName());
            assertEquals(TIME, change.timestamp());
            assertEquals("7824140001", change.csn().orElseThrow());
            assertEquals("4.17.220311", change.xid().orElseThrow());
            assertEquals(TransactionIndicator.ONLY, change.transaction());
            assertNull(change.before());
            Row row = change.after();
            assertEquals(8, row.size());
            assertEquals(7, row.get("ID").longValue());
            assertEquals(new BigDecimal("-120.50"), row.get("AMOUNT").decimal());
            assertEquals(
                    new BigDecimal("12345678901234567890123456789012345678901234567890.10"), row.get("big").decimal());
            assertEquals("Grüße 你好 😀", row.get("NAME").text());
            assertEquals("EUR ", row.get("CODE").value());
            assertEquals(LocalDateTime.of(2024, 2, 29, 23, 59, 58, 123456789), row.get("AT").dateTime());
            assertEquals("2024-02-29T23:59:58.123456789", row.get("AT").dateText());
            assertEquals("0000-00-00T00:00:00", row.get("DAY").dateText());
            assertEquals("0000-00-00T00:00:00", row.get("DAY").value());
            assertThrows(TrailException.ColumnValue.class, () -> row.get("DAY").dateTime());
            assertArrayEquals(new byte[] {0, -1, 7}, row.get("RAW").bytes());
            assertEquals("Grüße 你好 😀", row.toMap().get("NAME"));
            assertEquals(
                    List.of("ID", "AMOUNT", "BIG", "NAME", "CODE", "AT", "DAY", "RAW"),
                    row.columns().stream().map(Column::name).toList());
            assertTrue(change.toJson().contains("\"AMOUNT\":-120.50,\"BIG\":12345678901234567890123456789012345678901234567890.10"));
            assertNull(reader.next());
        }
    }

    @Test
    void columnStatesDiffer() {
        Trail trail = written(new WriterOptions(), writer -> {
            writer.insert(TABLE, new RowImage().integer("ID", 1).nul("NAME").text("CODE", ""));
            writer.insert(TABLE, new RowImage().integer("ID", 2).text("NAME", "x").text("CODE", "y"));
        });
        try (TrailReader reader = trail.reader()) {
            Row row = reader.next().after();
            assertEquals(ColumnState.VALUE, row.state("ID"));
            assertEquals(ColumnState.NULL, row.state("NAME"));
            assertEquals(ColumnState.VALUE, row.state("CODE"));
            assertEquals(ColumnState.MISSING, row.state("AMOUNT"));
            assertEquals("    ", row.get("CODE").text());
            assertTrue(row.get("NAME").isNull());
            assertNull(row.get("NAME").value());
            assertFalse(row.get("AMOUNT").isNull());
            assertMessage("column NAME is NULL", () -> row.get("NAME").text());
            assertMessage("column AMOUNT is not in this image", () -> row.get("AMOUNT").value());
            assertMessage("column CODE is not a number", () -> row.get("CODE").decimal());
            assertMessage("column ID is not text", () -> row.get("ID").text());
            assertThrows(TrailException.InvalidArgument.class, () -> row.get("NAMES"));
        }
    }

    private static void assertMessage(String expected, org.junit.jupiter.api.function.Executable call) {
        TrailException.ColumnValue error = assertThrows(TrailException.ColumnValue.class, call);
        assertEquals(expected, error.getMessage());
        assertEquals(11, error.code());
    }

    /** With a wrong definition a value cannot be decoded. */
    @Test
    void valueOfAnotherTypeIsInvalid() {
        Trail trail = written(new WriterOptions().metadata(false),
                writer -> writer.insert(Samples.RATES, new RowImage().text("CODE", "EUR").integer("RATE", 1)));
        TableDef other = TableDef.of("BANK.RATES", ColumnDef.integer("CODE", 0), ColumnDef.integer("RATE", 4));
        try (TrailReader reader = trail.reader(new ReadOptions().catalog(Catalog.of(other)))) {
            Row row = reader.next().after();
            assertEquals(ColumnState.INVALID, row.state("CODE"));
            assertArrayEquals(new byte[] {0, 3, 'E', 'U', 'R'}, row.get("CODE").bytes());
            assertThrows(TrailException.ColumnValue.class, () -> row.get("CODE").value());
            assertEquals(ColumnState.VALUE, row.state("RATE"));
        }
        try (TrailReader reader = trail.reader()) {
            Change change = reader.next();
            assertFalse(change.table().isDefined());
            assertEquals("EUR", change.after().get("COL0").text());
            assertEquals(ColumnState.MISSING, change.after().state("COL9"));
        }
    }

    @Test
    void everyOperationIsReadBack() {
        RowImage before = new RowImage().text("CODE", "EUR").integer("RATE", 1);
        RowImage after = new RowImage().text("CODE", "EUR").integer("RATE", 2);
        Trail trail = written(new WriterOptions(), writer -> {
            writer.token('R', "AAAKifQAAKAAAAFDHAAA".getBytes());
            writer.userTokens(new byte[] {1, 2, 3});
            writer.insert(Samples.RATES, after);
            writer.update(Samples.RATES, TrailWriter.UpdateStyle.UNIFIED, before, after);
            writer.update(Samples.RATES, TrailWriter.UpdateStyle.PAIR, before, after);
            writer.update(Samples.RATES, TrailWriter.UpdateStyle.AFTER_ONLY, before, after);
            writer.pkUpdate(Samples.RATES, before, after);
            writer.pkUpdateFromKey(Samples.RATES, new RowImage().text("CODE", "DEM"), after);
            writer.delete(Samples.RATES, before);
            writer.truncate(Samples.RATES);
            writer.ddl("BANK", "RATES", ",C5='1',,B3='BANK',,B4='RATES',,C1='drop table rates'");
        });
        try (TrailReader reader = trail.reader()) {
            Change insert = reader.next();
            assertEquals("AAAKifQAAKAAAAFDHA", new String(insert.tokens().get("ORAROWID")));
            assertArrayEquals(new byte[] {1, 2, 3}, insert.userTokens().orElseThrow());
            List<Change> rest = reader.stream().toList();
            assertEquals(
                    List.of(Op.UPDATE, Op.UPDATE, Op.UPDATE, Op.PK_UPDATE, Op.PK_UPDATE, Op.DELETE, Op.TRUNCATE, Op.DDL),
                    rest.stream().map(Change::op).toList());
            Change pair = rest.get(1);
            assertTrue(pair.start().compareTo(pair.position()) < 0);
            assertNotNull(pair.before());
            assertNull(rest.get(2).before());
            assertEquals(ColumnState.MISSING, rest.get(4).before().state("RATE"));
            assertNull(rest.get(5).after());
            assertNull(rest.get(6).after());
            Change ddl = rest.get(7);
            assertEquals("BANK.RATES", ddl.tableName());
            assertTrue(ddl.ddl().orElseThrow().contains("drop table"));
            assertEquals(TransactionIndicator.LAST, ddl.transaction());
            assertSame(insert.table(), pair.table());
            // The JSON of each change equals that of the bulk method.
            java.io.ByteArrayOutputStream lines = new java.io.ByteArrayOutputStream();
            try (TrailReader again = trail.reader()) {
                again.writeJson(lines);
            } catch (java.io.IOException error) {
                throw new AssertionError(error);
            }
            StringBuilder own = new StringBuilder(insert.toJson()).append('\n');
            rest.forEach(change -> own.append(change.toJson()).append('\n'));
            assertEquals(own.toString(), lines.toString(java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    @Test
    void filteredCopyHasTheSelectedChanges() {
        Trail trail = Trail.open(Samples.BIG);
        Select filter = Select.parse("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);");
        ReadOptions options = new ReadOptions().select(filter);
        try (TrailWriter writer = TrailWriter.create(folder.resolve("po"), new WriterOptions());
                TrailReader expected = trail.reader(options)) {
            long written = writer.writeAll(trail, options);
            List<String> paths = List.copyOf(writer.finish().keySet());
            assertEquals(List.of(folder.resolve("po000000000").toString()), paths);
            List<Change> wanted = expected.stream().toList();
            assertEquals(wanted.size(), written);
            assertTrue(written > 0);
            try (TrailReader again = Trail.open(folder.resolve("po")).reader()) {
                assertEquals(wanted.stream().map(ValuesTest::content).toList(), again.stream().map(ValuesTest::content).toList());
            }
        }
    }

    /** Returns the JSON of a change without its position and transaction indicator. */
    private static String content(Change change) {
        String json = change.toJson();
        return json.substring(json.indexOf("\"op\"")).replaceFirst("\"txn\":\"\\w+\"", "");
    }

    @Test
    void writerRejectsInvalidCalls() {
        try (TrailWriter writer = TrailWriter.inMemory("no", new WriterOptions())) {
            RowImage row = new RowImage().text("CODE", "EUR");
            assertThrows(TrailException.InvalidArgument.class, () -> writer.insert(Samples.RATES, row));
            assertThrows(TrailException.InvalidArgument.class, writer::commit);
            writer.begin("1", "1.1.1", Instant.EPOCH);
            assertThrows(TrailException.InvalidArgument.class, () -> writer.begin("1", "1.1.1", Instant.EPOCH));
            RowImage inexact = new RowImage().decimal("RATE", new BigDecimal("0.00001"));
            assertThrows(TrailException.Unencodable.class, () -> writer.insert(Samples.RATES, inexact));
            RowImage unknown = new RowImage().text("NOPE", "x");
            assertThrows(TrailException.InvalidArgument.class, () -> writer.insert(Samples.RATES, unknown));
            assertThrows(TrailException.InvalidArgument.class, writer::finish);
            writer.insert(Samples.RATES, row);
            writer.commit();
            assertEquals(1, writer.finish().size());
            assertThrows(TrailException.InvalidArgument.class, writer::finish);
            assertThrows(TrailException.InvalidArgument.class, writer::commit);
        }
    }

    @Test
    void definitionsAreReadFromFiles() {
        String text = """
                Definition for table HR.DEPT
                Record length: 44
                Syskey: 0
                Columns: 2
                DEPTNO  134      8        0  0  0 1 0      8      8      8 0 0 0 0 1    0 1   3
                DNAME    64     30       12  0  0 1 0     30     30      0 0 0 0 0 1    0 0   0
                End of definition
                """;
        Catalog catalog = Catalog.parse(text.getBytes());
        assertEquals(List.of("HR.DEPT"), catalog.names());
        TableDef table = catalog.table("hr.dept").orElseThrow();
        assertEquals(List.of("DEPTNO"), table.key().stream().map(ColumnDef::name).toList());
        assertEquals(ColumnDef.Kind.TEXT, table.columns().get(1).kind());
        assertEquals(1, table.indexOf("dname"));
        assertEquals(-1, table.indexOf("nope"));
        assertTrue(catalog.table("HR.NONE").isEmpty());
        TrailException.Definitions error =
                assertThrows(TrailException.Definitions.class, () -> Catalog.parse("Definition for\nnonsense".getBytes()));
        assertEquals(10, error.code());
        assertThrows(TrailException.NotFound.class, () -> Catalog.open(folder.resolve("none.def")));
    }

    @Test
    void trailListsFilesAndFindsPositions() {
        Trail trail = Trail.open(Samples.BIG);
        assertEquals(3, trail.files().size());
        assertEquals(1, trail.files().get(1).seqno().orElseThrow());
        assertTrue(trail.gaps().isEmpty());
        assertTrue(trail.size() > 10_000);
        Trail broken = Trail.openFiles(List.of(Samples.DATA.resolve("big/bk000000000"), Samples.DATA.resolve("big/bk000000002")));
        assertEquals(List.of(new Gap(1, 1)), broken.gaps());
        try (TrailReader reader = trail.reader()) {
            List<Change> changes = reader.stream().toList();
            Change middle = changes.get(40);
            String csn = middle.csn().orElseThrow();
            Position found = trail.findCsn(csn).orElseThrow();
            Change first = changes.stream().filter(change -> change.csn().orElse("").equals(csn)).findFirst().orElseThrow();
            assertEquals(first.start(), found);
            assertTrue(trail.findTime(Instant.EPOCH).isPresent());
            assertTrue(trail.findTime(Instant.parse("2100-01-01T00:00:00Z")).isEmpty());
            try (TrailReader from = trail.reader(new ReadOptions().startAt(middle.start()))) {
                Change again = from.next();
                assertEquals(middle.position(), again.position());
                assertEquals(middle.after() == null ? null : middle.after().toMap().toString(),
                        again.after() == null ? null : again.after().toMap().toString());
            }
        }
        assertEquals(OptionalInt.of(-1), Trail.compareCsn("999", "7824137832"));
        assertEquals(OptionalInt.empty(), Trail.compareCsn("12", "0/12"));
    }

    /** The position after each change leads to the rest of the trail, although changes are fetched in blocks. */
    @Test
    void readingContinuesAtThePosition() {
        Trail trail = Trail.open(Samples.LITTLE);
        List<Change> all;
        try (TrailReader reader = trail.reader()) {
            all = reader.stream().toList();
        }
        for (int stop = 0; stop <= all.size(); stop++) {
            Position position;
            try (TrailReader reader = trail.reader()) {
                for (int i = 0; i < stop; i++) {
                    reader.next();
                }
                position = reader.position();
            }
            if (stop == 0) {
                continue;
            }
            try (TrailReader reader = trail.reader(new ReadOptions().startAt(position))) {
                List<Position> rest = reader.stream().map(Change::position).toList();
                assertEquals(all.subList(stop, all.size()).stream().map(Change::position).toList(), rest, "at " + stop);
            }
        }
    }

    @Test
    void timestampsOfTheWholeRangeAreWritten() {
        for (String text : List.of("0001-01-01T00:00:00Z", "1600-02-29T12:00:00.123456Z", "2300-01-01T00:00:00.999999Z")) {
            Instant moment = Instant.parse(text);
            assertEquals(moment, Times.instant(Times.micros(moment)));
            try (TrailWriter writer = TrailWriter.inMemory("ti", new WriterOptions())) {
                writer.begin("1", "1.1.1", moment);
                writer.insert(Samples.RATES, new RowImage().text("CODE", "EUR"));
                writer.commit();
                try (TrailReader reader = Trail.ofFiles(writer.finish()).reader()) {
                    assertEquals(moment, reader.next().timestamp());
                }
            }
        }
        assertThrows(IllegalArgumentException.class, () -> Trail.open(Samples.BIG).findTime(Instant.MAX));
        assertThrows(IllegalArgumentException.class, () -> Select.parse("TABLE A.B;").now(Instant.MIN));
    }

    @Test
    void positionTextRoundTrips() {
        assertEquals(new Position(12, 1956), Position.parse("12:1956"));
        assertEquals("12:1956", new Position(12, 1956).toString());
        assertTrue(new Position(12, 1956).compareTo(new Position(13, 0)) < 0);
        for (String bad : List.of("", "1", "1:", ":1", "-1:2", "1:2:3", "a:b", "+1:2")) {
            assertThrows(IllegalArgumentException.class, () -> Position.parse(bad), bad);
        }
    }

    @Test
    void nonChangesAreReturnedOnRequest() {
        try (TrailReader reader = Trail.open(Samples.BIG).reader(new ReadOptions().includeNonChanges(true))) {
            Map<Op, Long> counts = reader.stream()
                    .collect(java.util.stream.Collectors.groupingBy(Change::op, java.util.stream.Collectors.counting()));
            assertTrue(counts.get(Op.METADATA) > 3, counts::toString);
        }
        assertFalse(Op.METADATA.isChange());
        assertEquals("pk_update", Op.PK_UPDATE.jsonName());
    }
}
