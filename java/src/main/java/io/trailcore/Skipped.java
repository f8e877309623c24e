package io.trailcore;

import java.util.List;

/**
 * A stretch of a trail that was passed over after damage, or where files are missing.
 *
 * @param from the first byte that was passed over
 * @param to where reading went on
 * @param error what was wrong
 */
public record Skipped(Position from, Position to, TrailException error) {
    static List<Skipped> list(Wire.Reader in) {
        return in.list(one -> new Skipped(one.position(), one.position(), TrailException.of(one.array())));
    }
}
