package io.trailcore;

import java.util.concurrent.Flow;

/** The subscription to a tail: a thread that delivers what was requested. */
final class TailSubscription implements Flow.Subscription, Runnable {
    private final Tail tail;
    private final Flow.Subscriber<? super Delivery> subscriber;
    private long requested;
    private boolean cancelled;
    private IllegalArgumentException wrong;

    private TailSubscription(Tail tail, Flow.Subscriber<? super Delivery> subscriber) {
        this.tail = tail;
        this.subscriber = java.util.Objects.requireNonNull(subscriber);
    }

    static void start(Tail tail, Flow.Subscriber<? super Delivery> subscriber) {
        Thread thread = new Thread(new TailSubscription(tail, subscriber), "trailcore-tail");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public synchronized void request(long count) {
        if (count <= 0) {
            wrong = new IllegalArgumentException("request(" + count + "): at least 1 is wanted");
        }
        requested = requested + count < 0 ? Long.MAX_VALUE : requested + count;
        notifyAll();
    }

    @Override
    public synchronized void cancel() {
        cancelled = true;
        notifyAll();
    }

    /** Waits for a request. Returns whether to go on. */
    private synchronized boolean isWanted() throws InterruptedException {
        while (requested <= 0 && !cancelled && wrong == null) {
            wait();
        }
        if (wrong != null) {
            throw wrong;
        }
        requested -= requested == Long.MAX_VALUE ? 0 : 1;
        return !cancelled;
    }

    @Override
    public void run() {
        try {
            subscriber.onSubscribe(this);
            while (isWanted()) {
                Delivery delivery = tail.next();
                if (delivery == null) {
                    subscriber.onComplete();
                    return;
                }
                subscriber.onNext(delivery);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            subscriber.onError(interrupted);
        } catch (RuntimeException failure) {
            subscriber.onError(failure);
        }
    }
}
