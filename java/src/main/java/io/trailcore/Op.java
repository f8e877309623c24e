package io.trailcore;

/** What a change does. */
public enum Op {
    /** A new row. */
    INSERT,
    /** A row with the same key and other values. */
    UPDATE,
    /** A row with another key. */
    PK_UPDATE,
    /** A row is gone. */
    DELETE,
    /** All rows are gone. */
    TRUNCATE,
    /** A statement that changes definitions. */
    DDL,
    /** Not a change: a database or table definition. Only with {@link ReadOptions#all}. */
    METADATA,
    /** Not a change: a marker, or a record of a type that is not understood. Only with {@link ReadOptions#all}. */
    OTHER;

    private static final Op[] ALL = values();

    static Op of(int number) {
        return ALL[number];
    }

    /**
     * The name in the native JSON form: {@code insert}, {@code pk_update} and so on.
     *
     * @return the name
     */
    public String jsonName() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /**
     * Whether it changes data or definitions, so that a reader hands it out by itself.
     *
     * @return whether it is a change
     */
    public boolean isChange() {
        return this != METADATA && this != OTHER;
    }
}
