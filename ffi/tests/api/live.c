/* Live trails: every way to take deliveries gives the lines of the sample, and a checkpoint continues. */
#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <pthread.h>

#include "api.h"

static size_t wanted_length;
static char *wanted;

static void check_lines(tc_buffer *lines) {
    tc_str text;
    OK(tc_buffer_text(lines, &text));
    CHECK(text.length == wanted_length && memcmp(text.data, wanted, wanted_length) == 0);
}

/* Appends the lines of a delivery. Returns whether these are all. */
static int add_lines(tc_delivery *delivery, tc_buffer *lines) {
    tc_block *block;
    tc_str text;
    for (;;) {
        OK(tc_delivery_next_block(delivery, &block, NULL));
        if (!block) break;
        OK(tc_block_write_json(block, lines, NULL));
        tc_block_free(block);
    }
    OK(tc_buffer_text(lines, &text));
    return text.length >= wanted_length;
}

static void *stop_later(void *tail) {
    struct timespec moment = {0, 20 * 1000 * 1000};
    nanosleep(&moment, NULL);
    OK(tc_tail_wake(tail));
    OK(tc_tail_stop(tail));
    return NULL;
}

static void waiting_with(const char *options) {
    tc_tail *tail;
    tc_delivery *delivery;
    tc_buffer *lines, *facts;
    tc_str text;
    tc_delivery_kind kind;
    uint64_t number;
    pthread_t thread;
    OK(tc_buffer_new(&lines));
    OK(tc_buffer_new(&facts));
    OK(tc_tail_open(sample, options, NULL, &tail, NULL));
    do {
        OK(tc_tail_next(tail, -1, &delivery, NULL));
        CHECK(delivery != NULL);
        OK(tc_delivery_kind_of(delivery, &kind));
        OK(tc_delivery_number(delivery, &number));
        CHECK(kind == TC_DELIVERY_TRANSACTION ? number > 0 : number == 0);
        tc_buffer_clear(facts);
        OK(tc_delivery_facts(delivery, facts, NULL));
        OK(tc_buffer_text(facts, &text));
        CHECK(kind == TC_DELIVERY_EVENT || strstr(text.data, "\"part\":\"whole\""));
        CHECK(kind != TC_DELIVERY_EVENT || strstr(text.data, "\"policy\""));
        int done = add_lines(delivery, lines);
        tc_delivery_free(delivery);
        OK(tc_tail_acknowledge(tail, number, NULL));
        if (done) break;
    } while (1);
    check_lines(lines);
    OK(tc_tail_next(tail, 0, &delivery, NULL));
    CHECK(delivery == NULL);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_tail_acknowledge(tail, 1000000, NULL));
    tc_buffer_clear(facts);
    OK(tc_tail_progress(tail, facts, NULL));
    OK(tc_buffer_text(facts, &text));
    CHECK(strstr(text.data, "\"acknowledged\""));
    tc_buffer_clear(facts);
    OK(tc_tail_lag(tail, facts, NULL));
    OK(tc_buffer_text(facts, &text));
    CHECK(strstr(text.data, "\"bytes_behind\":0"));
    OK(tc_tail_resume(tail));
    /* Another thread ends the wait. */
    CHECK(pthread_create(&thread, NULL, stop_later, tail) == 0);
    do {
        OK(tc_tail_next(tail, -1, &delivery, NULL));
        tc_delivery_free(delivery);
    } while (delivery);
    pthread_join(thread, NULL);
    tc_tail_free(tail);
    tc_buffer_free(facts);
    tc_buffer_free(lines);
}

static void waiting(void) {
    waiting_with("{\"delivery\":\"transactions\"}");
    /* Each transaction of several changes goes through a file. */
    waiting_with("{\"delivery\":\"transactions\",\"memory\":1,\"oversize\":\"spill\"}");
}

typedef struct {
    tc_buffer *lines;
    int calls;
} taken;

static bool take(void *user, tc_delivery *delivery) {
    taken *all = user;
    all->calls++;
    return !add_lines(delivery, all->lines);
}

/* The text that a store of the caller has. */
typedef struct {
    char text[4096];
    size_t length;
    int loads, stores, fails;
} table;

static bool load(void *user, tc_buffer *checkpoint) {
    table *row = user;
    row->loads++;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_buffer_append(checkpoint, "\xff", 1));
    OK(tc_buffer_append(checkpoint, row->text, row->length));
    return row->fails == 0;
}

static bool save(void *user, const char *checkpoint, size_t length) {
    table *row = user;
    row->stores++;
    if (row->fails || length > sizeof row->text) return false;
    memcpy(row->text, checkpoint, length);
    row->length = length;
    return true;
}

static void stored(void) {
    tc_tail *tail;
    tc_delivery *delivery;
    tc_error *error;
    table row;
    taken all = {NULL, 0};
    tc_checkpoint_store store = {sizeof store, NULL, load, save};
    const char *options = "{\"batch\":1,\"checkpoint_interval\":0}";
    memset(&row, 0, sizeof row);
    store.user = &row;
    OK(tc_buffer_new(&all.lines));
    OK(tc_tail_open_stored(sample, options, &store, &tail, NULL));
    for (int i = 0; i < 5; i++) {
        uint64_t number;
        OK(tc_tail_next(tail, -1, &delivery, NULL));
        add_lines(delivery, all.lines);
        OK(tc_delivery_number(delivery, &number));
        OK(tc_tail_acknowledge(tail, number, NULL));
        tc_delivery_free(delivery);
    }
    CHECK(row.loads == 1 && row.stores > 0 && row.length > 0);
    /* The function ends it with the last delivery, which is not acknowledged. */
    OK(tc_tail_run(tail, take, &all, NULL));
    CHECK(all.calls > 5);
    check_lines(all.lines);
    OK(tc_tail_close(tail, NULL));
    OK(tc_tail_close(tail, NULL));
    tc_tail_free(tail);
    /* So the next run gets it again, and nothing else. */
    OK(tc_tail_open_stored(sample, options, &store, &tail, NULL));
    OK(tc_tail_next(tail, -1, &delivery, NULL));
    CHECK(delivery != NULL);
    tc_delivery_free(delivery);
    OK(tc_tail_next(tail, 0, &delivery, NULL));
    CHECK(delivery == NULL);
    tc_tail_free(tail);
    /* A checkpoint of another selection, a store that fails, and none. */
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_tail_open_stored(sample, "{\"select\":\"TABLE BANK.POSTINGS;\"}", &store, &tail, NULL));
    row.fails = 1;
    GIVES(TC_ERR_IO, tc_tail_open_stored(sample, NULL, &store, &tail, &error));
    CHECK(strstr(tc_error_message(error), "load"));
    tc_error_free(error);
    store.store = NULL;
    GIVES(TC_ERR_BAD_ARGUMENT, tc_tail_open_stored(sample, NULL, &store, &tail, NULL));
    tc_buffer_free(all.lines);
}

static void descriptors(void) {
    tc_tail *tail;
    tc_delivery *delivery;
    tc_buffer *lines;
    int done = 0;
    struct pollfd ready = {-1, POLLIN, 0};
    OK(tc_buffer_new(&lines));
    OK(tc_tail_open(sample, "{\"batch\":7}", NULL, &tail, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_tail_descriptor(tail, 0, &ready.fd, NULL));
    OK(tc_tail_descriptor(tail, 4, &ready.fd, NULL));
    while (!done) {
        CHECK(poll(&ready, 1, 60000) == 1);
        for (;;) {
            OK(tc_tail_next(tail, 0, &delivery, NULL));
            if (!delivery) break;
            done = add_lines(delivery, lines);
            tc_delivery_free(delivery);
        }
    }
    check_lines(lines);
    CHECK(poll(&ready, 1, 0) == 0);
    OK(tc_tail_stop(tail));
    /* It is readable, and stays so, once the tail has ended. */
    CHECK(poll(&ready, 1, 60000) == 1);
    OK(tc_tail_next(tail, 1000, &delivery, NULL));
    CHECK(delivery == NULL && poll(&ready, 1, 60000) == 1);
    OK(tc_tail_close(tail, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_tail_descriptor(tail, 4, &ready.fd, NULL));
    OK(tc_tail_next(tail, -1, &delivery, NULL));
    CHECK(delivery == NULL);
    tc_tail_free(tail);
    tc_buffer_free(lines);
}

static void shared(void) {
    tc_hub *hub;
    tc_tail *all, *some;
    taken taken_by = {NULL, 0};
    tc_delivery *delivery;
    OK(tc_buffer_new(&taken_by.lines));
    OK(tc_hub_open(sample, NULL, &hub, NULL));
    OK(tc_hub_subscribe(hub, "{\"slow\":\"block\"}", NULL, &all, NULL));
    OK(tc_hub_subscribe(hub, "{\"select\":\"TABLE BANK.POSTINGS;\"}", NULL, &some, NULL));
    OK(tc_hub_start(hub, NULL));
    OK(tc_hub_start(hub, NULL));
    OK(tc_tail_run(all, take, &taken_by, NULL));
    check_lines(taken_by.lines);
    tc_hub_free(hub);
    OK(tc_tail_next(some, -1, &delivery, NULL));
    CHECK(delivery != NULL);
    tc_delivery_free(delivery);
    tc_tail_free(some);
    tc_tail_free(all);
    tc_buffer_free(taken_by.lines);
}

static void moved(void) {
    tc_pipelines *pipelines;
    tc_buffer *status;
    tc_error *error;
    tc_str text;
    char toml[2048];
    snprintf(toml, sizeof toml, "[[pipeline]]\nname = 'c'\ntrail = '%s'\n[[pipeline.sink]]\nkind = 'jsonl'\npath = '%s/moved'\n", sample, folder);
    OK(tc_buffer_new(&status));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_pipelines_start("[[pipelin]]", &pipelines, &error));
    CHECK(pipelines == NULL && strstr(tc_error_message(error), "pipeline"));
    tc_error_free(error);
    OK(tc_pipelines_start(toml, &pipelines, NULL));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_pipelines_call(pipelines, "dry", NULL, status, NULL));
    OK(tc_pipelines_call(pipelines, "drain", NULL, status, NULL));
    OK(tc_buffer_text(status, &text));
    CHECK(strstr(text.data, "\"state\":\"stopped\""));
    tc_pipelines_free(pipelines);
    tc_buffer_free(status);
}

void live(void) {
    wanted = file_content(expected, &wanted_length);
    waiting();
    stored();
    descriptors();
    shared();
    moved();
    free(wanted);
}
