package io.trailcore;

/** Native methods of the library that is built for tests. */
final class Drill {
    private Drill() {
    }

    /** Panics while it holds a reader. */
    static native void panic(long reader);
}
