package io.trailcore;

import java.util.concurrent.Flow;

/**
 * The subscription to a tail: a thread that delivers what was requested. It ends, and gives the subscriber up, with the tail, after an
 * error, and once it is cancelled.
 */
final class TailSubscription implements Flow.Subscription, Runnable {
    private final Tail tail;
    private final Flow.Subscriber<? super Delivery> subscriber;
    private long requested;
    private boolean cancelled;
    private IllegalArgumentException wrong;

    private TailSubscription(Tail tail, Flow.Subscriber<? super Delivery> subscriber) {
        this.tail = tail;
        this.subscriber = subscriber;
    }

    static void start(Tail tail, Flow.Subscriber<? super Delivery> subscriber) {
        Thread thread = new Thread(new TailSubscription(tail, subscriber), "trailcore-tail");
        thread.setDaemon(true);
        thread.start();
    }

    /** Refuses a subscriber: there is one already. */
    static void refuse(Flow.Subscriber<? super Delivery> subscriber) {
        subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long count) {}

            @Override
            public void cancel() {}
        });
        subscriber.onError(new IllegalStateException("a tail has one subscriber; for several, use a Hub"));
    }

    @Override
    public void request(long count) {
        synchronized (this) {
            if (count <= 0) {
                wrong = new IllegalArgumentException("request(" + count + "): at least 1 is wanted");
            } else {
                requested = requested + count < 0 ? Long.MAX_VALUE : requested + count;
            }
            notifyAll();
        }
        if (count <= 0) {
            // The thread may wait for the trail to grow.
            tail.stop();
        }
    }

    @Override
    public void cancel() {
        synchronized (this) {
            cancelled = true;
            notifyAll();
        }
        // The thread may wait for the trail to grow.
        tail.stop();
    }

    /** Waits for a request. Returns whether to go on. */
    private synchronized boolean isWanted() throws InterruptedException {
        while (requested <= 0 && !cancelled && wrong == null) {
            wait();
        }
        checkRequests();
        requested -= requested == Long.MAX_VALUE ? 0 : 1;
        return !cancelled;
    }

    private synchronized void checkRequests() {
        if (wrong != null && !cancelled) {
            throw wrong;
        }
    }

    private synchronized boolean isCancelled() {
        return cancelled;
    }

    @Override
    public void run() {
        try {
            subscriber.onSubscribe(this);
            while (isWanted()) {
                Delivery delivery = tail.nextOrEnd();
                if (isCancelled()) {
                    return;
                }
                checkRequests();
                if (delivery == null) {
                    subscriber.onComplete();
                    return;
                }
                subscriber.onNext(delivery);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            subscriber.onError(interrupted);
        } catch (RuntimeException | Error failure) {
            if (!isCancelled()) {
                subscriber.onError(failure);
            }
        }
    }
}
