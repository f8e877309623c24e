/* File headers and raw records. */
#include "api.h"

void headers(void) {
    fixtures f = make_fixtures(sample);
    tc_str text;
    int64_t number;
    tc_field_state state;
    tc_bytes body;
    OK(tc_file_header_text(f.file_header, TC_FIELD_PRODUCER_GROUP, &text, &state));
    CHECK(state == TC_FIELD_VALUE && str_is(text, "TRAILCOR"));
    OK(tc_file_header_number(f.file_header, TC_FIELD_COMPATIBILITY, &number, &state));
    CHECK(state == TC_FIELD_VALUE && number == 5);
    OK(tc_file_header_number(f.file_header, TC_FIELD_FILE_SIZE, &number, &state));
    CHECK(state == TC_FIELD_UNSET && number == 0);
    OK(tc_file_header_number(f.file_header, TC_FIELD_DATABASE_VENDOR, &number, &state));
    CHECK(state == TC_FIELD_ABSENT);
    OK(tc_file_header_token(f.file_header, 0x30, 0x30, &body, &state));
    CHECK(state == TC_FIELD_VALUE && body.length == 8);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_file_header_text(f.file_header, TC_FIELD_SEQNO, &text, &state));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_file_header_number(f.file_header, (tc_field)999, &number, &state));
    for (uint32_t field = 0; field <= TC_FIELD_CLIENT_NATIONAL_CHARSET; field++) {
        tc_status as_text = tc_file_header_text(f.file_header, (tc_field)field, &text, &state);
        tc_status as_number = tc_file_header_number(f.file_header, (tc_field)field, &number, &state);
        CHECK((as_text == TC_OK) != (as_number == TC_OK));
    }
    free_fixtures(&f);
}

void records(void) {
    tc_trail *trail;
    tc_record_reader *reader;
    tc_record record;
    size_t count = 0, skipped;
    bool more;
    tc_skipped range;
    OK(tc_trail_open(sample, &trail, NULL));
    OK(tc_record_reader_open(trail, NULL, &reader, NULL));
    record.size = sizeof record;
    for (;;) {
        OK(tc_record_reader_next(reader, &record, &more, NULL));
        if (!more) break;
        CHECK((record.number == 0) == record.is_file_header && record.bytes.length > 0 && !record.little_endian);
        CHECK(record.is_file_header || (record.has_header && record.header.length > 30));
        count++;
    }
    CHECK(count > 90);
    OK(tc_record_reader_skipped_count(reader, &skipped));
    CHECK(skipped == 0);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_record_reader_skipped(reader, 0, &range, NULL));
    tc_record_reader_free(reader);
    tc_trail_free(trail);
}
