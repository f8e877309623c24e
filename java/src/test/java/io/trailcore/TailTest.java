package io.trailcore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Live trails: every way to receive gives the changes of the sample, and checkpoints continue. */
@Timeout(300)
class TailTest {
    private static final List<String> LINES = Samples.lines(Samples.DATA.resolve("big.jsonl"));

    /** Copies a file of the sample. */
    private static void add(Path folder, int file) throws IOException {
        String name = "bk00000000" + file;
        Files.copy(Samples.DATA.resolve("big").resolve(name), folder.resolve(name));
    }

    private static List<String> take(Tail tail, int count) {
        List<String> lines = new ArrayList<>();
        for (Delivery delivery : tail) {
            delivery.changes().forEach(change -> lines.add(change.toJson()));
            tail.acknowledge(delivery);
            if (lines.size() >= count) {
                break;
            }
        }
        return lines;
    }

    @Test
    void aListenerToTheProgressStopsASearch() {
        IllegalStateException thrown = new IllegalStateException("enough");
        ReadOptions reading = new ReadOptions().onProgress(progress -> {
            throw thrown;
        });
        TailOptions options = new TailOptions().start("csn:7824137900").read(reading);
        assertEquals(thrown, assertThrows(IllegalStateException.class, () -> Tail.open(Samples.BIG, options).next()));
    }

    @Test
    void changesAndTransactionsAreThoseOfTheTrail() {
        try (Tail tail = Tail.open(Samples.BIG, new TailOptions())) {
            assertEquals(LINES, take(tail, LINES.size()));
            assertNull(tail.next(Duration.ZERO));
            assertEquals(0, tail.lag().bytesBehind());
            assertEquals(LINES.size(), tail.progress().deliveredChanges());
            assertEquals(0, tail.progress().unacknowledgedChanges());
        }
        TailOptions options = new TailOptions().delivery(TailOptions.Delivery.TRANSACTIONS);
        try (Tail tail = Tail.open(Samples.BIG, options)) {
            List<String> lines = new ArrayList<>();
            while (lines.size() < LINES.size()) {
                Delivery delivery = tail.next();
                if (delivery.kind() == Delivery.Kind.EVENT) {
                    assertEquals(Policy.CONTINUE, delivery.event().orElseThrow().policy());
                    assertTrue(delivery.changes().isEmpty());
                    continue;
                }
                assertEquals(Delivery.Kind.TRANSACTION, delivery.kind());
                assertEquals(Delivery.Part.WHOLE, delivery.part());
                delivery.changes().forEach(change -> assertEquals(delivery.csn(), change.csn()));
                assertEquals(delivery.end(), delivery.changes().get(delivery.changes().size() - 1).next());
                delivery.changes().forEach(change -> lines.add(change.toJson()));
            }
            assertEquals(LINES, lines);
        }
    }

    @Test
    void aSelectionIsApplied() {
        TailOptions options = new TailOptions().select(Select.parse("TABLE BANK.POSTINGS;"));
        List<String> wanted = LINES.stream().filter(line -> line.contains("\"table\":\"BANK.POSTINGS\"")).toList();
        try (Tail tail = Tail.open(Samples.BIG, options)) {
            assertEquals(wanted, take(tail, wanted.size()));
        }
    }

    @Test
    void aCheckpointFileContinues(@TempDir Path folder) throws IOException {
        add(folder, 0);
        Path checkpoint = folder.resolve("sales.checkpoint");
        List<String> lines;
        try (Tail tail = Tail.open(folder.resolve("bk"), new TailOptions(), checkpoint)) {
            lines = take(tail, 1);
            assertThrows(TrailException.class, () -> Tail.open(folder.resolve("bk"), new TailOptions(), checkpoint));
        }
        add(folder, 1);
        add(folder, 2);
        try (Tail tail = Tail.open(folder.resolve("bk"), new TailOptions(), checkpoint)) {
            lines.addAll(take(tail, LINES.size() - lines.size()));
        }
        assertEquals(LINES, lines);
        TailOptions other = new TailOptions().select(Select.parse("TABLE BANK.POSTINGS;"));
        assertThrows(TrailException.InvalidArgument.class, () -> Tail.open(folder.resolve("bk"), other, checkpoint));
        assertThrows(TrailException.NotFound.class, () -> Tail.open(folder.resolve("no/such/bk"), other));
    }

    /** A store in memory, which can be made to fail. */
    private static final class Store implements CheckpointStore {
        private String text;
        private boolean fails;
        private Tail tail;

        @Override
        public synchronized String load() {
            if (fails) {
                throw new IllegalStateException("no connection");
            }
            return text;
        }

        @Override
        public synchronized void store(String checkpoint) {
            if (fails) {
                throw new IllegalStateException("no connection");
            }
            text = checkpoint;
            if (tail != null) {
                assertTrue(tail.progress().deliveredChanges() > 0);
            }
        }
    }

    @Test
    void aStoreOfTheCallerContinues() {
        Store store = new Store();
        TailOptions options = new TailOptions().batch(10).checkpointInterval(0);
        List<String> lines;
        try (Tail tail = Tail.open(Samples.BIG, options, store)) {
            lines = take(tail, 20);
            assertNotNull(store.text);
            // A store may use the tail that calls it.
            store.tail = tail;
        }
        store.fails = true;
        IllegalStateException failed = assertThrows(IllegalStateException.class, () -> Tail.open(Samples.BIG, options, store));
        assertEquals("no connection", failed.getMessage());
        store.fails = false;
        try (Tail tail = Tail.open(Samples.BIG, options, store)) {
            lines.addAll(take(tail, LINES.size() - lines.size()));
        }
        assertEquals(LINES, lines);
    }

    @Test
    void anotherThreadEndsTheWait() throws Exception {
        Tail tail = Tail.open(Samples.BIG, new TailOptions().start("end"));
        CompletableFuture<Delivery> waiting = CompletableFuture.supplyAsync(tail::next);
        tail.wake();
        tail.resume();
        assertFalse(waiting.isDone());
        tail.stop();
        assertNull(waiting.get(60, TimeUnit.SECONDS));
        assertFalse(tail.iterator().hasNext());
        tail.close();
        tail.close();
        assertThrows(IllegalStateException.class, tail::next);
    }

    /** Takes deliveries two at a time. */
    private static final class Taker implements Flow.Subscriber<Delivery> {
        private final Tail tail;
        private final int count;
        private final List<String> lines = new ArrayList<>();
        private final CompletableFuture<List<String>> done = new CompletableFuture<>();
        private Flow.Subscription subscription;
        private int taken;

        Taker(Tail tail, int count) {
            this.tail = tail;
            this.count = count;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            given.request(count == 0 ? 0 : 2);
        }

        @Override
        public void onNext(Delivery delivery) {
            delivery.changes().forEach(change -> lines.add(change.toJson()));
            tail.acknowledge(delivery);
            if (lines.size() == count) {
                tail.stop();
            }
            if (++taken % 2 == 0) {
                subscription.request(2);
            }
        }

        @Override
        public void onError(Throwable failure) {
            done.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            done.complete(lines);
        }
    }

    @Test
    void aSubscriberGetsWhatItRequests() throws Exception {
        try (Tail tail = Tail.open(Samples.BIG, new TailOptions().batch(7))) {
            Taker taker = new Taker(tail, LINES.size());
            tail.subscribe(taker);
            assertEquals(LINES, taker.done.get(60, TimeUnit.SECONDS));
        }
        try (Tail tail = Tail.open(Samples.BIG, new TailOptions())) {
            Taker wrong = new Taker(tail, 0);
            tail.subscribe(wrong);
            assertTrue(wrong.done.handle((lines, failure) -> failure).get(60, TimeUnit.SECONDS)
                    instanceof IllegalArgumentException);
        }
    }

    /** Counts the calls, and cancels in the first delivery or when the test does. */
    private static final class Canceller implements Flow.Subscriber<Delivery> {
        private final long requests;
        private final boolean cancelsInNext;
        private final CompletableFuture<Thread> begun = new CompletableFuture<>();
        private final AtomicInteger deliveries = new AtomicInteger();
        private final AtomicInteger ends = new AtomicInteger();
        private volatile Flow.Subscription subscription;

        Canceller(long requests, boolean cancelsInNext) {
            this.requests = requests;
            this.cancelsInNext = cancelsInNext;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            if (requests > 0) {
                given.request(requests);
            }
            begun.complete(Thread.currentThread());
        }

        @Override
        public void onNext(Delivery delivery) {
            deliveries.incrementAndGet();
            if (cancelsInNext) {
                subscription.cancel();
                // It has no effect any more, even if it is wrong.
                subscription.request(10);
                subscription.request(-1);
            }
        }

        @Override
        public void onError(Throwable failure) {
            ends.incrementAndGet();
        }

        @Override
        public void onComplete() {
            ends.incrementAndGet();
        }

        /** Waits until its thread has ended, and returns the number of deliveries. */
        int ended() throws Exception {
            Thread thread = begun.get(60, TimeUnit.SECONDS);
            thread.join(60_000);
            assertFalse(thread.isAlive());
            assertEquals(0, ends.get());
            return deliveries.get();
        }
    }

    @Test
    void aWrongRequestEndsASubscriptionThatWaitsForTheTrail() throws Exception {
        try (Tail tail = Tail.open(Samples.BIG, new TailOptions())) {
            CompletableFuture<Flow.Subscription> all = new CompletableFuture<>();
            CompletableFuture<Throwable> failed = new CompletableFuture<>();
            tail.subscribe(new Flow.Subscriber<>() {
                private Flow.Subscription subscription;
                private int changes;

                @Override
                public void onSubscribe(Flow.Subscription given) {
                    subscription = given;
                    given.request(Long.MAX_VALUE);
                }

                @Override
                public void onNext(Delivery delivery) {
                    changes += delivery.changes().size();
                    if (changes == LINES.size()) {
                        all.complete(subscription);
                    }
                }

                @Override
                public void onError(Throwable failure) {
                    failed.complete(failure);
                }

                @Override
                public void onComplete() {
                    failed.complete(null);
                }
            });
            all.get(60, TimeUnit.SECONDS).request(-1);
            assertTrue(failed.get(60, TimeUnit.SECONDS) instanceof IllegalArgumentException);
        }
    }

    @Test
    void aSubscriptionThatIsCancelledInADeliveryEndsWithIt(@TempDir Path folder) throws Exception {
        add(folder, 0);
        Path checkpoint = folder.resolve("sales.checkpoint");
        TailOptions options = new TailOptions().batch(7);
        try (Tail tail = Tail.open(folder.resolve("bk"), options, checkpoint)) {
            Canceller canceller = new Canceller(Long.MAX_VALUE, true);
            tail.subscribe(canceller);
            assertEquals(1, canceller.ended());
            assertNull(tail.next());
        }
        // It was not acknowledged, so that it comes again.
        try (Tail tail = Tail.open(folder.resolve("bk"), options, checkpoint)) {
            assertEquals(LINES.subList(0, 7), take(tail, 7));
        }
    }

    @Test
    void aSubscriptionIsCancelledByAnotherThreadWhileItWaits() throws Exception {
        TailOptions atTheEnd = new TailOptions().start("end");
        try (Tail tail = Tail.open(Samples.BIG, atTheEnd)) {
            // For the trail to grow.
            Canceller canceller = new Canceller(1, false);
            tail.subscribe(canceller);
            canceller.begun.get(60, TimeUnit.SECONDS);
            canceller.subscription.cancel();
            canceller.subscription.cancel();
            assertEquals(0, canceller.ended());
        }
        try (Tail tail = Tail.open(Samples.BIG, new TailOptions())) {
            // For its first request.
            Canceller canceller = new Canceller(0, false);
            tail.subscribe(canceller);
            canceller.begun.get(60, TimeUnit.SECONDS);
            canceller.subscription.cancel();
            assertEquals(0, canceller.ended());
        }
        Tail closed = Tail.open(Samples.BIG, atTheEnd);
        Canceller canceller = new Canceller(1, false);
        closed.subscribe(canceller);
        canceller.begun.get(60, TimeUnit.SECONDS);
        canceller.subscription.cancel();
        closed.close();
        // After the end of the tail it has no effect.
        canceller.subscription.cancel();
        assertEquals(0, canceller.ended());
    }

    @Test
    void aTailHasOneSubscriberAndCompletesItWhenItIsClosed() throws Exception {
        Tail tail = Tail.open(Samples.BIG, new TailOptions().start("end"));
        Taker taker = new Taker(tail, 1);
        tail.subscribe(taker);
        Taker second = new Taker(tail, 1);
        tail.subscribe(second);
        assertTrue(second.done.handle((lines, failure) -> failure).get(60, TimeUnit.SECONDS) instanceof IllegalStateException);
        tail.close();
        assertEquals(List.of(), taker.done.get(60, TimeUnit.SECONDS));
    }

    @Test
    void aTransactionThatIsSpilledIsWhole(@TempDir Path folder) {
        TailOptions options = new TailOptions().delivery(TailOptions.Delivery.TRANSACTIONS)
                .memory(1).oversize(TailOptions.Oversize.SPILL).spillFolder(folder.toString());
        try (Tail tail = Tail.open(Samples.BIG, options)) {
            assertEquals(LINES, take(tail, LINES.size()));
        }
        TailOptions missing = options.spillFolder(folder.resolve("no/such/folder").toString());
        try (Tail tail = Tail.open(Samples.BIG, missing)) {
            TrailException.Io failure = assertThrows(TrailException.Io.class, () -> take(tail, LINES.size()));
            assertTrue(failure.getMessage().contains("spill_folder"), failure.getMessage());
        }
    }

    @Test
    void aHubHasManySubscribers() {
        TailOptions options = new TailOptions().slow(TailOptions.Slow.BLOCK);
        try (Hub hub = Hub.open(Samples.BIG, new TailOptions());
                Tail first = hub.subscribe(options);
                Tail second = hub.subscribe(options, new Store())) {
            hub.start();
            CompletableFuture<List<String>> other = CompletableFuture.supplyAsync(() -> take(second, LINES.size()));
            assertEquals(LINES, take(first, LINES.size()));
            assertEquals(LINES, other.join());
        }
    }
}
