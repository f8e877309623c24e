package io.trailcore;

import java.util.List;

/**
 * The result of {@link Trail#check}.
 *
 * <pre>{@code
 * CheckReport report = trail.check();
 * if (!report.isWhole()) {
 *     report.issues().forEach(System.err::println);
 * }
 * }</pre>
 *
 * @param isWhole whether the trail is whole: no issue is a fault
 * @param records the number of records read, including file headers
 * @param changes the number of changes whose rows were read
 * @param transactions the number of complete transactions
 * @param bytes the total size of the records in bytes
 * @param invalidValues the number of values that are present but cannot be decoded
 * @param issues the issues, at most 1,000
 * @param moreIssues the number of further issues
 */
public record CheckReport(
        boolean isWhole,
        long records,
        long changes,
        long transactions,
        long bytes,
        long invalidValues,
        List<CheckIssue> issues,
        long moreIssues) {
    static CheckReport of(byte[] message) {
        Wire.Reader in = new Wire.Reader(message);
        boolean isWhole = in.bool();
        long records = in.i64();
        long changes = in.i64();
        long transactions = in.i64();
        long bytes = in.i64();
        long invalidValues = in.i64();
        long moreIssues = in.i64();
        return new CheckReport(
                isWhole, records, changes, transactions, bytes, invalidValues, in.list(CheckIssue::of), moreIssues);
    }
}
