package io.trailcore;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A mutable native object, used by one thread at a time. Closing never waits and never interrupts a call: a call in progress
 * frees the object when it ends. An object that is garbage collected without being closed is freed and logged.
 */
final class NativeWorker {
    private static final Logger LOG = System.getLogger("io.trailcore");
    /** True if to record the stack trace of each opening, for the log message about an object that was not closed. */
    private static final boolean TRACE = Boolean.getBoolean("trailcore.trace");

    /** The number of objects that were garbage collected without being closed. */
    static final AtomicLong FORGOTTEN = new AtomicLong();

    private final ReentrantLock lock = new ReentrantLock();
    private final State state;
    private volatile boolean closed;

    NativeWorker(long handle, String what) {
        state = new State(handle, what);
        NativeValue.CLEANER.register(this, state);
    }

    /** The state that the cleaner needs. It must not refer to the worker itself. */
    private static final class State implements Runnable {
        private final long handle;
        private final String what;
        private final Throwable opened;
        private final AtomicBoolean freed = new AtomicBoolean();

        State(long handle, String what) {
            this.handle = handle;
            this.what = what;
            opened = TRACE ? new Throwable("opened here") : null;
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
                String way = TRACE ? "" : "; set -Dtrailcore.trace=true to log where it was opened";
                LOG.log(Level.WARNING, "a " + what + " was not closed; the garbage collector freed it" + way, opened);
            }
        }
    }

    /** Begins a call and returns the handle. Each call ends with {@link #leave}. */
    long enter() {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("the " + state.what + " is in use: a callback cannot use the object that calls it");
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
        // Checked after unlocking: a close before that has left the object to this call.
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
