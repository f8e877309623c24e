/* Native JSON lines, opened like a trail. */
#include "api.h"

/* Definitions of the trail, without which types are inferred. */
static tc_catalog *definitions(const tc_trail *trail) {
    tc_catalog *catalog;
    tc_block *block;
    tc_reader *reader = open_reader(trail, NULL);
    for (;;) {
        OK(tc_reader_next_block(reader, 1000, &block, NULL));
        if (!block) break;
        tc_block_free(block);
    }
    OK(tc_reader_tables(reader, &catalog));
    tc_reader_free(reader);
    return catalog;
}

static int same(const tc_buffer *left, const tc_buffer *right) {
    tc_str a, b;
    OK(tc_buffer_text(left, &a));
    OK(tc_buffer_text(right, &b));
    return a.length > 0 && a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

static void lines_of(const tc_trail *trail, tc_buffer *buffer) {
    tc_reader *reader = open_reader(trail, NULL);
    OK(tc_buffer_clear(buffer));
    read_lines(reader, 100, buffer);
    tc_reader_free(reader);
}

/* The number of rows of a table's record batches. */
static int64_t rows_of(const tc_trail *trail) {
    struct ArrowArrayStream stream;
    int64_t rows = 0;
    OK(tc_trail_arrow_stream(trail, "BANK.POSTINGS", NULL, NULL, &stream, NULL));
    for (;;) {
        struct ArrowArray batch;
        CHECK(stream.get_next(&stream, &batch) == 0);
        if (!batch.release) break;
        rows += batch.length;
        batch.release(&batch);
    }
    stream.release(&stream);
    return rows;
}

void lines(void) {
    tc_trail *trail, *text, *again;
    tc_select *select;
    tc_buffer *wanted, *found;
    tc_writer *writer;
    tc_reader *reader;
    const tc_change *change;
    bool open;
    char path[512];
    OK(tc_buffer_new(&wanted));
    OK(tc_buffer_new(&found));
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_trail_open(expected, &text, NULL));
    tc_catalog *catalog = definitions(trail);
    tc_trail *defined = with(text, catalog, NULL);
    lines_of(trail, wanted);
    lines_of(text, found);
    CHECK(same(wanted, found));
    lines_of(defined, found);
    CHECK(same(wanted, found));

    /* The same selection decides the same. */
    OK(tc_select_parse("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);", NULL, &select, NULL));
    tc_trail *selected[] = {with(trail, NULL, select), with(text, NULL, select), with(text, catalog, select)};
    tc_select_free(select);
    lines_of(selected[0], wanted);
    lines_of(selected[1], found);
    CHECK(same(wanted, found));
    CHECK(rows_of(selected[2]) == rows_of(selected[0]) && rows_of(selected[0]) > 0);
    CHECK(rows_of(selected[1]) == rows_of(selected[0]));
    for (size_t i = 0; i < 3; i++) tc_trail_free(selected[i]);

    /* Both become the same trail, which reads back the same. */
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/l%c", folder, 'a' + i);
        OK(tc_writer_create(path, NULL, &writer, NULL));
        reader = open_reader(i == 0 ? trail : defined, NULL);
        for (;;) {
            OK(tc_reader_next(reader, &change, NULL));
            if (!change) break;
            OK(tc_writer_write(writer, change, NULL));
        }
        OK(tc_writer_is_in_transaction(writer, &open));
        if (open) OK(tc_writer_commit(writer, NULL));
        OK(tc_writer_finish(writer, false, NULL));
        tc_writer_free(writer);
        tc_reader_free(reader);
        OK(tc_trail_open(path, &again, NULL));
        lines_of(again, i == 0 ? wanted : found);
        tc_trail_free(again);
    }
    CHECK(same(wanted, found));
    tc_catalog_free(catalog);
    tc_trail_free(defined);
    tc_trail_free(text);
    tc_trail_free(trail);
    tc_buffer_free(found);
    tc_buffer_free(wanted);
}
