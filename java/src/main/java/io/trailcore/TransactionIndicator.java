package io.trailcore;

/** The place of a change in its transaction. */
public enum TransactionIndicator {
    /** The first of several changes. */
    FIRST,
    /** Neither the first nor the last change. */
    MIDDLE,
    /** The last of several changes. */
    LAST,
    /** The only change. */
    ONLY,
    /** The indicator in the trail has no known meaning. */
    UNKNOWN;

    private static final TransactionIndicator[] ALL = values();

    static TransactionIndicator of(int number) {
        return number < UNKNOWN.ordinal() ? ALL[number] : UNKNOWN;
    }

    /** {@return whether the change is the first of its transaction} */
    public boolean begins() {
        return this == FIRST || this == ONLY;
    }

    /** {@return whether the change is the last of its transaction} */
    public boolean ends() {
        return this == LAST || this == ONLY;
    }
}
