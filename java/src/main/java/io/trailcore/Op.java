package io.trailcore;

/** The operation of a change. */
public enum Op {
    /** A row was inserted. */
    INSERT,
    /** A row was updated; its key is unchanged. */
    UPDATE,
    /** A row was updated and its key changed. */
    PK_UPDATE,
    /** A row was deleted. */
    DELETE,
    /** All rows of a table were deleted. */
    TRUNCATE,
    /** DDL. */
    DDL,
    /** Not a change: a database or table definition. Only with {@link ReadOptions#includeNonChanges}. */
    METADATA,
    /** Not a change: a marker, or a record of an unknown type. Only with {@link ReadOptions#includeNonChanges}. */
    OTHER;

    private static final Op[] ALL = values();

    static Op of(int number) {
        return ALL[number];
    }

    /** {@return the name in native JSON, such as {@code insert} or {@code pk_update}} */
    public String jsonName() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** {@return whether it changes data or definitions} A reader returns only such records by default. */
    public boolean isChange() {
        return this != METADATA && this != OTHER;
    }
}
