package io.trailcore;

/** The operation of a change. */
public enum Op {
    // generated: values of the core
    /** A new row. */
    INSERT,
    /** A row with the same key and other values. */
    UPDATE,
    /** A row with another key. */
    PK_UPDATE,
    /** A deleted row. */
    DELETE,
    /** All rows of the table are deleted. */
    TRUNCATE,
    /** A DDL change of a definition. */
    DDL,
    /** Not a change: a database or table definition. Only returned on request. */
    METADATA,
    /** Not a change: a marker, or a record of an unknown type. Only returned on request. */
    OTHER;
    // end of generated

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
