package io.trailcore;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;

/** Converts timestamps from and to microseconds, the unit of trails. */
final class Times {
    private static final DateTimeFormatter DOCUMENT = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'");

    private Times() {
    }

    static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    static long micros(Instant timestamp) {
        try {
            return Math.addExact(Math.multiplyExact(timestamp.getEpochSecond(), 1_000_000L), timestamp.getNano() / 1_000);
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException("timestamp " + timestamp + " out of range for 64-bit microseconds", overflow);
        }
    }

    /** Returns a timestamp as documents have it. */
    static String text(Instant timestamp) {
        return DOCUMENT.format(instant(micros(timestamp)).atOffset(ZoneOffset.UTC));
    }

    /** Returns a time in the unknown time zone of the database. */
    static LocalDateTime local(long micros, int nanos) {
        long seconds = Math.floorDiv(micros, 1_000_000L);
        int fraction = (int) Math.floorMod(micros, 1_000_000L) * 1000 + nanos;
        return LocalDateTime.ofEpochSecond(seconds, fraction, ZoneOffset.UTC);
    }
}
