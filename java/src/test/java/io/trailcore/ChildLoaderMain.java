package io.trailcore;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;

/** A program whose trailcore is in a child class loader, as in an application server, and whose Arrow is in its parent. */
final class ChildLoaderMain {
    private ChildLoaderMain() {
    }

    /** The arguments are the folders of the child's classes. */
    public static void main(String[] arguments) throws Exception {
        URL[] folders = new URL[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            folders[i] = url(arguments[i]);
        }
        ClassLoader parent = ChildLoaderMain.class.getClassLoader();
        try (URLClassLoader child = new URLClassLoader(folders, parent) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                synchronized (getClassLoadingLock(name)) {
                    if (!name.startsWith("io.trailcore.")) {
                        return super.loadClass(name, resolve);
                    }
                    Class<?> loaded = findLoadedClass(name);
                    return loaded != null ? loaded : findClass(name);
                }
            }
        }) {
            Constructor<?> inside = child.loadClass(Inside.class.getName()).getDeclaredConstructor();
            inside.setAccessible(true);
            ((Runnable) inside.newInstance()).run();
        }
    }

    private static URL url(String folder) throws MalformedURLException {
        return Path.of(folder).toUri().toURL();
    }

    /** Returns the class path without the tested classes. */
    static String parentPath() {
        String tested = folder(Trail.class);
        return String.join(File.pathSeparator, List.of(System.getProperty("java.class.path").split(File.pathSeparator)).stream()
                .filter(entry -> !Path.of(entry).equals(Path.of(tested))).toList());
    }

    static String folder(Class<?> one) {
        try {
            return Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
        } catch (java.net.URISyntaxException error) {
            throw new IllegalStateException(error);
        }
    }

    static final class Inside implements Runnable {
        @Override
        public void run() {
            byte[] rates = Samples.rates(500);
            ByteSource source = new ByteSource() {
                @Override
                public long size() {
                    return rates.length;
                }

                @Override
                public int read(long offset, ByteBuffer into) {
                    int read = (int) Math.min(into.remaining(), rates.length - offset);
                    into.put(rates, (int) offset, read);
                    return read;
                }
            };
            int[] notified = {0};
            ReadOptions options = new ReadOptions().onProgress(progress -> ++notified[0] > 0);
            int rows = 0;
            try (BufferAllocator allocator = new RootAllocator();
                    ArrowReader reader = ArrowStreams.open(
                            allocator, Trail.of("ra000000000", source), "BANK.RATES", options, new ArrowOptions().rows(100))) {
                while (reader.loadNextBatch()) {
                    rows += reader.getVectorSchemaRoot().getRowCount();
                }
            } catch (IOException error) {
                throw new java.io.UncheckedIOException(error);
            }
            System.out.print(rows + " rows, " + (notified[0] > 0 ? "notified" : "not notified"));
        }
    }
}
