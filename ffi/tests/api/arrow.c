/* Record batches. */
#include "api.h"

/* A callback that uses the stream that calls it. */
typedef struct {
    struct ArrowArrayStream *stream;
    int refused, calls;
} coming_back;

static bool come_back(void *user, const tc_progress *progress) {
    coming_back *back = user;
    struct ArrowArray array;
    (void)progress;
    back->calls++;
    if (back->stream) back->refused += back->stream->get_next(back->stream, &array) != 0;
    return true;
}

void arrow(void) {
    tc_trail *trail;
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    const char *options = "{\"columns\":[\"AMOUNT\",\"MEMO\"],\"rows\":7}";
    int64_t rows = 0;
    OK(tc_trail_open(sample, &trail, NULL));
    GIVES(TC_ERR_UNKNOWN_TABLE, tc_trail_arrow_stream(trail, "NO.SUCH", NULL, NULL, &stream, NULL));
    CHECK(stream.release == NULL);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, "{\"layout\":\"row\"}", &stream, NULL));
    OK(tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, options, &stream, NULL));
    tc_trail_free(trail);
    CHECK(stream.get_schema(&stream, &schema) == 0 && schema.n_children == 7);
    CHECK(strcmp(schema.children[5]->name, "AMOUNT") == 0 && strcmp(schema.children[5]->format, "d:18,2") == 0);
    schema.release(&schema);
    for (;;) {
        CHECK(stream.get_next(&stream, &batch) == 0);
        if (!batch.release) break;
        CHECK(batch.length <= 7);
        rows += batch.length;
        batch.release(&batch);
    }
    CHECK(rows > 40);
    stream.release(&stream);

    coming_back back = {NULL, 0, 0};
    tc_trail *watched;
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_trail_with(trail, NULL, NULL, come_back, &back, &watched));
    tc_trail_free(trail);
    OK(tc_trail_arrow_stream(watched, "BANK.POSTINGS", NULL, options, &stream, NULL));
    tc_trail_free(watched);
    back.stream = &stream;
    int64_t left = rows;
    for (;;) {
        CHECK(stream.get_next(&stream, &batch) == 0);
        if (!batch.release) break;
        left -= batch.length;
        batch.release(&batch);
    }
    CHECK(left == 0 && back.refused > 0);
    stream.release(&stream);

    /* All tables, in one pass. */
    fixtures f = make_fixtures(sample);
    tc_counts counts;
    const tc_table *table;
    tc_str name;
    int64_t postings = 0, all = 0;
    for (;;) {
        OK(tc_arrow_batches_next(f.arrow_batches, &table, &schema, &batch, NULL));
        if (!table) break;
        CHECK(schema.n_children == batch.n_children && schema.release && batch.release);
        OK(tc_table_name(table, &name));
        all += batch.length;
        if (str_is(name, "BANK.POSTINGS")) postings += batch.length;
        batch.release(&batch);
        schema.release(&schema);
    }
    CHECK(schema.release == NULL && batch.release == NULL);
    CHECK(postings == rows && all > postings && all <= 88);
    OK(tc_arrow_batches_filter_counts(f.arrow_batches, &counts));
    CHECK(counts.accepted == 0);
    tc_str report;
    OK(tc_buffer_clear(f.buffer));
    OK(tc_arrow_batches_report(f.arrow_batches, f.buffer, NULL));
    OK(tc_buffer_text(f.buffer, &report));
    CHECK(strstr(report.data, "\"left_out\":{\"ddl\":"));
    OK(tc_table_arrow_schema(f.table, options, &schema, NULL));
    CHECK(schema.n_children == 7);
    schema.release(&schema);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_table_arrow_schema(f.table, "{\"columns\":[\"NO_SUCH\"]}", &schema, NULL));
    CHECK(schema.release == NULL);
    free_fixtures(&f);
}
