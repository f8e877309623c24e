package io.trailcore;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A value in a document: a map, list, text, number, boolean or {@code null}. The generated records read themselves from it. */
record Json(Object value) {
    /** Parses a document of the native library. */
    static Json parse(String text) {
        return new Json(new Parser(text).value());
    }

    Json get(String member) {
        return new Json(((Map<?, ?>) value).get(member));
    }

    long number() {
        return ((BigDecimal) value).longValue();
    }

    double real() {
        return ((BigDecimal) value).doubleValue();
    }

    boolean bool() {
        return (Boolean) value;
    }

    String text() {
        return (String) value;
    }

    Position position() {
        return Position.parse(text());
    }

    Instant instant() {
        return Instant.parse(text());
    }

    /** Returns the name of the constant of an enum. */
    String constant() {
        return text().toUpperCase(Locale.ROOT);
    }

    <T> Optional<T> maybe(Function<Json, T> read) {
        return value == null ? Optional.empty() : Optional.of(read.apply(this));
    }

    <T> List<T> list(Function<Json, T> read) {
        return ((List<?>) value).stream().map(Json::new).map(read).toList();
    }

    <T> Range<T> range(Function<Json, T> read) {
        List<T> both = list(read);
        return new Range<>(both.get(0), both.get(1));
    }

    <T> Map<String, T> map(Function<Json, T> read) {
        Map<String, T> map = new LinkedHashMap<>();
        ((Map<?, ?>) value).forEach((name, one) -> map.put((String) name, read.apply(new Json(one))));
        return Collections.unmodifiableMap(map);
    }

    /** Returns a value of maps, lists, texts and numbers as a document. */
    static String write(Object value) {
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream().map(entry -> write(entry.getKey()) + ":" + write(entry.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Json::write).collect(Collectors.joining(",", "[", "]"));
        }
        return value instanceof String text ? quoted(text) : String.valueOf(value);
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < ' ') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }

    /** Parses the compact JSON that the native library writes. */
    private static final class Parser {
        private final String text;
        private int at;

        Parser(String text) {
            this.text = text;
        }

        Object value() {
            switch (text.charAt(at)) {
                case '{':
                    Map<String, Object> map = new LinkedHashMap<>();
                    while (next('}')) {
                        String name = string();
                        at++;
                        map.put(name, value());
                    }
                    return map;
                case '[':
                    List<Object> list = new ArrayList<>();
                    while (next(']')) {
                        list.add(value());
                    }
                    return list;
                case '"':
                    return string();
                default:
                    int start = at;
                    while (at < text.length() && ",]}".indexOf(text.charAt(at)) < 0) {
                        at++;
                    }
                    String word = text.substring(start, at);
                    return switch (word) {
                        case "null" -> null;
                        case "true", "false" -> Boolean.valueOf(word);
                        default -> new BigDecimal(word);
                    };
            }
        }

        /** Moves to the next element; skips the end and returns {@code false} if there is none. */
        private boolean next(char end) {
            at++;
            if (text.charAt(at - 1) != end && text.charAt(at) != end) {
                return true;
            }
            at += text.charAt(at - 1) == end ? 0 : 1;
            return false;
        }

        private String string() {
            StringBuilder string = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                char c = text.charAt(at);
                if (c != '\\') {
                    string.append(c);
                } else if (text.charAt(++at) == 'u') {
                    string.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    int escape = "bfnrt".indexOf(text.charAt(at));
                    string.append(escape < 0 ? text.charAt(at) : "\b\f\n\r\t".charAt(escape));
                }
            }
            at++;
            return string.toString();
        }
    }
}
