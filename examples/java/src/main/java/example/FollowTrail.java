package example;

import io.trailcore.Delivery;
import io.trailcore.Tail;
import io.trailcore.TailOptions;
import io.trailcore.TrailException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;

/**
 * Follows a trail and prints its changes as JSON until the process is ended: a subscriber of {@link Flow}, which takes one transaction
 * at a time.
 */
public final class FollowTrail implements Flow.Subscriber<Delivery> {
    private final Tail tail;
    private final CountDownLatch done = new CountDownLatch(1);
    private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private Flow.Subscription subscription;
    private int code;

    private FollowTrail(Tail tail) {
        this.tail = tail;
    }

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length != 2) {
            System.err.println("usage: follow-trail PATH CHECKPOINT");
            System.exit(2);
        }
        TailOptions options = new TailOptions().delivery(TailOptions.Delivery.TRANSACTIONS);
        FollowTrail consumer;
        try (Tail tail = Tail.open(Path.of(arguments[0]), options, Path.of(arguments[1]))) {
            consumer = new FollowTrail(tail);
            // The end of the process stops the tail and waits until the checkpoint is stored.
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                tail.stop();
                join(main);
            }));
            tail.subscribe(consumer);
            consumer.done.await();
        } catch (TrailException error) {
            System.err.println(error.getMessage());
            Runtime.getRuntime().halt(1);
            return;
        }
        Runtime.getRuntime().halt(consumer.code);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription = given;
        given.request(1);
    }

    @Override
    public void onNext(Delivery delivery) {
        delivery.event().ifPresent(event -> System.err.println(event.kind() + ": " + event.what()));
        delivery.changes().forEach(change -> out.print(change.toJson() + "\n"));
        out.flush();
        tail.acknowledge(delivery);
        subscription.request(1);
    }

    @Override
    public void onError(Throwable failure) {
        System.err.println(failure.getMessage());
        code = 1;
        done.countDown();
    }

    @Override
    public void onComplete() {
        done.countDown();
    }
}
