package io.trailcore;

import java.util.OptionalLong;

/**
 * A file of a trail.
 *
 * @param path its path, or its name if it lies in memory
 * @param seqno the sequence number that its name says; empty where its header alone does
 */
public record TrailFile(String path, OptionalLong seqno) {
}
