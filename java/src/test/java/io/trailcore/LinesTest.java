package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Native JSON lines, opened like a trail. */
class LinesTest {
    private static final Path FILE = Samples.DATA.resolve("big.jsonl");
    private static final Trail TRAIL = Trail.open(Samples.BIG);
    private static final Trail LINES = Trail.open(FILE);

    static Catalog definitions(Trail trail) {
        List<TableDef> tables = new ArrayList<>();
        try (TrailReader reader = trail.reader()) {
            reader.stream().map(Change::table).distinct().forEach(tables::add);
        }
        return Catalog.of(tables.toArray(TableDef[]::new));
    }

    private static List<String> json(Trail trail, ReadOptions options) {
        try (TrailReader reader = trail.reader(options)) {
            return reader.stream().map(Change::toJson).toList();
        }
    }

    @Test
    void changesAreThoseOfTheTrail() throws IOException {
        List<String> expected = Samples.lines(FILE);
        assertEquals(expected, json(LINES, new ReadOptions()));
        assertEquals(expected, json(LINES, new ReadOptions().catalog(definitions(TRAIL))));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TrailReader reader = LINES.reader()) {
            reader.writeJson(out);
        }
        assertEquals(expected, out.toString(StandardCharsets.UTF_8).lines().toList());
        try (TrailReader reader = LINES.reader()) {
            Change change = reader.next();
            assertTrue(change.records().isEmpty());
            assertTrue(change.fileHeader().isEmpty());
        }
    }

    @Test
    void readingContinuesAtAPosition() {
        Position next;
        String expected;
        try (TrailReader reader = LINES.reader()) {
            reader.next();
            next = reader.position();
            expected = reader.next().toJson();
        }
        assertEquals(next, Position.parse(next.toString()));
        assertEquals(expected, json(LINES, new ReadOptions().startAt(next)).get(0));
    }

    @Test
    void selectionDecidesTheSame() {
        for (String text : List.of("TABLE BANK.POSTINGS, FILTER (AMOUNT > 1000);", "TABLE BANK.*; TABLEEXCLUDE BANK.CUST*;")) {
            ReadOptions options = new ReadOptions().select(Select.parse(text).lenient());
            List<String> expected = json(TRAIL, options);
            assertFalse(expected.isEmpty());
            assertEquals(expected, json(LINES, options));
            assertEquals(expected, json(LINES, options.catalog(definitions(TRAIL))));
        }
    }

    @Test
    void columnBatchesHaveTheSameValues() {
        ReadOptions defined = new ReadOptions().catalog(definitions(TRAIL));
        BatchOptions wanted = new BatchOptions().table("BANK.POSTINGS");
        List<String> expected = amounts(TRAIL.batches(new ReadOptions(), wanted));
        assertFalse(expected.isEmpty());
        assertEquals(expected, amounts(LINES.batches(defined, wanted)));
    }

    private static List<String> amounts(BatchReader batches) {
        List<String> amounts = new ArrayList<>();
        try (batches) {
            for (ColumnBatch batch = batches.next(); batch != null; batch = batches.next()) {
                ColumnVector column = batch.after("AMOUNT");
                for (int row = 0; row < batch.size(); row++) {
                    amounts.add(batch.op(row) + " " + batch.timestamp(row) + " " + column.state(row) + " "
                            + (column.state(row) == ColumnState.VALUE ? column.decimal(row) : ""));
                }
            }
        }
        return amounts;
    }

    @Test
    void trailOfTheLinesIsThatOfTheTrail() {
        ReadOptions defined = new ReadOptions().catalog(definitions(TRAIL));
        List<String> expected = written(TRAIL, new ReadOptions());
        assertEquals(Samples.lines(FILE).size(), expected.size());
        assertEquals(expected, written(LINES, defined));
    }

    /** Writes a copy and reads it back. */
    private static List<String> written(Trail trail, ReadOptions options) {
        try (TrailWriter writer = TrailWriter.inMemory("li", new WriterOptions())) {
            writer.writeAll(trail, options);
            return json(Trail.ofFiles(writer.finish()), new ReadOptions());
        }
    }
}
