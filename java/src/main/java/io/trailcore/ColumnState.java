package io.trailcore;

/** The five states of a column. */
public enum ColumnState {
    /** The column has a value. */
    VALUE,
    /** The column is NULL. */
    NULL,
    /** The image does not contain the column. */
    MISSING,
    /** The value is present but cannot be decoded. Its raw bytes stay readable. */
    INVALID,
    /** A large object that the change left unchanged. No form of this state is known in trails. */
    UNCHANGED;

    private static final ColumnState[] ALL = values();

    static ColumnState of(int number) {
        return ALL[number];
    }
}
