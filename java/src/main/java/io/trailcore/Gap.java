package io.trailcore;

/**
 * Files that are missing between two of a trail.
 *
 * @param first sequence number of the first missing file
 * @param last sequence number of the last missing file
 */
public record Gap(long first, long last) {
}
