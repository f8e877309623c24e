package io.trailcore;

import java.util.List;

/** How far a native reader has come, as it tells. */
record ReaderState(Position position, FilterCounts counts, List<Skipped> skipped) {
    static ReaderState of(byte[] told) {
        Wire.Reader in = new Wire.Reader(told);
        return new ReaderState(in.position(), FilterCounts.of(in), Skipped.list(in));
    }
}
