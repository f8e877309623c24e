package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Check reports and counts of a trail. */
class WholeTrailTest {
    private static final Path FIRST_FILE = Samples.DATA.resolve("big/bk000000000");

    private static List<Change> changes(Trail trail) {
        try (TrailReader reader = trail.reader()) {
            return reader.stream().toList();
        }
    }

    private static CheckIssue onlyFault(CheckReport report) {
        assertFalse(report.isWhole());
        List<CheckIssue> faults = report.issues().stream().filter(CheckIssue::isFault).toList();
        assertEquals(1, faults.size(), report::toString);
        return faults.get(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"big", "little"})
    void samplesAreWhole(String name) {
        Trail trail = Trail.open(Samples.DATA.resolve(name).resolve("bk"));
        CheckReport report = trail.check();
        List<Change> changes = changes(trail);
        assertTrue(report.isWhole(), report::toString);
        assertEquals(changes.size(), report.changes());
        assertEquals(changes.stream().filter(change -> change.transaction().ends()).count(), report.transactions());
        assertEquals(trail.size(), report.bytes());
        assertTrue(report.records() > report.changes());
        assertEquals(0, report.invalidValues());
        assertEquals(0, report.moreIssues());
        assertEquals(List.of(), report.issues().stream().filter(CheckIssue::isFault).toList());
    }

    @Test
    void callsAnswerWithDocuments() {
        String request = "{\"path\":\"" + Samples.BIG + "\"}";
        assertTrue(Trailcore.call("check", request).contains("\"is_whole\":true"));
        String counted = Trailcore.call("count", request);
        assertTrue(counted.startsWith("{\"changes\":" + Trail.open(Samples.BIG).count().changes() + ","), counted);
        String asked = request.replace("}", ",\"arguments\":{\"table\":\"BANK.ACCOUNTS\"}}");
        assertTrue(Trailcore.call("state", asked).contains("\"is_keyless\":false"));
        TrailException error = assertThrows(TrailException.InvalidArgument.class, () -> Trailcore.call("cuont", request));
        assertTrue(error.getMessage().contains("check, count, info"), error.getMessage());
    }

    @Test
    void faultsHaveTheirPosition() {
        byte[] whole = Samples.bytes(FIRST_FILE);
        List<Change> changes = changes(Trail.of(whole));
        Position last = changes.get(changes.size() - 1).position();

        CheckIssue torn = onlyFault(Trail.of(Arrays.copyOf(whole, whole.length - 7)).check());
        assertEquals(CheckIssueKind.TORN_TAIL, torn.kind());
        assertEquals(last, torn.position());
        assertFalse(torn.what().isEmpty());

        Position middle = changes.get(changes.size() / 2).position();
        byte[] damaged = whole.clone();
        damaged[(int) middle.rba()] = 'x';
        CheckIssue damage = onlyFault(Trail.of(damaged).check());
        assertEquals(CheckIssueKind.DAMAGE, damage.kind());
        assertEquals(middle, damage.position());
        assertTrue(damage.what().contains("reading continued at"), damage.what());

        Trail withGap = Trail.openFiles(List.of(FIRST_FILE, Samples.DATA.resolve("big/bk000000002")));
        assertTrue(withGap.check().issues().stream().anyMatch(issue -> issue.kind() == CheckIssueKind.GAP));
    }

    @Test
    void unfinishedTransactionIsNotAFault() {
        List<Change> changes = changes(Trail.of(Samples.rates(250)));
        // After the first change of the last transaction.
        Position cut = changes.get(201).position();
        CheckReport report = Trail.of(Arrays.copyOf(Samples.rates(250), (int) cut.rba())).check();
        assertTrue(report.isWhole());
        assertEquals(1, report.issues().size());
        CheckIssue unfinished = report.issues().get(0);
        assertEquals(CheckIssueKind.UNFINISHED, unfinished.kind());
        assertFalse(unfinished.isFault());
        assertEquals(changes.get(200).position(), unfinished.position());
        assertEquals(2, report.transactions());
    }

    @Test
    void transactionsOutOfOrderAreAFault() {
        try (TrailWriter writer = TrailWriter.inMemory("or", new WriterOptions())) {
            for (String csn : List.of("1000", "999")) {
                writer.begin(csn, "1.2." + csn, Instant.EPOCH);
                writer.insert(Samples.RATES, new RowImage().text("CODE", "EUR"));
                writer.commit();
            }
            CheckIssue order = onlyFault(Trail.ofFiles(writer.finish()).check());
            assertEquals(CheckIssueKind.ORDER, order.kind());
            assertTrue(order.what().contains("CSN"), order.what());
        }
    }

    @Test
    void checkFailsOnlyIfReadingFails() {
        assertFalse(Trail.of(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}).check().isWhole());
        IllegalStateException failure = new IllegalStateException("no more");
        ReadOptions listened = new ReadOptions().onProgress(progress -> {
            throw failure;
        });
        Trail trail = Trail.open(Samples.BIG);
        assertSame(failure, assertThrows(IllegalStateException.class, () -> trail.check(listened)));
        ReadOptions stopped = new ReadOptions().onProgress(progress -> false);
        assertThrows(TrailException.Cancelled.class, () -> trail.check(stopped));
    }

    @ParameterizedTest
    @ValueSource(strings = {"big", "little"})
    void countReportsTheChanges(String name) {
        Trail trail = Trail.open(Samples.DATA.resolve(name).resolve("bk"));
        CountReport report = trail.count();
        List<Change> changes = changes(trail);
        Map<String, Map<String, Long>> expected = new TreeMap<>();
        for (Change change : changes) {
            expected.computeIfAbsent(change.tableName(), none -> new TreeMap<>()).merge(change.op().jsonName(), 1L, Long::sum);
        }
        assertEquals(88, report.changes());
        assertEquals(49, report.tables().get("BANK.POSTINGS").ops().get("insert"));
        Map<String, Map<String, Long>> found = new TreeMap<>();
        report.tables().forEach((table, counts) -> found.put(table, counts.ops()));
        assertEquals(expected, found);
        assertEquals(88, report.tables().values().stream().mapToLong(TableReport::changes).sum());
        assertEquals(changes.stream().filter(change -> change.transaction().begins()).count(), report.transactions());
        assertEquals(changes.get(0).position(), report.positions().orElseThrow().first());
        assertEquals(changes.get(87).position(), report.positions().orElseThrow().last());
        assertEquals(changes.get(0).csn(), report.csns().map(Range::first));
        assertEquals(changes.get(87).csn(), report.csns().map(Range::last));
        assertEquals(changes.stream().map(Change::timestamp).min(Instant::compareTo), report.times().map(Range::first));
        assertEquals(changes.stream().map(Change::timestamp).max(Instant::compareTo), report.times().map(Range::last));
        for (Change change : changes) {
            if (change.table().isDefined()) {
                List<ColumnReport> columns = report.tables().get(change.tableName()).columns().orElseThrow();
                List<String> names = change.table().columns().stream().map(ColumnDef::name).toList();
                assertEquals(names, columns.stream().map(ColumnReport::name).toList());
            }
        }
        assertTrue(report.tables().keySet().containsAll(List.of("BANK.ACCOUNTS", "BANK.CUSTOMERS", "BANK.POSTINGS")));
        assertEquals(0, report.undecided());
        assertEquals(List.of(), report.skipped());
        assertThrows(UnsupportedOperationException.class, () -> report.tables().clear());
        assertThrows(UnsupportedOperationException.class, () -> report.skipped().clear());
    }

    @Test
    void countAppliesSelectionAndResync() {
        Select filter = Select.parse("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);");
        Trail trail = Trail.open(Samples.BIG);
        CountReport selected = trail.count(new ReadOptions().select(filter));
        assertTrue(selected.changes() > 0 && selected.changes() < 88);
        selected.tables().forEach((table, counts) ->
                assertEquals(table.equals("BANK.POSTINGS") ? selected.changes() : 0, counts.changes()));

        byte[] damaged = Samples.bytes(FIRST_FILE);
        List<Change> changes = changes(Trail.of(damaged));
        Position position = changes.get(changes.size() / 2).position();
        damaged[(int) position.rba()] = 'x';
        Trail torn = Trail.of(damaged);
        TrailException error = assertThrows(TrailException.Corrupt.class, torn::count);
        CountReport resynced = torn.count(new ReadOptions().resync(true));
        assertEquals(changes.size() - 1, resynced.changes());
        assertEquals(position, resynced.skipped().get(0).from());
        assertTrue(error.getMessage().startsWith("no record starts"), error.getMessage());
        assertTrue(resynced.skipped().get(0).reason().startsWith("no record starts"), resynced::toString);
        assertEquals(Optional.empty(), resynced.error());
    }

    @Test
    void countOfNoChangesHasNoPositions() {
        CountReport nothing = Trail.open(Samples.BIG).count(new ReadOptions().select(Select.parse("TABLE NO.SUCH;")));
        assertEquals(0, nothing.changes());
        assertEquals(Optional.empty(), nothing.positions());
        assertEquals(Optional.empty(), nothing.csns());
        assertEquals(Optional.empty(), nothing.times());
        assertTrue(nothing.tables().values().stream().allMatch(table -> table.ops().isEmpty()));
    }

    @Test
    void infoReportsTheHeaders() {
        Trail trail = Trail.openFiles(List.of(FIRST_FILE, Samples.DATA.resolve("big/bk000000002")));
        InfoReport info = trail.info();
        assertEquals(trail.size(), info.bytes());
        assertEquals(List.of(new Range<>(1L, 1L)), info.gaps());
        assertEquals(trail.files().stream().map(TrailFile::path).toList(), info.files().stream().map(FileReport::path).toList());
        FileHeader header = trail.headers().get(0).orElseThrow();
        FileReport first = info.files().get(0);
        assertEquals(Optional.of(0L), first.seqno());
        assertEquals(header.get(HeaderField.CREATION_TIME), first.created());
        assertEquals(Optional.empty(), first.databaseTimeZone().filter(String::isEmpty));
    }

    @Test
    void documentsHaveAnyText() {
        String odd = "a\"b\\c\n\u0001\u20ac\ud83d\ude00";
        Object value = Map.of("list", List.of(odd, "", 12, true), "empty", List.of());
        Json read = Json.parse(Json.write(value));
        assertEquals(odd, read.get("list").list(Json::value).get(0));
        assertEquals(List.of(), read.get("empty").list(Json::text));
        assertEquals(Optional.empty(), Json.parse("{\"a\":null,\"b\":{}}").get("a").maybe(Json::text));
        assertEquals("\b\f/\u00e9", Json.parse("\"\\b\\f\\/\\u00e9\"").text());
        assertEquals(-12L, Json.parse("[[-12]]").list(one -> one.list(Json::number)).get(0).get(0));
    }
}
