/* Checks and summaries. */
#include "api.h"

void reports(void) {
    fixtures f = make_fixtures(sample);
    tc_report_facts facts;
    tc_report_issue issue;
    tc_file_header *header;
    facts.size = sizeof facts;
    OK(tc_report_facts_of(f.report, &facts));
    CHECK(facts.is_whole && facts.records > facts.changes && facts.changes > 80 && facts.invalid_values == 0);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_report_issue_at(f.report, facts.issues, &issue));
    OK(tc_trail_file_header(f.trail, 1, &header, NULL));
    CHECK(header != NULL);
    tc_file_header_free(header);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_trail_file_header(f.trail, 3, &header, NULL));

    tc_trail *torn;
    tc_report *report;
    char path[512];
    size_t length;
    snprintf(path, sizeof path, "%s000000000", sample);
    char *bytes = file_content(path, &length);
    tc_memory_file file = {"bk000000000", (const uint8_t *)bytes, length - 3};
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &torn, NULL));
    OK(tc_trail_check(torn, NULL, &report, NULL));
    OK(tc_report_facts_of(report, &facts));
    CHECK(facts.issues > 0);
    OK(tc_report_issue_at(report, 0, &issue));
    CHECK(issue.kind.length > 0 && issue.what.length > 0 && issue.position.rba > 0);
    tc_report_free(report);
    tc_trail_free(torn);
    free(bytes);
    free_fixtures(&f);
}

void summaries(void) {
    fixtures f = make_fixtures(sample);
    tc_summary_facts facts;
    tc_table_counts counts;
    tc_report_facts whole;
    tc_catalog *tables;
    size_t defined;
    uint64_t changes = 0, inserts = 0;
    facts.size = sizeof facts;
    whole.size = sizeof whole;
    OK(tc_summary_facts_of(f.summary, &facts));
    OK(tc_report_facts_of(f.report, &whole));
    CHECK(facts.changes == whole.changes && facts.transactions == whole.transactions && facts.has_changes && facts.skipped == 0);
    CHECK(facts.first.rba > 0 && facts.last.seqno > facts.first.seqno && facts.earliest < facts.latest && facts.first_csn.length > 0);
    CHECK(facts.last_csn.length > 0 && facts.counts.accepted == 0);
    for (size_t i = 0; i < facts.tables; i++) {
        OK(tc_summary_table(f.summary, i, &counts));
        uint64_t sum = 0;
        for (int op = 0; op < 8; op++) sum += counts.ops[op];
        CHECK(sum == counts.changes && counts.bytes > 0);
        changes += sum;
        if (str_is(counts.name, "BANK.POSTINGS")) inserts = counts.ops[TC_OP_INSERT];
    }
    CHECK(changes == facts.changes && inserts > 40);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_summary_table(f.summary, (size_t)facts.tables, &counts));
    OK(tc_summary_tables(f.summary, &tables));
    OK(tc_catalog_count(tables, &defined));
    CHECK(defined >= 2);
    tc_catalog_free(tables);

    /* Skipped damage is reported. */
    char path[512];
    size_t length;
    snprintf(path, sizeof path, "%s000000000", sample);
    char *bytes = file_content(path, &length);
    memset(bytes + length / 2, 0xee, 600);
    tc_memory_file file = {"bk000000000", (const uint8_t *)bytes, length};
    tc_trail *damaged;
    tc_summary *summary;
    tc_skipped gap;
    tc_error *why;
    tc_read_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    OK(tc_trail_open_memory(&file, 1, NULL, NULL, &damaged, NULL));
    GIVES(TC_ERR_CORRUPT, tc_trail_summary(damaged, &options, &summary, NULL));
    options.resync = true;
    OK(tc_trail_summary(damaged, &options, &summary, NULL));
    OK(tc_summary_facts_of(summary, &facts));
    CHECK(facts.skipped > 0);
    OK(tc_summary_skipped(summary, 0, &gap, &why));
    CHECK(gap.to.rba > gap.from.rba && tc_error_status(why) == TC_ERR_CORRUPT);
    tc_error_free(why);
    GIVES(TC_ERR_BAD_ARGUMENT, tc_summary_skipped(summary, (size_t)facts.skipped, &gap, NULL));
    tc_summary_free(summary);
    tc_arrow_batches *batches;
    const tc_table *table;
    struct ArrowSchema schema;
    struct ArrowArray rows;
    size_t skipped;
    OK(tc_arrow_batches_open(damaged, &options, NULL, &batches, NULL));
    for (;;) {
        OK(tc_arrow_batches_next(batches, &table, &schema, &rows, NULL));
        if (!table) break;
        schema.release(&schema);
        rows.release(&rows);
    }
    OK(tc_arrow_batches_skipped_count(batches, &skipped));
    CHECK(skipped == facts.skipped);
    OK(tc_arrow_batches_skipped(batches, 0, &gap, NULL));
    tc_arrow_batches_free(batches);
    tc_trail_free(damaged);
    free(bytes);
    free_fixtures(&f);
}
