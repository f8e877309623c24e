package io.trailcore;

/**
 * A place for the checkpoint of one follower, such as a table of the database that it writes to. One call at a time, by any
 * thread. An exception that a method throws is thrown by the call that it happens in.
 */
public interface CheckpointStore {
    /** {@return the text that was stored last; {@code null} if there is none} */
    String load();

    /**
     * Stores a text in place of the last one: all of it or nothing. If it throws an exception, it is called again later.
     *
     * @param checkpoint the text
     */
    void store(String checkpoint);
}
