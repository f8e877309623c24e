package io.trailcore;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * Loads the native library once: from the path in the property {@code trailcore.native} or in the environment variable
 * {@code TRAILCORE_LIBRARY}, or else from the JAR.
 */
final class NativeLibrary {
    private static final String PROPERTY = "trailcore.native";
    private static final String ENVIRONMENT = "TRAILCORE_LIBRARY";

    private static boolean loaded;
    private static UnsatisfiedLinkError failure;

    private NativeLibrary() {
    }

    /** Loads the library. After a failure, every call fails with the full reason. */
    static synchronized void load() {
        if (loaded) {
            return;
        }
        if (failure != null) {
            throw newError(failure.getMessage(), failure);
        }
        try {
            String named = named();
            if (named != null) {
                loadFrom(Path.of(named).toAbsolutePath(), "the path in " + PROPERTY + " or " + ENVIRONMENT);
            } else {
                loadFromJar();
            }
            loaded = true;
        } catch (UnsatisfiedLinkError error) {
            failure = error;
            throw error;
        }
    }

    private static String named() {
        String property = System.getProperty(PROPERTY);
        String named = property != null ? property : System.getenv(ENVIRONMENT);
        return named == null || named.isBlank() ? null : named;
    }

    /** Returns the resource name of the library in the JAR, by operating system and processor. */
    static String resource() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String os = system.startsWith("linux") ? "linux" : system.startsWith("mac") ? "macos" : system.replaceAll("\\W.*", "");
        String processor = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String arch = switch (processor) {
            case "amd64", "x86_64" -> "x86_64";
            case "arm64", "aarch64" -> "aarch64";
            default -> processor;
        };
        return "native/" + os + "-" + arch + "/" + System.mapLibraryName("trailcore_jni");
    }

    private static void loadFromJar() {
        String resource = resource();
        Path file = null;
        try (InputStream in = NativeLibrary.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw newError("the JAR has no native library for this machine (io/trailcore/" + resource + ")", null);
            }
            file = Files.createTempFile("trailcore", System.mapLibraryName(""));
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
            loadFrom(file, "a temporary copy");
        } catch (IOException error) {
            throw newError("cannot copy the native library from the JAR (" + error + ")", error);
        } finally {
            discard(file);
        }
    }

    /** Deletes the temporary file. A loaded library does not need it where the system allows to delete it. */
    private static void discard(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException stillInUse) {
            file.toFile().deleteOnExit();
        }
    }

    private static void loadFrom(Path file, String origin) {
        try {
            System.load(file.toString());
        } catch (UnsatisfiedLinkError error) {
            String what = "cannot load the native library from " + file + ", " + origin + " (" + error.getMessage() + ")";
            throw newError(what, error);
        }
        int protocol;
        try {
            protocol = Native.protocol();
        } catch (UnsatisfiedLinkError error) {
            throw newError(file + " is not the Java library of trailcore, or one of another release", error);
        }
        if (protocol != Native.PROTOCOL) {
            throw newError(file + " has release " + Wire.text(Native.version()) + ", which does not match this JAR", null);
        }
        Native.meet(Callbacks.class, TrailException.class);
    }

    private static UnsatisfiedLinkError newError(String what, Throwable cause) {
        String way = "; set its path with -D" + PROPERTY + "=PATH or the environment variable " + ENVIRONMENT;
        UnsatisfiedLinkError error = new UnsatisfiedLinkError(what.endsWith(way) ? what : what + way);
        error.initCause(cause);
        return error;
    }
}
