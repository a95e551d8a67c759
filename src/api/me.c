/* SPDX-License-Identifier: Apache-2.0 */
/* me.c: what a person reads about themselves: entries and receipts. */
#include "api/api_private.h"
#include "gate/acts.h"

#define PAGE 100
#define PAGE_MAX 500

const struct api_input get_entries_inputs[] = {
    {"agency", IN_QUERY, SHAPE_ID, false, 0, "only looks by this agency", "\"health\""},
    {"purpose", IN_QUERY, SHAPE_ID, false, 0, "only looks for this purpose", "\"treatment\""},
    {"outcome", IN_QUERY, SHAPE_OUTCOME, false, 0, "only admitted or only refused looks", "\"refused\""},
    {"protected", IN_QUERY, SHAPE_FLAG, false, 0,
     "also protected categories, which are left out otherwise (`hidden` counts them)", "false"},
    {"before", IN_QUERY, SHAPE_COUNT, false, 0, "only entries older than this one: `next` of the page before",
     "117"},
    {"limit", IN_QUERY, SHAPE_COUNT, false, PAGE_MAX, "entries a page, from 1; 100 if left out", "20"},
    {0}};
const struct api_answer get_entries_answers[] = {
    {200, "application/json", "Entries", "Entries about me, newest first.", false}, {0}};

void get_entries(struct api_call *call)
{
    const struct api_value *before = api_value(call, "before"), *limit = api_value(call, "limit");
    size_t page = limit->given ? (size_t)limit->number : PAGE, n;
    struct gate_filter filter = {.agency = api_text(call, "agency"),
                                 .purpose = api_text(call, "purpose"),
                                 .outcome = api_text(call, "outcome"),
                                 .protected_too = api_value(call, "protected")->flag,
                                 .before = before->number,
                                 .limit = page + 1}; /* one more tells whether there is a next page */
    struct gate_entry *entries;
    uint64_t total, hidden;
    struct err err;
    bool ok = page != 0 || err_set(&err, ERR_USAGE, "limit", "must be from 1 to %d", PAGE_MAX);
    if (before->given && before->number == 0)
        filter.before = 1; /* 0 means no bound to the gate; nothing is older than entry 0, which is no look */
    if (!ok || !gate_entries(call->api->gate, call->db, call->caller.person.pid, &filter, call->arena,
                             &entries, &n, &total, &hidden, &err)) {
        api_fail(call, &err);
        return;
    }
    struct buf *out = http_out(call->response);
    http_type(call->response, "application/json");
    buf_printf(out, "{\"total\":%llu,\"hidden\":%llu,\"next\":", (unsigned long long)total,
               (unsigned long long)hidden);
    if (n > page)
        buf_u64(out, entries[page - 1].leaf);
    else
        buf_text(out, "null");
    buf_text(out, ",\"entries\":[");
    for (size_t i = 0; i < MIN_OF(n, page); i++) {
        buf_printf(out, "%s{\"leaf\":%llu,\"entry\":", i ? "," : "", (unsigned long long)entries[i].leaf);
        buf_str(out, entries[i].erased ? STR("null") : entries[i].json);
        buf_byte(out, '}');
    }
    buf_text(out, "]}");
}

void api_send_receipt(struct api_call *call, struct str receipt)
{
    struct tlog_proof *proof = arena_new(call->arena, struct tlog_proof);
    struct err err;
    if (!tlog_proof_parse(receipt, proof, &err)) {
        api_fail(call, &err);
        return;
    }
    const char *leaf = arena_printf(call->arena, "%llu", (unsigned long long)proof->index);
    http_type(call->response, "text/plain; charset=utf-8");
    http_add_header(call->response, "Aina-Entry", leaf);
    http_add_header(call->response, "Content-Disposition",
                    arena_printf(call->arena, "attachment; filename=\"entry-%s.tlog-proof\"", leaf));
    buf_str(http_out(call->response), receipt);
}

const struct api_input get_entry_proof_inputs[] = {
    {"leaf", IN_PATH, SHAPE_COUNT, true, 0, "the entry's number in the log", "117"}, {0}};
const struct api_answer get_entry_proof_answers[] = {
    {200, "text/plain", NULL, "A C2SP tlog-proof with the entry's opening: `aina verify` reads it.", false},
    {0}};

void get_entry_proof(struct api_call *call)
{
    uint64_t leaf = api_value(call, "leaf")->number;
    struct str receipt;
    struct err err;
    if (gate_receipt_person(call->api->gate, call->db, call->caller.person.pid, leaf, call->arena, &receipt,
                            &err))
        api_send_receipt(call, receipt);
    else
        api_fail(call, &err);
}

const struct api_input get_trace_inputs[] = {{0}};
const struct api_answer get_trace_answers[] = {{200, "application/json", "Trace",
                                                "All receipts with the seeds of my lists: `aina verify` "
                                                "checks that none is left out. Keep it to yourself.",
                                                false},
                                               {0}};

void get_trace(struct api_call *call)
{
    struct err err;
    if (!gate_trace(call->api->gate, call->db, call->caller.person.pid, call->arena, http_out(call->response),
                    &err)) {
        api_fail(call, &err);
        return;
    }
    http_type(call->response, "application/json");
    http_add_header(call->response, "Content-Disposition", "attachment; filename=\"looks.aina-trace\"");
}
