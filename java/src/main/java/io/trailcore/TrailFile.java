package io.trailcore;

import java.util.OptionalLong;

/**
 * A file of a trail.
 *
 * @param path the path, or the name of a file in memory
 * @param seqno the sequence number in the name; empty if only the file header has it
 */
public record TrailFile(String path, OptionalLong seqno) {
}
