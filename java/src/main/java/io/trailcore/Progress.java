package io.trailcore;

/**
 * How far a reader has come. It reads ahead of what it hands out, by a block or so.
 *
 * @param position the end of what has been read
 * @param bytes bytes read so far, over all files; {@link Trail#size} has the whole
 */
public record Progress(Position position, long bytes) {
}
