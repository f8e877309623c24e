package io.trailcore;

import java.util.List;

/** The state of a native reader. */
record ReaderState(Position position, FilterCounts counts, List<Skipped> skipped, String report) {
    static ReaderState of(byte[] message) {
        Wire.Reader in = new Wire.Reader(message);
        return new ReaderState(in.position(), FilterCounts.of(in), Skipped.list(in), in.text());
    }
}
