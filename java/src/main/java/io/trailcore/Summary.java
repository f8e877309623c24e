package io.trailcore;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What a trail holds, counted: all of it, or what a filter wants.
 *
 * <pre>{@code
 * Summary summary = trail.summary();
 * summary.tables().forEach((name, counts) -> System.out.println(name + ": " + counts.of(Op.INSERT) + " inserts"));
 * }</pre>
 *
 * @param changes changes: rows, truncates and statements
 * @param transactions transactions that have changes among those counted; of one that began before, the rest counts
 * @param tables the changes by the tables' names
 * @param definitions the definitions met by the tables' names, of each table the latest
 * @param first where the first change stands; empty where there is none
 * @param last where the last change stands; empty where there is none
 * @param firstCsn the first commit sequence number; empty where none is known
 * @param lastCsn the last commit sequence number; empty where none is known
 * @param earliest the earliest time of a change; empty where there is none
 * @param latest the latest time of a change; empty where there is none
 * @param filterCounts what the filter said; all zero without one
 * @param skipped what was passed over; empty but with {@link ReadOptions#resync}
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
    /** The summary that a native one tells. */
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
