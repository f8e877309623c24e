package io.trailcore;

/**
 * The progress of a reader. A reader reads ahead of the changes that it returns, by about one block.
 *
 * @param position the position up to which the trail was read
 * @param bytes the number of bytes read so far, over all files; {@link Trail#size} is the total
 */
public record Progress(Position position, long bytes) {
}
