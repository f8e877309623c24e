package io.trailcore;

/**
 * The first and the last of several values in order.
 *
 * @param <T> the type of the values
 * @param first the first value
 * @param last the last value
 */
public record Range<T>(T first, T last) {
}
