package io.trailcore;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/** Moments as microseconds, which is what trails count in. */
final class Times {
    private Times() {
    }

    static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    static long micros(Instant moment) {
        try {
            return Math.addExact(Math.multiplyExact(moment.getEpochSecond(), 1_000_000L), moment.getNano() / 1_000);
        } catch (ArithmeticException beyond) {
            throw new IllegalArgumentException("the moment " + moment + " is beyond what microseconds can count", beyond);
        }
    }

    /** A time of the database's own, unknown zone. */
    static LocalDateTime local(long micros, int nanos) {
        long seconds = Math.floorDiv(micros, 1_000_000L);
        int fraction = (int) Math.floorMod(micros, 1_000_000L) * 1000 + nanos;
        return LocalDateTime.ofEpochSecond(seconds, fraction, ZoneOffset.UTC);
    }
}
