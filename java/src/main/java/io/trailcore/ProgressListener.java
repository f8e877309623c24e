package io.trailcore;

/**
 * Receives the progress of a reader, once for each block of about one megabyte, in the thread that reads. An exception that
 * it throws is thrown by the call that reads.
 */
@FunctionalInterface
public interface ProgressListener {
    /**
     * Receives the progress.
     *
     * @param progress the progress
     * @return {@code true} to continue; {@code false} to end the call that reads with {@link TrailException.Cancelled}. The
     *     next call continues
     */
    boolean progress(Progress progress);
}
