package io.trailcore;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The content of a trail, counted: all changes, or only the selected changes.
 *
 * <pre>{@code
 * Summary summary = trail.summary();
 * summary.tables().forEach((name, counts) -> System.out.println(name + ": " + counts.of(Op.INSERT) + " inserts"));
 * }</pre>
 *
 * @param changes the number of changes: rows, truncates and DDL
 * @param transactions the number of transactions with counted changes, including one that began before the start position
 * @param tables the changes by table name
 * @param definitions the latest definition of each table, by table name
 * @param first the position of the first change; empty if there is no change
 * @param last the position of the last change; empty if there is no change
 * @param firstCsn the first commit sequence number; empty if none is known
 * @param lastCsn the last commit sequence number; empty if none is known
 * @param earliest the earliest timestamp of a change; empty if there is no change
 * @param latest the latest timestamp of a change; empty if there is no change
 * @param filterCounts the decisions of the selection; all zero without a selection
 * @param skipped the skipped ranges; always empty without {@link ReadOptions#resync}
 */
public record Summary(
        long changes,
        long transactions,
        Map<String, TableCounts> tables,
        Map<String, TableDef> definitions,
        Optional<Position> first,
        Optional<Position> last,
        Optional<String> firstCsn,
        Optional<String> lastCsn,
        Optional<Instant> earliest,
        Optional<Instant> latest,
        FilterCounts filterCounts,
        List<Skipped> skipped) {
    static Summary of(NativeValue summary) {
        Wire.Reader in = new Wire.Reader(summary.with(Native::summaryDescribe));
        long changes = in.i64();
        long transactions = in.i64();
        Map<String, TableCounts> tables = new TreeMap<>();
        for (int count = in.i32(); count > 0; count--) {
            tables.put(in.text(), TableCounts.of(in));
        }
        Map<String, TableDef> definitions = new TreeMap<>();
        for (int count = in.i32(); count > 0; count--) {
            String name = in.text();
            definitions.put(name, TableDef.of(summary.with(handle -> Native.summaryTable(handle, Wire.bytes(name)))));
        }
        return new Summary(
                changes,
                transactions,
                Collections.unmodifiableMap(tables),
                Collections.unmodifiableMap(definitions),
                in.maybePosition(),
                in.maybePosition(),
                Optional.ofNullable(in.maybeText()),
                Optional.ofNullable(in.maybeText()),
                time(in.maybe()),
                time(in.maybe()),
                FilterCounts.of(in),
                Skipped.list(in));
    }

    private static Optional<Instant> time(OptionalLong micros) {
        return micros.isPresent() ? Optional.of(Times.instant(micros.getAsLong())) : Optional.empty();
    }
}
