package io.trailcore;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Supplier;

/** Iterates over the items that a reader returns until it returns {@code null}. */
final class Pulled<T> implements Iterator<T> {
    private final Supplier<T> reader;
    private T next;

    Pulled(Supplier<T> reader) {
        this.reader = reader;
    }

    @Override
    public boolean hasNext() {
        if (next == null) {
            next = reader.get();
        }
        return next != null;
    }

    @Override
    public T next() {
        if (!hasNext()) {
            throw new NoSuchElementException("end of trail");
        }
        T current = next;
        next = null;
        return current;
    }
}
