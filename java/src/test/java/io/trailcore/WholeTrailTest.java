package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Check reports and summaries of a trail. */
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
        assertTrue(counted.startsWith("{\"changes\":" + Trail.open(Samples.BIG).summary().changes() + ","), counted);
        TrailException error = assertThrows(TrailException.InvalidArgument.class, () -> Trailcore.call("cuont", request));
        assertTrue(error.getMessage().contains("check, count, info"), error.getMessage());
    }

    @Test
    void faultsHaveTheirPosition() {
        byte[] whole = Samples.bytes(FIRST_FILE);
        List<Change> changes = changes(Trail.of(whole));
        Position last = changes.get(changes.size() - 1).position();

        CheckIssue torn = onlyFault(Trail.of(Arrays.copyOf(whole, whole.length - 7)).check());
        assertEquals(CheckIssue.Kind.TORN_TAIL, torn.kind());
        assertEquals(last, torn.position());
        assertFalse(torn.message().isEmpty());

        Position middle = changes.get(changes.size() / 2).position();
        byte[] damaged = whole.clone();
        damaged[(int) middle.rba()] = 'x';
        CheckIssue damage = onlyFault(Trail.of(damaged).check());
        assertEquals(CheckIssue.Kind.DAMAGE, damage.kind());
        assertEquals(middle, damage.position());
        assertTrue(damage.message().contains("reading continued at"), damage.message());

        Trail withGap = Trail.openFiles(List.of(FIRST_FILE, Samples.DATA.resolve("big/bk000000002")));
        assertTrue(withGap.check().issues().stream().anyMatch(issue -> issue.kind() == CheckIssue.Kind.GAP));
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
        assertEquals(CheckIssue.Kind.UNFINISHED, unfinished.kind());
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
            assertEquals(CheckIssue.Kind.ORDER, order.kind());
            assertTrue(order.message().contains("CSN"), order.message());
        }
    }

    @Test
    void checkFailsOnlyIfReadingFails() {
        assertThrows(TrailException.NotATrail.class, () -> Trail.of(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}).check());
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
    void summaryCountsTheChanges(String name) {
        Trail trail = Trail.open(Samples.DATA.resolve(name).resolve("bk"));
        Summary summary = trail.summary();
        List<Change> changes = changes(trail);
        Map<String, Map<Op, Long>> expected = new TreeMap<>();
        for (Change change : changes) {
            expected.computeIfAbsent(change.tableName(), none -> new EnumMap<>(Op.class)).merge(change.op(), 1L, Long::sum);
        }
        assertEquals(88, summary.changes());
        assertEquals(49, summary.tables().get("BANK.POSTINGS").of(Op.INSERT));
        Map<String, Map<Op, Long>> found = new TreeMap<>();
        summary.tables().forEach((table, counts) -> found.put(table, counts.ops()));
        assertEquals(expected, found);
        assertEquals(88, summary.tables().values().stream().mapToLong(TableCounts::changes).sum());
        assertEquals(changes.stream().filter(change -> change.transaction().begins()).count(), summary.transactions());
        assertEquals(changes.get(0).position(), summary.first().orElseThrow());
        assertEquals(changes.get(87).position(), summary.last().orElseThrow());
        assertEquals(changes.get(0).csn(), summary.firstCsn());
        assertEquals(changes.get(87).csn(), summary.lastCsn());
        assertEquals(changes.stream().map(Change::timestamp).min(Instant::compareTo), summary.earliest());
        assertEquals(changes.stream().map(Change::timestamp).max(Instant::compareTo), summary.latest());
        for (Change change : changes) {
            if (change.table().isDefined()) {
                TableDef definition = summary.definitions().get(change.tableName());
                assertEquals(change.table().toString(), definition.toString());
            }
        }
        List<String> tables = List.of("BANK.ACCOUNTS", "BANK.CUSTOMERS", "BANK.POSTINGS");
        assertTrue(summary.definitions().keySet().containsAll(tables), summary.definitions()::toString);
        assertEquals(new FilterCounts(0, 0, 0, 0), summary.filterCounts());
        assertEquals(List.of(), summary.skipped());
        assertThrows(UnsupportedOperationException.class, () -> summary.tables().clear());
    }

    @Test
    void summaryAppliesSelectionAndResync() {
        Select filter = Select.parse("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);");
        Trail trail = Trail.open(Samples.BIG);
        Summary selected = trail.summary(new ReadOptions().select(filter));
        assertEquals(selected.changes(), selected.filterCounts().accepted());
        assertEquals(88, selected.filterCounts().accepted() + selected.filterCounts().rejected());
        assertEquals(List.of("BANK.POSTINGS"), List.copyOf(selected.tables().keySet()));

        byte[] damaged = Samples.bytes(FIRST_FILE);
        List<Change> changes = changes(Trail.of(damaged));
        Position position = changes.get(changes.size() / 2).position();
        damaged[(int) position.rba()] = 'x';
        Trail torn = Trail.of(damaged);
        assertThrows(TrailException.Corrupt.class, torn::summary);
        Summary resynced = torn.summary(new ReadOptions().resync(true));
        assertEquals(changes.size() - 1, resynced.changes());
        assertEquals(position, resynced.skipped().get(0).from());
        assertEquals(TrailException.Corrupt.class, resynced.skipped().get(0).error().getClass());
    }

    @Test
    void summaryOfNoChangesHasNoPositions() {
        Summary nothing = Trail.open(Samples.BIG).summary(new ReadOptions().select(Select.parse("TABLE NO.SUCH;")));
        assertEquals(0, nothing.changes());
        assertEquals(Optional.empty(), nothing.first());
        assertEquals(Optional.empty(), nothing.last());
        assertEquals(Optional.empty(), nothing.firstCsn());
        assertEquals(Optional.empty(), nothing.latest());
        assertEquals(Map.of(), nothing.tables());
    }
}
