package io.trailcore;

import java.util.List;

/**
 * A range of a trail that was skipped because of damage, missing files, or rows without a definition.
 *
 * @param from the position of the first skipped byte
 * @param to the position at which reading continued
 * @param error the reason
 */
public record Skipped(Position from, Position to, TrailException error) {
    static List<Skipped> list(Wire.Reader in) {
        return in.list(one -> new Skipped(one.position(), one.position(), TrailException.of(one.array())));
    }
}
