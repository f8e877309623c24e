package io.trailcore;

import java.util.List;

/**
 * What checking a trail has come to.
 *
 * <pre>{@code
 * CheckReport report = trail.check();
 * if (!report.isWhole()) {
 *     report.findings().forEach(System.err::println);
 * }
 * }</pre>
 *
 * @param isWhole whether the trail is whole: nothing that was found is a fault
 * @param records records read, file headers included
 * @param changes changes whose rows were read
 * @param transactions transactions that were completed
 * @param bytes bytes of the records
 * @param invalidValues values that are present and not decodable
 * @param findings what was found, at most a thousand findings
 * @param moreFindings findings beyond those
 */
public record CheckReport(
        boolean isWhole,
        long records,
        long changes,
        long transactions,
        long bytes,
        long invalidValues,
        List<Finding> findings,
        long moreFindings) {
    static CheckReport of(byte[] told) {
        Wire.Reader in = new Wire.Reader(told);
        boolean isWhole = in.bool();
        long records = in.i64();
        long changes = in.i64();
        long transactions = in.i64();
        long bytes = in.i64();
        long invalidValues = in.i64();
        long moreFindings = in.i64();
        return new CheckReport(
                isWhole, records, changes, transactions, bytes, invalidValues, in.list(Finding::of), moreFindings);
    }
}
