/* Versions, texts and numbers, errors, the log, panics. */
#include "api.h"

void versions(void) {
    char text[32];
    CHECK(tc_version_number() == TC_VERSION_NUMBER && strcmp(tc_version(), TC_VERSION) == 0);
    snprintf(text, sizeof text, "%d.%d.%d", TC_VERSION_MAJOR, TC_VERSION_MINOR, TC_VERSION_PATCH);
    CHECK(strcmp(text, TC_VERSION) == 0);
    CHECK(TC_VERSION_NUMBER == TC_VERSION_MAJOR * 1000000 + TC_VERSION_MINOR * 1000 + TC_VERSION_PATCH);
    CHECK(strcmp(tc_status_name(TC_ERR_CORRUPT), "TC_ERR_CORRUPT") == 0 && strcmp(tc_status_name(999), "unknown") == 0);
    CHECK(strcmp(tc_op_name(TC_OP_PK_UPDATE), "pk_update") == 0 && strcmp(tc_op_name((tc_op)99), "unknown") == 0);
}

void texts_and_numbers(void) {
    tc_position position;
    tc_buffer *buffer;
    tc_error *error;
    tc_str text;
    int64_t micros;
    int32_t order;
    OK(tc_position_parse("12:1956", &position, NULL));
    CHECK(position.seqno == 12 && position.rba == 1956);
    GIVES(TC_ERR_INVALID_ARGUMENT, tc_position_parse("12", &position, &error));
    CHECK(tc_error_status(error) == TC_ERR_INVALID_ARGUMENT && strlen(tc_error_message(error)) > strlen(tc_error_what(error)));
    tc_error_free(error);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_position_parse("\xff", &position, NULL));
    OK(tc_time_parse("1970-01-01T00:00:01.5", &micros, NULL));
    CHECK(micros == 1500000);
    OK(tc_buffer_new(&buffer));
    OK(tc_time_write(micros, buffer));
    OK(tc_buffer_text(buffer, &text));
    CHECK(str_is(text, "1970-01-01T00:00:01.500000Z") && text.data[text.length] == 0);
    OK(tc_buffer_clear(buffer));
    OK(tc_buffer_text(buffer, &text));
    CHECK(str_is(text, ""));
    tc_buffer_free(buffer);
    OK(tc_csn_compare("999", "7824137832", &order, NULL));
    CHECK(order < 0);
    GIVES(TC_ERR_VALUE, tc_csn_compare("12", "0/12", &order, NULL));
}

void errors(void) {
    tc_trail *trail;
    tc_error *error;
    tc_location place;
    size_t count;
    GIVES(TC_ERR_NOT_FOUND, tc_trail_open("no/such/place/lt", &trail, &error));
    CHECK(trail == NULL && strstr(tc_error_message(error), "no/such/place/lt"));
    OK(tc_error_location(error, &place));
    CHECK(str_is(place.file, "no/such/place/lt") && !place.has_rba && !place.has_record && !place.has_offset);
    OK(tc_error_diagnostic_count(error, &count));
    CHECK(count == 0);
    tc_error_free(error);
    CHECK(tc_error_status(NULL) == TC_OK && strcmp(tc_error_message(NULL), "") == 0 && strcmp(tc_error_what(NULL), "") == 0);
}

static int logged;

static void count_message(void *user, tc_log_level level, const char *message, size_t length) {
    CHECK(user == &logged && strlen(message) == length && level >= TC_LOG_ERROR && level <= TC_LOG_INFO);
    logged++;
}

void logs(void) {
    fixtures f = make_fixtures(sample);
    OK(tc_log_set(count_message, &logged));
    tc_table_free((tc_table *)(const void *)f.table); /* borrowed: a mistake that no status can report */
    CHECK(logged == 1);
    OK(tc_log_set(NULL, NULL));
    tc_table_free((tc_table *)(const void *)f.table);
    CHECK(logged == 1);
    free_fixtures(&f);
}

#ifdef TC_DRILL
tc_status tc_drill_panic(tc_buffer *buffer, tc_error **error);

void drills(void) {
    tc_buffer *buffer;
    tc_error *error;
    tc_trail *trail;
    tc_block *block;
    const tc_change *change;
    tc_str text;
    size_t count;
    OK(tc_buffer_new(&buffer));
    GIVES(TC_ERR_PANIC, tc_drill_panic(buffer, &error));
    CHECK(strlen(tc_error_message(error)) > 0 && !strstr(tc_error_message(error), "on purpose"));
    tc_error_free(error);
    GIVES(TC_ERR_POISONED, tc_buffer_text(buffer, &text));
    GIVES(TC_ERR_POISONED, tc_buffer_clear(buffer));
    GIVES(TC_ERR_POISONED, tc_drill_panic(buffer, NULL));
    tc_buffer_free(buffer);

    /* Debug builds detect freed objects. */
    GIVES(TC_ERR_FREED_HANDLE, tc_buffer_text(buffer, &text));
    tc_buffer_free(buffer);
    OK(tc_trail_open(sample, &trail, NULL));
    tc_reader *reader = open_reader(trail, NULL);
    OK(tc_reader_next_block(reader, 5, &block, NULL));
    OK(tc_block_change(block, 0, &change));
    tc_block_free(block);
    GIVES(TC_ERR_FREED_HANDLE, tc_block_count(block, &count));
    GIVES(TC_ERR_FREED_HANDLE, tc_change_csn(change, &text));
    tc_reader_free(reader);
    tc_trail_free(trail);
    GIVES(TC_ERR_FREED_HANDLE, tc_trail_file_count(trail, &count));
}
#endif
