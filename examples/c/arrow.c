/*
 * Exports the changes of a table as Arrow record batches: arrow PATH TABLE
 *
 * This program only counts rows. Any Arrow implementation accepts the same struct: arrow::ImportRecordBatchReader in C++,
 * duckdb_arrow_scan in DuckDB.
 */
#include <inttypes.h>
#include <stdio.h>

#include <trailcore.h>

static int fail(struct ArrowArrayStream *stream) {
    const char *message = stream->get_last_error(stream);
    fprintf(stderr, "arrow: %s\n", message ? message : "the stream failed");
    return 1;
}

static int consume(struct ArrowArrayStream *stream) {
    struct ArrowSchema schema;
    int64_t rows = 0;
    if (stream->get_schema(stream, &schema) != 0) return fail(stream);
    for (int64_t i = 0; i < schema.n_children; i++) {
        printf("%s %s\n", schema.children[i]->name, schema.children[i]->format);
    }
    schema.release(&schema);
    for (;;) {
        struct ArrowArray batch;
        if (stream->get_next(stream, &batch) != 0) return fail(stream);
        if (!batch.release) break; /* the end */
        rows += batch.length;
        batch.release(&batch);
    }
    printf("%" PRId64 " rows\n", rows);
    return 0;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: arrow PATH TABLE\n");
        return 2;
    }
    tc_trail *trail = NULL;
    tc_error *error = NULL;
    struct ArrowArrayStream stream;
    tc_status status = tc_trail_open(arguments[1], &trail, &error);
    if (status == TC_OK) status = tc_trail_arrow_stream(trail, arguments[2], NULL, NULL, &stream, &error);
    tc_trail_free(trail); /* the stream does not depend on it */
    if (status != TC_OK) {
        fprintf(stderr, "arrow: %s\n", tc_error_message(error));
        tc_error_free(error);
        return 1;
    }
    int code = consume(&stream);
    stream.release(&stream);
    return code;
}
