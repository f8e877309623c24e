package io.trailcore;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Options as a document: values by name. The generated methods set them. Immutable. */
abstract class Options<T extends Options<T>> {
    final Map<String, Object> values;

    Options(Map<String, Object> values) {
        this.values = values;
    }

    /** Returns the same options with other values. */
    abstract T copy(Map<String, Object> values);

    T with(String name, Object value) {
        Map<String, Object> changed = new LinkedHashMap<>(values);
        changed.put(name, Objects.requireNonNull(value));
        return copy(changed);
    }

    /** Returns the word of a choice in documents. */
    static String word(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }

    /** Returns the options as a JSON document. */
    byte[] document() {
        return Wire.bytes(Json.write(values));
    }

    /** Returns the values, for display. */
    @Override
    public String toString() {
        return Json.write(values);
    }
}
