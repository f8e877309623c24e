package io.trailcore;

import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The header of a trail file: its origin, its compatibility level, its first and last CSN and time. Immutable and
 * thread-safe.
 *
 * <pre>{@code
 * for (Optional<FileHeader> header : trail.headers()) {
 *     System.out.println(header.flatMap(known -> known.get(HeaderField.FIRST_CSN)).orElse("not known"));
 * }
 * }</pre>
 */
public final class FileHeader {
    /** The state of one field of a header. Not set differs from zero. */
    public enum State {
        /** The header has no such field, or the field has an unknown format. */
        ABSENT,
        /** The field is present and marked as not set. */
        UNSET,
        /** The field has a value. */
        VALUE
    }

    /** The state of the encryption key slot of a header. */
    public enum Encryption {
        /** The header has no key slot. Headers below level 5 have none. */
        NO_SLOT,
        /** The key slot is empty. */
        EMPTY,
        /** The key slot is in use: rows may be encrypted. */
        KEY_PRESENT
    }

    /**
     * A raw group of tokens.
     *
     * @param id the id: hexadecimal 30 trail, 31 machine, 32 database, 33 producer, 34 continuity, or an unknown one
     * @param info the info byte
     * @param tokens the tokens, in order
     * @param raw the bytes of an unknown group that is not a list of tokens
     */
    public record Group(int id, int info, List<Token> tokens, byte[] raw) {
        static Group of(Wire.Reader in) {
            int id = in.u8();
            int info = in.u8();
            byte[] raw = in.array();
            return new Group(id, info, in.list(Token::of), raw);
        }

        /** {@return the bytes of an unknown group that is not a list of tokens; empty for all other groups} */
        @Override
        public byte[] raw() {
            return raw.clone();
        }
    }

    /**
     * A raw token of a group.
     *
     * @param id the id in the group
     * @param info the info byte; hexadecimal ff means not set
     * @param body the bytes
     */
    public record Token(int id, int info, byte[] body) {
        static Token of(Wire.Reader in) {
            return new Token(in.u8(), in.u8(), in.array());
        }

        /** {@return the bytes of the token} */
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

    FileHeader(byte[] message) {
        Wire.Reader in = new Wire.Reader(message);
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
     * {@return the value of a field; empty if the header has none, see {@link #state}}
     *
     * @param <T> the type of the value
     * @param field the field
     */
    public <T> Optional<T> get(HeaderField<T> field) {
        return Optional.ofNullable(field.cast(values.get(field)));
    }

    /**
     * Returns the state of a field.
     *
     * @param field the field
     * @return the state: absent, not set, or with a value
     */
    public State state(HeaderField<?> field) {
        return values.containsKey(field) ? State.VALUE : unset.contains(field) ? State.UNSET : State.ABSENT;
    }

    /** {@return the byte order of the file} */
    public ByteOrder byteOrder() {
        return byteOrder;
    }

    /** {@return the state of the encryption key slot} */
    public Encryption encryption() {
        return encryption;
    }

    /**
     * {@return the URIs of the trails that pumps read to write this one; empty if a primary Extract wrote the trail}
     */
    public List<String> uriHistory() {
        return uriHistory;
    }

    /** {@return all groups with all tokens, known or not} */
    public List<Group> groups() {
        return groups;
    }

    /**
     * {@return a token by its group and id, known or not; empty if the header has no such token}
     *
     * @param group the id of the group
     * @param id the id of the token in the group
     */
    public Optional<Token> token(int group, int id) {
        return groups.stream().filter(own -> own.id() == group).flatMap(own -> own.tokens().stream())
                .filter(token -> token.id() == id).findFirst();
    }

    /** Returns the fields that have a value, for display. */
    @Override
    public String toString() {
        return "FileHeader" + values;
    }
}
