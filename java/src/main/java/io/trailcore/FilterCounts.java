package io.trailcore;

/**
 * The decisions of a selection, counted.
 *
 * @param accepted the number of accepted changes
 * @param rejected the number of rejected changes
 * @param undecidable the number of changes that could not be decided; a lenient selection rejects them
 * @param errors the number of changes whose evaluation failed; a lenient selection rejects them
 */
public record FilterCounts(long accepted, long rejected, long undecidable, long errors) {
    static FilterCounts of(Wire.Reader in) {
        return new FilterCounts(in.i64(), in.i64(), in.i64(), in.i64());
    }
}
