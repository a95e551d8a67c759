/* SPDX-License-Identifier: Apache-2.0 */
/* desk_audit.c: what an auditor needs: the log's state, the public records, the counts that need no opening
 * of entries, and what to run on another machine. */
#include "api/records.h"
#include "crypto/hash.h"
#include "ledger/public.h"
#include "web/desk_private.h"

#define RECORDS_MAX 20
#define SMALL 10 /* smaller groups are not counted out: TRUST.md section 4 */

static void write_log(struct page *p, const struct checkpoint *checkpoint, struct str note)
{
    struct note_vkey vkey;
    struct buf text, root;
    char rules[2 * HASH_SIZE + 1];
    ledger_vkey(p->web->api.ledger, &vkey);
    buf_in(&text, p->arena, 1024);
    note_vkey_text(&text, &vkey);
    buf_in(&root, p->arena, 64);
    buf_base64(&root, checkpoint->root.b, sizeof checkpoint->root.b);
    hex_encode(rules, p->j->hash, HASH_SIZE);
    facts_start(p);
    fact(p, T(p, "Name of the log"), checkpoint->origin);
    fact(p, T(p, "Entries"), page_number(p, checkpoint->size));
    fact(p, T(p, "Root"), buf_view(&root));
    fact(p, T(p, "Public key: compare it with the printed one"), buf_view(&text));
    fact(p, T(p, "Hash of the rules in force"), str_dup(p->arena, str_of(rules)));
    facts_end(p);
    MARKUP(p, "<details><summary>{}</summary><pre>{}</pre></details>", T(p, "The signed checkpoint"), note);
}

static struct str kind_words(const struct page *p, struct str kind)
{
    if (str_is(kind, "rules"))
        return T(p, "Rules of the jurisdiction");
    if (str_is(kind, "holders"))
        return T(p, "List of holders");
    if (str_is(kind, "shard"))
        return T(p, "Keys of a quarter");
    if (str_is(kind, "key"))
        return T(p, "An event of the operator's keys");
    return T(p, "Another kind");
}

static struct str record_words(const struct page *p, const struct public_record *r)
{
    if (str_is(r->kind, "key") && str_starts(r->id, STR("document-")))
        return TF(p, "A key that documents are signed with: {}", r->id);
    struct str kind = kind_words(p, r->kind);
    return r->id.n ? str_of(arena_printf(p->arena, "%.*s: %.*s", STR_ARG(kind), STR_ARG(r->id))) : kind;
}

static void write_records(struct page *p, const struct public_record *records, size_t n, uint64_t total)
{
    struct str heads[] = {T(p, "Entry"), T(p, "What"), T(p, "Version"), T(p, "When"), T(p, "Content")};
    struct table table, *t = &table;
    MARKUP(p, "<h2>{}</h2><p>{}</p>", T(p, "Public records"),
           TF(p, "{} in all, newest first. Each version of the rules stands here with its hash.",
              page_number(p, total)));
    table_start(t, p, T(p, "Public records"), heads, ARRAY_LEN(heads));
    for (size_t i = 0; i < n; i++) {
        const struct public_record *r = &records[i];
        table_row(t);
        table_cell_start(t);
        MARKUP(p, "<a href=\"/log/record/{}\">{}</a>",
               str_of(arena_printf(p->arena, "%llu", (unsigned long long)r->leaf)), page_number(p, r->leaf));
        table_cell_end(t);
        table_cell(t, record_words(p, r));
        table_cell(t, page_number(p, r->version));
        table_cell(t, page_time(p, r->time));
        table_cell_start(t);
        MARKUP(p, "<code>{}</code>",
               r->content.n > 64 ? str_of(arena_printf(p->arena, "%.64s…", str_c(p->arena, r->content)))
                                 : r->content);
        table_cell_end(t);
    }
    table_end(t);
}

static struct str count_words(struct page *p, uint64_t count)
{
    return count == 0 ? STR("0") : count < SMALL ? TF(p, "fewer than {}", STR("10")) : page_number(p, count);
}

static void write_counts(struct page *p)
{
    struct str heads[] = {T(p, "Agency"), T(p, "Admitted"), T(p, "Refused")};
    struct table table, *t = &table;
    bool any = false;
    MARKUP(
        p, "<h2>{}</h2><p>{}</p>", T(p, "Looks by agency"),
        TF(p,
           "Counted at the gate since this server started, {}; no entry is opened for it. Small groups are "
           "not told apart.",
           page_time(p, p->web->started)));
    for (size_t a = 0; a < p->j->agencies_n; a++) {
        struct gate_count count = gate_looks_of(p->web->api.gate, a);
        if (count.admitted + count.refused == 0)
            continue;
        if (!any)
            table_start(t, p, T(p, "Agencies that looked"), heads, ARRAY_LEN(heads));
        any = true;
        table_row(t);
        table_cell(t, page_texts(p, &p->j->agencies[a].name));
        table_cell(t, count_words(p, count.admitted));
        table_cell(t, count_words(p, count.refused));
    }
    if (any)
        table_end(t);
    else
        page_note(p, "info", T(p, "No agency has looked since then."));
}

static void write_steps(struct page *p)
{
    MARKUP(p, "<h2>{}</h2><ol>", T(p, "What to run"));
    MARKUP(
        p, "<li>{}<pre>aina fsck DIR</pre></li>",
        T(p,
          "On this machine, by its operator, with you watching: reads the whole log and every record again, "
          "and names each byte that is not what was written."));
    MARKUP(p, "<li>{}<pre>aina verify FILE --key KEY</pre></li>",
           T(p, "On your own machine: checks a receipt or a person's file, and says what is proven and what "
                "is not. "
                "It needs the program, the file and the key from paper; no network."));
    MARKUP(p, "<li>{}<pre>sha256sum FILE</pre></li></ol>",
           T(p, "To bring a file to another machine: the person downloads it and copies it to a memory "
                "stick. Compare "
                "its sum before and after. Then change one byte and see which check fails."));
}

static void get_audit(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct public_record *records;
    struct checkpoint checkpoint;
    uint64_t total;
    size_t n;
    struct err err;
    struct arena *arena = http_arena(request);
    struct str note = ledger_checkpoint(web_of(request)->api.ledger, arena, &checkpoint);
    if (!public_records(&web_of(request)->api, arena, RECORDS_MAX, &records, &n, &total, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_start(p, request, response, N_("The log"));
    write_log(p, &checkpoint, note);
    write_records(p, records, n, total);
    write_counts(p);
    write_steps(p);
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET, .path = "/audit", .handler = get_audit, .access = WEB_AUDITOR, .summary = "The log"},
};
const struct web_table web_desk_audit = {routes, ARRAY_LEN(routes)};
