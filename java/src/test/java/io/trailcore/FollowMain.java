package io.trailcore;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The Java program of the latency bench; see {@code benches/follow/follow.c}. */
final class FollowMain {
    private FollowMain() {
    }

    public static void main(String[] arguments) {
        StringBuilder lines = new StringBuilder();
        try (Tail tail = Tail.open(Path.of(arguments[0]), new TailOptions())) {
            System.out.println("ready");
            Duration wait = Duration.ofSeconds(60);
            for (Delivery delivery = tail.next(wait); delivery != null; delivery = tail.next(wait)) {
                long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
                if (delivery.kind() == Delivery.Kind.CHANGES) {
                    lines.append(delivery.end().second()).append(' ').append(now).append('\n');
                    tail.acknowledge(delivery);
                }
                wait = Duration.ofSeconds(2);
            }
        }
        System.out.print(lines);
    }
}
