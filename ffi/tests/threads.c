/* Eight threads on shared const objects: threads SAMPLE. Each gets the results of a single thread. */
#include "fixtures.h"

#include <pthread.h>

int checks;

#define THREADS 8
#define ROUNDS 20

typedef struct {
    const tc_trail *trail;
    const tc_block *block;
    const tc_select *select;
    const tc_table *table;
    const tc_catalog *catalog;
    const tc_file_header *header;
    const tc_logdump_filter *filter;
    uint64_t sums[THREADS];
} shared;

typedef struct {
    shared *all;
    size_t number;
} task;

static uint64_t add(uint64_t sum, const void *data, size_t length) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++) sum = sum * 1099511628211u + bytes[i];
    return sum;
}

static uint64_t look(const shared *all) {
    uint64_t sum = 0;
    size_t count;
    tc_buffer *buffer;
    tc_str text;
    tc_reader *reader;
    tc_block *block;
    OK(tc_buffer_new(&buffer));
    /* A shared block. */
    OK(tc_block_count(all->block, &count));
    for (size_t i = 0; i < count; i++) {
        const tc_change *change;
        tc_column columns[64];
        size_t found;
        bool matches;
        OK(tc_block_change(all->block, i, &change));
        OK(tc_change_columns(change, TC_IMAGE_AFTER, columns, 64, &found, NULL));
        for (size_t c = 0; c < found; c++) sum = add(sum, columns[c].bytes.data, columns[c].bytes.length);
        OK(tc_change_csn(change, &text));
        sum = add(sum, text.data, text.length);
        OK(tc_logdump_filter_matches(all->filter, change, &matches));
        sum += matches;
    }
    OK(tc_block_write_json(all->block, buffer, NULL));
    /* A shared trail and selection. */
    tc_trail *trail;
    OK(tc_trail_with(all->trail, all->catalog, all->select, NULL, NULL, &trail));
    OK(tc_reader_open(trail, NULL, &reader, NULL));
    tc_trail_free(trail);
    for (;;) {
        OK(tc_reader_next_block(reader, 10, &block, NULL));
        if (!block) break;
        OK(tc_block_write_json(block, buffer, NULL));
        tc_block_free(block);
    }
    tc_reader_free(reader);
    OK(tc_select_explain(all->select, all->table, buffer));
    OK(tc_trail_call(all->trail, "count", NULL, buffer, NULL));
    OK(tc_buffer_text(buffer, &text));
    sum = add(sum, text.data, text.length);
    tc_field_state state;
    OK(tc_file_header_text(all->header, TC_FIELD_URI, &text, &state));
    sum = add(sum, text.data, text.length);
    tc_table *copy;
    OK(tc_table_clone(all->table, &copy));
    tc_table_free(copy);
    tc_buffer_free(buffer);
    return sum;
}

static void *run(void *argument) {
    task *own = argument;
    for (int i = 0; i < ROUNDS; i++) own->all->sums[own->number] = look(own->all);
    return NULL;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    fixtures f = make_fixtures(arguments[1]);
    tc_reader *reader;
    tc_block *block;
    OK(tc_reader_open(f.trail, NULL, &reader, NULL));
    OK(tc_reader_next_block(reader, 1000, &block, NULL));
    tc_reader_free(reader);
    shared all = {f.trail, block, f.select, f.table, f.catalog, f.file_header, f.logdump_filter, {0}};
    task tasks[THREADS];
    pthread_t threads[THREADS];
    uint64_t wanted = look(&all);
    for (size_t i = 0; i < THREADS; i++) {
        tasks[i].all = &all;
        tasks[i].number = i;
        if (pthread_create(&threads[i], NULL, run, &tasks[i]) != 0) return 1;
    }
    for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < THREADS; i++) CHECK(all.sums[i] == wanted);
    tc_block_free(block);
    free_fixtures(&f);
    printf("%d threads, %d rounds each\n", THREADS, ROUNDS);
    return 0;
}
