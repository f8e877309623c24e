package io.trailcore;

/**
 * How many changes a filter let pass.
 *
 * @param accepted those that it wants
 * @param rejected those that it does not want
 * @param undecidable those that it could not decide on, which a lenient filter turns away
 * @param errors those that it failed at, which a lenient filter turns away
 */
public record FilterCounts(long accepted, long rejected, long undecidable, long errors) {
    static FilterCounts of(Wire.Reader in) {
        return new FilterCounts(in.i64(), in.i64(), in.i64(), in.i64());
    }
}
