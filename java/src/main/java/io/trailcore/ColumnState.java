package io.trailcore;

/** The five states of a column. */
public enum ColumnState {
    /** It holds a value. */
    VALUE,
    /** It is NULL. */
    NULL,
    /** It is not in this image. */
    MISSING,
    /** It is present and not decodable; its bytes are there. */
    INVALID,
    /** A large object that the change left as it was. No form of it is known in trails. */
    UNCHANGED;

    private static final ColumnState[] ALL = values();

    static ColumnState of(int number) {
        return ALL[number];
    }
}
