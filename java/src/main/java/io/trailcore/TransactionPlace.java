package io.trailcore;

/** Where a change stands in its transaction. */
public enum TransactionPlace {
    /** The first of several. */
    FIRST,
    /** Neither the first nor the last. */
    MIDDLE,
    /** The last of several. */
    LAST,
    /** The only one. */
    ONLY,
    /** The trail's indicator has no known meaning. */
    UNKNOWN;

    private static final TransactionPlace[] ALL = values();

    static TransactionPlace of(int number) {
        return number < UNKNOWN.ordinal() ? ALL[number] : UNKNOWN;
    }

    /**
     * Whether a transaction starts with the change.
     *
     * @return whether it does
     */
    public boolean begins() {
        return this == FIRST || this == ONLY;
    }

    /**
     * Whether a transaction ends with the change.
     *
     * @return whether it does
     */
    public boolean ends() {
        return this == LAST || this == ONLY;
    }
}
