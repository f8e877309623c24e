/* Reports as JSON documents. */
#include "api.h"

/* Returns a number of a report by the text before it. */
static long long number(tc_str report, const char *before) {
    const char *found = strstr(report.data, before);
    if (!found) fprintf(stderr, "no %s in %s\n", before, report.data);
    CHECK(found != NULL);
    return atoll(found + strlen(before));
}

static tc_str answer(const tc_trail *trail, const char *verb, const char *options, tc_buffer *buffer) {
    tc_str text;
    OK(tc_buffer_clear(buffer));
    OK(tc_trail_call(trail, verb, options, buffer, NULL));
    OK(tc_buffer_text(buffer, &text));
    return text;
}

void reports(void) {
    fixtures f = make_fixtures(sample);
    char request[600];
    tc_str text, again;
    tc_buffer *other;
    tc_file_header *header;
    tc_error *error;
    OK(tc_buffer_new(&other));
    text = answer(f.trail, "check", NULL, f.buffer);
    CHECK(strstr(text.data, "\"is_whole\":true") && number(text, "\"changes\":") > 80);
    CHECK(number(text, "\"records\":") > number(text, "\"changes\":"));
    long long changes = number(text, "\"changes\":");
    text = answer(f.trail, "count", NULL, f.buffer);
    CHECK(number(text, "\"changes\":") == changes && number(text, "\"BANK.POSTINGS\":{\"ops\":{\"ddl\":") > 0);
    snprintf(request, sizeof request, "{\"path\":\"%s\"}", sample);
    OK(tc_call("count", request, other, NULL));
    OK(tc_buffer_text(other, &again));
    CHECK(strcmp(text.data, again.data) == 0);
    text = answer(f.trail, "info", NULL, f.buffer);
    CHECK(strstr(text.data, "\"byte_order\":\"big\"") != NULL);
    snprintf(request, sizeof request, "{\"path\":\"%s\",\"arguments\":{\"table\":\"BANK.ACCOUNTS\"}}", sample);
    OK(tc_call("state", request, other, NULL));
    OK(tc_buffer_text(other, &again));
    CHECK(strstr(again.data, "\"is_keyless\":false") && strstr(again.data, "\"op\":\"insert\""));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_call("cuont", request, f.buffer, &error));
    CHECK(strstr(tc_error_message(error), "check, count, info"));
    tc_error_free(error);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_call("count", "{\"pahth\":\"x\"}", f.buffer, NULL));
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_trail_call(f.trail, "cuont", NULL, f.buffer, NULL));
    OK(tc_trail_file_header(f.trail, 1, &header, NULL));
    CHECK(header != NULL);
    tc_file_header_free(header);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_file_header(f.trail, 3, &header, NULL));
    tc_buffer_free(other);
    free_fixtures(&f);
}

/* Damage is in the reports. */
void damage(void) {
    char path[512];
    size_t length;
    tc_trail *torn, *damaged;
    tc_buffer *buffer;
    tc_skipped gap;
    tc_str text;
    OK(tc_buffer_new(&buffer));
    snprintf(path, sizeof path, "%s000000000", sample);
    char *bytes = file_content(path, &length);
    tc_memory_file file = {"bk000000000", (const uint8_t *)bytes, length - 3};
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &torn, NULL));
    text = answer(torn, "check", NULL, buffer);
    CHECK(strstr(text.data, "\"is_whole\":false") && strstr(text.data, "\"is_fault\":true"));
    tc_trail_free(torn);

    memset(bytes + length / 2, 0xee, 600);
    file.length = length;
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &damaged, NULL));
    text = answer(damaged, "count", NULL, buffer);
    CHECK(strstr(text.data, "\"error\":\"") != NULL);
    text = answer(damaged, "count", "{\"resync\":true}", buffer);
    CHECK(strstr(text.data, "\"skipped\":[{\"from\":\"") && strstr(text.data, "\"error\":null"));
    tc_buffer_free(buffer);
    tc_arrow_batches *batches;
    const tc_table *table;
    struct ArrowSchema schema;
    struct ArrowArray rows;
    size_t skipped;
    OK(tc_arrow_batches_open(damaged, "{\"resync\":true}", NULL, &batches, NULL));
    for (;;) {
        OK(tc_arrow_batches_next(batches, &table, &schema, &rows, NULL));
        if (!table) break;
        schema.release(&schema);
        rows.release(&rows);
    }
    OK(tc_arrow_batches_skipped_count(batches, &skipped));
    CHECK(skipped > 0);
    OK(tc_arrow_batches_skipped(batches, 0, &gap, NULL));
    tc_arrow_batches_free(batches);
    tc_trail_free(damaged);
    free(bytes);
}
