package io.trailcore;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A native object that does work, for one thread at a time. Closing never waits and never cuts off a call: where one is
 * under way, it frees the object when it ends. One that is collected without having been closed is freed and reported.
 */
final class NativeWorker {
    private static final Logger LOG = System.getLogger("io.trailcore");
    /** Remembers where each worker was opened, to say it of those that are not closed. */
    private static final boolean TRACE = Boolean.getBoolean("trailcore.trace");

    /** How many were collected without having been closed. */
    static final AtomicLong FORGOTTEN = new AtomicLong();

    private final ReentrantLock lock = new ReentrantLock();
    private final State state;
    private volatile boolean closed;

    NativeWorker(long handle, String what) {
        state = new State(handle, what);
        NativeValue.CLEANER.register(this, state);
    }

    /** What the cleaner needs, without the worker itself. */
    private static final class State implements Runnable {
        private final long handle;
        private final String what;
        private final Throwable opened;
        private final AtomicBoolean freed = new AtomicBoolean();

        State(long handle, String what) {
            this.handle = handle;
            this.what = what;
            opened = TRACE ? new Throwable("it was opened here") : null;
        }

        void free() {
            if (freed.compareAndSet(false, true)) {
                Native.free(handle);
            }
        }

        @Override
        public void run() {
            if (!freed.get()) {
                FORGOTTEN.incrementAndGet();
                free();
                String way = TRACE ? "" : "; -Dtrailcore.trace=true tells where it was opened";
                LOG.log(Level.WARNING, "a " + what + " was not closed; the garbage collector freed it" + way, opened);
            }
        }
    }

    /** Begins a call and returns the object's number. Each is followed by {@link #leave}. */
    long enter() {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("the " + state.what + " is at work: a callback cannot use the one that calls it");
        }
        lock.lock();
        if (closed) {
            lock.unlock();
            reap();
            throw new IllegalStateException("the " + state.what + " is closed");
        }
        return state.handle;
    }

    /** Ends a call. */
    void leave() {
        lock.unlock();
        // Looked at after unlocking: whoever closed before that has left the object to this call.
        if (closed) {
            reap();
        }
    }

    boolean isClosed() {
        return closed;
    }

    void close() {
        closed = true;
        reap();
    }

    private void reap() {
        if (lock.isHeldByCurrentThread() || !lock.tryLock()) {
            return;
        }
        try {
            state.free();
        } finally {
            lock.unlock();
        }
    }
}
