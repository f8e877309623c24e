package io.trailcore;

import java.util.List;

/** How far a native reader has come, as it tells. */
record ReaderState(Position position, FilterCounts counts, List<Skipped> skipped) {
    static ReaderState of(byte[] told) {
        Wire.Reader in = new Wire.Reader(told);
        Position position = in.position();
        FilterCounts counts = new FilterCounts(in.i64(), in.i64(), in.i64(), in.i64());
        return new ReaderState(
                position,
                counts,
                in.list(one -> new Skipped(one.position(), one.position(), TrailException.of(one.array()))));
    }
}
