package example;

import io.trailcore.Change;
import io.trailcore.ReadOptions;
import io.trailcore.Select;
import io.trailcore.Trail;
import io.trailcore.TrailException;
import io.trailcore.TrailReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Prints the changes of a trail as JSON, one per line: all changes, or only the accepted ones of a selection. */
public final class TrailToJson {
    private TrailToJson() {
    }

    public static void main(String[] arguments) {
        if (arguments.length < 1 || arguments.length > 2) {
            System.err.println("usage: trail-to-json PATH [\"TABLE BANK.POSTINGS, FILTER (AMOUNT > 1000);\"]");
            System.exit(2);
        }
        try {
            ReadOptions options = new ReadOptions();
            if (arguments.length == 2) {
                options = options.select(Select.parse(arguments[1]));
            }
            print(Trail.open(Path.of(arguments[0])), options);
        } catch (TrailException error) {
            System.err.println(error.getMessage());
            System.exit(1);
        }
    }

    private static void print(Trail trail, ReadOptions options) {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (TrailReader reader = trail.reader(options)) {
            for (Change change : reader) {
                out.print(change.toJson() + "\n");
            }
        } finally {
            out.flush();
        }
    }
}
