package io.trailcore;

/**
 * Is told how far a reader has come, with each block of about a megabyte and in the thread that reads. What it throws comes
 * out of the call that reads.
 */
@FunctionalInterface
public interface ProgressListener {
    /**
     * Reading has come this far.
     *
     * @param progress how far
     * @return whether to go on; if not, the call that reads ends with {@link TrailException.Cancelled}, and a further call
     *     goes on
     */
    boolean progress(Progress progress);
}
