package io.trailcore;

import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The header of a trail's file: where it comes from, which level it has, what it starts with. Immutable; any thread may use
 * it.
 *
 * <pre>{@code
 * for (Optional<FileHeader> header : trail.headers()) {
 *     System.out.println(header.flatMap(known -> known.get(HeaderField.FIRST_CSN)).orElse("not known"));
 * }
 * }</pre>
 */
public final class FileHeader {
    /** What a header says of one of its fields. Not set is not zero. */
    public enum State {
        /** The header has no such field, or one of a form that is not known. */
        ABSENT,
        /** The field is there and marked as not set. */
        UNSET,
        /** It has a value. */
        VALUE
    }

    /** What a header says of encryption. */
    public enum Encryption {
        /** It has no key slot, as those below level 5. */
        NO_SLOT,
        /** The key slot is empty. */
        EMPTY,
        /** The key slot holds something, so that rows may be encrypted. */
        KEY_PRESENT
    }

    /**
     * A group of tokens as it stands.
     *
     * @param id hexadecimal 30 trail, 31 machine, 32 database, 33 producer, 34 continuity; others are kept
     * @param info its info byte
     * @param tokens its tokens, in order
     * @param raw the bytes of a group that is not known and is no list of tokens
     */
    public record Group(int id, int info, List<Token> tokens, byte[] raw) {
        static Group of(Wire.Reader in) {
            int id = in.u8();
            int info = in.u8();
            byte[] raw = in.array();
            return new Group(id, info, in.list(Token::of), raw);
        }

        /**
         * The bytes of a group that is not known and is no list of tokens.
         *
         * @return a copy of them; none of any other group
         */
        @Override
        public byte[] raw() {
            return raw.clone();
        }
    }

    /**
     * A token of a group as it stands.
     *
     * @param id its id in the group
     * @param info its info byte; hexadecimal ff says that it is not set
     * @param body its bytes
     */
    public record Token(int id, int info, byte[] body) {
        static Token of(Wire.Reader in) {
            return new Token(in.u8(), in.u8(), in.array());
        }

        /**
         * Its bytes.
         *
         * @return a copy of them
         */
        @Override
        public byte[] body() {
            return body.clone();
        }
    }

    private final ByteOrder byteOrder;
    private final Encryption encryption;
    private final Map<HeaderField<?>, Object> values = new LinkedHashMap<>();
    private final Set<HeaderField<?>> unset = new HashSet<>();
    private final List<String> uriHistory;
    private final List<Group> groups;

    FileHeader(byte[] told) {
        Wire.Reader in = new Wire.Reader(told);
        byteOrder = in.bool() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        encryption = Encryption.values()[in.u8()];
        for (HeaderField<?> field : HeaderField.all()) {
            int state = in.u8();
            if (state == State.VALUE.ordinal()) {
                values.put(field, field.read(in));
            } else if (state == State.UNSET.ordinal()) {
                unset.add(field);
            }
        }
        uriHistory = in.list(Wire.Reader::text);
        groups = in.list(Group::of);
    }

    /**
     * The value of a field.
     *
     * @param <T> the type of its value
     * @param field the field
     * @return the value; empty where the header does not tell it: {@link #state} says how
     */
    public <T> Optional<T> get(HeaderField<T> field) {
        return Optional.ofNullable(field.cast(values.get(field)));
    }

    /**
     * What the header says of a field.
     *
     * @param field the field
     * @return whether it is absent, not set, or has a value
     */
    public State state(HeaderField<?> field) {
        return values.containsKey(field) ? State.VALUE : unset.contains(field) ? State.UNSET : State.ABSENT;
    }

    /**
     * The order of the bytes of numbers in the file.
     *
     * @return the order
     */
    public ByteOrder byteOrder() {
        return byteOrder;
    }

    /**
     * What the header says of encryption.
     *
     * @return what it says
     */
    public Encryption encryption() {
        return encryption;
    }

    /**
     * The URIs of the trails that a pump has read to write this one.
     *
     * @return the URIs; empty for a primary Extract
     */
    public List<String> uriHistory() {
        return uriHistory;
    }

    /**
     * Every group with every token, known or not.
     *
     * @return the groups, in order
     */
    public List<Group> groups() {
        return groups;
    }

    /**
     * A token by its group and id, known or not.
     *
     * @param group the group's id
     * @param id the token's id in the group
     * @return the token as it stands; empty where the header has none
     */
    public Optional<Token> token(int group, int id) {
        return groups.stream().filter(own -> own.id() == group).flatMap(own -> own.tokens().stream())
                .filter(token -> token.id() == id).findFirst();
    }

    /** The fields that have a value, for people. */
    @Override
    public String toString() {
        return "FileHeader" + values;
    }
}
