package io.trailcore;

/**
 * A range of missing files between two files of a trail.
 *
 * @param first the sequence number of the first missing file
 * @param last the sequence number of the last missing file
 */
public record Gap(long first, long last) {
}
