/* Shared by the tests: checks that report their line, and one object of each kind over the sample trail. */
#ifndef FIXTURES_H
#define FIXTURES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <trailcore.h>

extern int checks;

#define CHECK(condition) check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define OK(call) check_status((call), TC_OK, #call, __FILE__, __LINE__)
#define GIVES(status, call) check_status((call), (status), #call, __FILE__, __LINE__)

static inline void check(int holds, const char *what, const char *file, int line) {
    checks++;
    if (holds) return;
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, what);
    exit(1);
}

static inline void check_status(tc_status found, tc_status wanted, const char *what, const char *file, int line) {
    checks++;
    if (found == wanted) return;
    fprintf(stderr, "%s:%d: %s returns %s, not %s\n", file, line, what, tc_status_name(found), tc_status_name(wanted));
    exit(1);
}

static inline int str_is(tc_str text, const char *wanted) {
    return text.data && text.length == strlen(wanted) && memcmp(text.data, wanted, text.length) == 0;
}

/* One object of each kind. `change` belongs to `block`, `table` to `change`. */
typedef struct {
    tc_trail *trail;
    tc_reader *reader;
    tc_block *block;
    const tc_change *change;
    const tc_table *table;
    tc_record_reader *record_reader;
    tc_catalog *catalog;
    tc_select *select;
    tc_selector *selector;
    tc_arrow_batches *arrow_batches;
    tc_logdump_filter *logdump_filter;
    tc_file_header *file_header;
    tc_writer *writer;
    tc_row *row;
    tc_tail *tail;
    tc_delivery *delivery;
    tc_hub *hub;
    tc_pipelines *pipelines;
    tc_buffer *buffer;
    tc_error *error;
} fixtures;

/* Creates all objects. The change is an insert of BANK.POSTINGS. */
static inline fixtures make_fixtures(const char *sample) {
    fixtures f;
    tc_trail *none;
    memset(&f, 0, sizeof f);
    OK(tc_trail_open(sample, &f.trail, NULL));
    OK(tc_select_parse("TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);", NULL, &f.select, NULL));
    OK(tc_trail_with(f.trail, NULL, f.select, NULL, NULL, &none));
    OK(tc_reader_open(none, NULL, &f.reader, NULL));
    tc_trail_free(none);
    tc_change_info info;
    info.size = sizeof info;
    do {
        tc_block_free(f.block);
        OK(tc_reader_next_block(f.reader, 1, &f.block, NULL));
        CHECK(f.block != NULL);
        OK(tc_block_change(f.block, 0, &f.change));
        OK(tc_change_info_of(f.change, &info));
    } while (info.op != TC_OP_INSERT);
    f.table = info.table;
    OK(tc_record_reader_open(f.trail, NULL, &f.record_reader, NULL));
    OK(tc_catalog_new(&f.catalog));
    OK(tc_selector_new(f.select, &f.selector));
    OK(tc_arrow_batches_open(f.trail, NULL, NULL, &f.arrow_batches, NULL));
    OK(tc_logdump_filter_parse("FILTER RECTYPE Insert", &f.logdump_filter, NULL));
    OK(tc_change_file_header(f.change, &f.file_header));
    OK(tc_writer_new_in_memory("aa", NULL, &f.writer, NULL));
    OK(tc_writer_row(f.writer, f.table, &f.row));
    OK(tc_tail_open(sample, NULL, NULL, &f.tail, NULL));
    OK(tc_tail_next(f.tail, -1, &f.delivery, NULL));
    OK(tc_hub_open(sample, NULL, &f.hub, NULL));
    OK(tc_pipelines_start("pipeline = []", &f.pipelines, NULL));
    OK(tc_buffer_new(&f.buffer));
    GIVES(TC_ERR_NOT_FOUND, tc_trail_open("no/such/place/lt", &none, &f.error));
    CHECK(f.error != NULL && none == NULL);
    return f;
}

static inline void free_fixtures(fixtures *f) {
    tc_error_free(f->error);
    tc_buffer_free(f->buffer);
    tc_pipelines_free(f->pipelines);
    tc_hub_free(f->hub);
    tc_delivery_free(f->delivery);
    tc_tail_free(f->tail);
    tc_row_free(f->row);
    tc_writer_free(f->writer);
    tc_file_header_free(f->file_header);
    tc_logdump_filter_free(f->logdump_filter);
    tc_arrow_batches_free(f->arrow_batches);
    tc_selector_free(f->selector);
    tc_catalog_free(f->catalog);
    tc_record_reader_free(f->record_reader);
    tc_block_free(f->block);
    tc_reader_free(f->reader);
    tc_select_free(f->select);
    tc_trail_free(f->trail);
}

#endif
