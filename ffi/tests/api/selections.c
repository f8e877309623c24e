/* Selections. */
#include "api.h"

void selections(void) {
    fixtures f = make_fixtures(sample);
    tc_select *select;
    tc_error *error;
    tc_diagnostic diagnostic;
    tc_verdict verdict;
    tc_counts counts;
    tc_str text;
    size_t count;
    char path[512];
    GIVES(TC_ERR_FILTER, tc_select_parse("TABLE HR.EMP, FILTER (@STREQ (DEPT, 'SALES');", NULL, &select, &error));
    OK(tc_error_diagnostic_count(error, &count));
    CHECK(count > 0);
    OK(tc_error_diagnostic(error, 0, &diagnostic));
    CHECK(diagnostic.is_error && diagnostic.message.length > 0 && diagnostic.end >= diagnostic.start && diagnostic.ogg_number == 370);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_error_diagnostic(error, count, &diagnostic));
    tc_error_free(error);

    const char *options = "{\"lenient\":true,\"dialect\":\"nonansi\",\"now\":\"2024-03-01T00:00:00Z\",\"text_unit\":\"bytes\","
                          "\"seventeen_digits\":true}";
    OK(tc_select_parse("TABLE BANK.POSTINGS, FILTER (@STREQ (MEMO, \"x\"));", options, &select, NULL));
    tc_select_free(select);
    OK(tc_select_parse("TABLE A.B, FILTER (C = 1 AND D = 2 OR E = 3);", NULL, &select, NULL));
    OK(tc_select_lint_count(select, &count));
    CHECK(count > 0);
    OK(tc_select_lint(select, 0, &diagnostic));
    CHECK(!diagnostic.is_error);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_lint(select, count, &diagnostic));
    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_write_lints(select, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "^"));
    tc_select_free(select);

    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_write(f.select, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(str_is(text, "TABLE BANK.POSTINGS, FILTER (ON INSERT, AMOUNT > 1000);"));
    snprintf(path, sizeof path, "%s/selection.prm", folder);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(text.data, 1, text.length, file) == text.length && fclose(file) == 0);
    OK(tc_select_open(path, NULL, &select, NULL));
    tc_select_free(select);
    GIVES(TC_ERR_NOT_FOUND, tc_select_open("no/such/file.prm", NULL, &select, NULL));
    file = fopen(path, "wb");
    CHECK(file && fputs("TABLE A.B, FILTER (C >);", file) >= 0 && fclose(file) == 0);
    GIVES(TC_ERR_FILTER, tc_select_open(path, NULL, &select, &error));
    OK(tc_error_diagnostic_count(error, &count));
    CHECK(count == 1 && strstr(tc_error_message(error), path));
    tc_error_free(error);
    OK(tc_select_rule_count(f.select, &count));
    CHECK(count == 1);
    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_write_rule(f.select, 0, f.buffer));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_write_rule(f.select, 1, f.buffer));
    OK(tc_buffer_clear(f.buffer));
    OK(tc_select_explain(f.select, f.table, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "64-bit integer"));
    OK(tc_select_check(f.select, f.table, NULL));
    OK(tc_select_parse("TABLE *, FILTER (NO_SUCH > 1);", NULL, &select, NULL));
    GIVES(TC_ERR_FILTER, tc_select_check(select, f.table, &error));
    tc_error_free(error);
    tc_select_free(select);

    verdict.size = sizeof verdict;
    OK(tc_select_decide_object(f.select, "BANK.POSTINGS", TC_OP_INSERT, NULL, &verdict, NULL));
    CHECK(verdict.decision == TC_DECISION_ACCEPT && verdict.has_rule && verdict.rule == 0);
    OK(tc_select_decide_object(f.select, "BANK.OTHER", TC_OP_INSERT, NULL, &verdict, f.buffer));
    CHECK(verdict.decision == TC_DECISION_REJECT && verdict.reason == TC_REASON_OBJECT);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_decide_object(f.select, "A", (tc_op)77, NULL, &verdict, NULL));

    OK(tc_selector_decide(f.selector, f.change, &verdict, f.buffer));
    CHECK(verdict.decision == TC_DECISION_ACCEPT);
    /* A mistake is detected before the decision, and never leaves a verdict that accepts. */
    GIVES(TC_ERR_WRONG_HANDLE, tc_selector_decide(f.selector, f.change, &verdict, (tc_buffer *)(void *)f.trail));
    CHECK(verdict.decision == TC_DECISION_ERROR && !verdict.has_rule);
    OK(tc_selector_counts(f.selector, &counts));
    CHECK(counts.accepted == 1);
    OK(tc_buffer_clear(f.buffer));
    OK(tc_selector_project(f.selector, f.change, 0, f.buffer, NULL));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "{\"columns\":{\"POSTING_ID\":") == text.data && strstr(text.data, "\"tokens\":{"));
    GIVES(TC_ERR_FILTER, tc_selector_project(f.selector, f.change, 9, f.buffer, NULL));
    OK(tc_reader_filter_counts(f.reader, &counts));
    CHECK(counts.accepted > 0 && counts.rejected > 0);

    bool matches;
    OK(tc_logdump_filter_matches(f.logdump_filter, f.change, &matches));
    CHECK(matches);
    OK(tc_buffer_clear(f.buffer));
    OK(tc_logdump_filter_write(f.logdump_filter, f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(strstr(text.data, "FILTER INCLUDE") == text.data);
    free_fixtures(&f);
}

/* Values of any text are literals. */
void quotes(void) {
    fixtures f = make_fixtures(sample);
    tc_select *select;
    tc_verdict verdict;
    tc_str text;
    OK(tc_buffer_clear(f.buffer));
    OK(tc_quote("O'Brien", f.buffer));
    OK(tc_buffer_text(f.buffer, &text));
    CHECK(str_is(text, "'O''Brien'"));
    verdict.size = sizeof verdict;
    const char *values[] = {"", "'", "x'); TABLE *.*; --", "it''s \"here\"", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char rule[256];
        OK(tc_buffer_clear(f.buffer));
        OK(tc_quote(values[i], f.buffer));
        OK(tc_buffer_text(f.buffer, &text));
        snprintf(rule, sizeof rule, "TABLE BANK.POSTINGS, FILTER (@STREQ (@STRCAT (%s), %s) = 1);", text.data, text.data);
        OK(tc_select_parse(rule, NULL, &select, NULL));
        OK(tc_select_decide_object(select, "BANK.OTHER", TC_OP_INSERT, NULL, &verdict, NULL));
        CHECK(verdict.decision == TC_DECISION_REJECT);
        OK(tc_select_check(select, f.table, NULL));
        tc_select_free(select);
    }
    GIVES(TC_ERR_BAD_ARGUMENT, tc_quote("\xff", f.buffer));
    free_fixtures(&f);
}

/* Returns the text that `write` appends. */
#define WRITTEN(wanted, write) \
    do { \
        tc_str written; \
        OK(tc_buffer_clear(buffer)); \
        OK(write); \
        OK(tc_buffer_text(buffer, &written)); \
        if (!str_is(written, wanted)) fprintf(stderr, "%s\n", written.data); \
        CHECK(str_is(written, wanted)); \
    } while (0)

/* The targets of rules, and other options for the same selection. */
void targets(void) {
    fixtures f = make_fixtures(sample);
    tc_buffer *buffer = f.buffer;
    tc_select *select, *lenient;
    OK(tc_select_parse("MAP BANK.POST*, TARGET COPY.*, FILTER (AMOUNT > 1000), COLSEXCEPT (MEMO);", NULL, &select, NULL));
    const char *known[] = {"Copy.Postings"};
    WRITTEN("COPY.POSTINGS", tc_select_target(select, 0, "BANK.POSTINGS", NULL, 0, buffer, NULL));
    WRITTEN("Copy.Postings", tc_select_target(select, 0, "BANK.POSTINGS", known, 1, buffer, NULL));
    GIVES(TC_ERR_FILTER, tc_select_target(select, 0, "BANK.POSTS", known, 1, buffer, NULL));
    GIVES(TC_ERR_BAD_ARGUMENT, tc_select_target(select, 1, "BANK.OTHER", known, 1, buffer, NULL));
    OK(tc_select_with(select, "{\"lenient\":true}", &lenient, NULL));
    tc_trail *selected = with(f.trail, NULL, lenient);
    tc_reader *reader = open_reader(selected, NULL);
    tc_trail_free(selected);
    tc_counts counts;
    const tc_change *change;
    do OK(tc_reader_next(reader, &change, NULL));
    while (change);
    OK(tc_reader_filter_counts(reader, &counts));
    OK(tc_select_check(lenient, f.table, NULL));
    CHECK(counts.accepted > 10 && counts.rejected > 10);
    tc_str report;
    OK(tc_buffer_clear(f.buffer));
    OK(tc_reader_report(reader, f.buffer, NULL));
    OK(tc_buffer_text(f.buffer, &report));
    CHECK(strstr(report.data, "\"accepted\":") && strstr(report.data, "\"unmatched\":[]"));
    tc_reader_free(reader);
    tc_select_free(lenient);
    tc_select_free(select);
    free_fixtures(&f);
}

/* All rules that match a change. */
void hits(void) {
    fixtures f = make_fixtures(sample);
    tc_select *select;
    tc_selector *selector;
    tc_hit found[4];
    size_t count;
    OK(tc_select_parse("TABLE BANK.*, FILTER (AMOUNT > 1000); TABLE BANK.POSTINGS, FILTER (AMOUNT < 0); TABLE BANK.POSTINGS;",
                       NULL, &select, NULL));
    OK(tc_selector_new(select, &selector));
    OK(tc_selector_hits(selector, f.change, found, 4, &count));
    CHECK(count == 2 && found[0].rule == 0 && found[1].rule == 2 && found[1].decision == TC_DECISION_ACCEPT);
    OK(tc_selector_hits(selector, f.change, NULL, 0, &count));
    CHECK(count == 2);
    tc_selector_free(selector);
    tc_select_free(select);
    free_fixtures(&f);
}
