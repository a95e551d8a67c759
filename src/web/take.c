/* SPDX-License-Identifier: Apache-2.0 */
/* take.c: all entries at once: to print, and as files. Entries that are kept apart are left out of what lies
 * around; the trace file, made to prove that nothing is missing, holds everything and says so. */
#include "base/clock.h"
#include "web/entry.h"
#include "web/web_private.h"

#define CHUNK 100
#define PRINT_MAX 2000
#define FILE_MAX 10000

/* Reads the person's entries from the newest on, chunk by chunk, and hands each to `each` until `most`. The
 * chunk's memory is given back after it, so that a long list does not fill the request's. */
struct walk {
    struct page *page;
    void (*each)(struct walk *walk, const struct gate_entry *entry);
    uint64_t before;
    size_t n, most;
    bool more; /* there were older ones */
};

static bool walk_entries(struct walk *w, struct err *err)
{
    struct page *p = w->page;
    struct arena own, *request = p->arena;
    bool ok = true, end = false;
    arena_init(&own, 65536, (size_t)16 << 20);
    while (ok && !end) {
        struct gate_filter filter = {.limit = CHUNK, .before = w->before};
        struct gate_entry *entries;
        uint64_t total, hidden;
        size_t n;
        ok = gate_entries(p->web->api.gate, web_db(p->request), p->visitor->caller.person.pid, &filter, &own,
                          &entries, &n, &total, &hidden, err);
        p->arena = &own;
        for (size_t i = 0; ok && i < n; i++) {
            if (w->n == w->most) {
                w->more = end = true;
                break;
            }
            w->each(w, &entries[i]);
            w->before = entries[i].leaf;
            w->n++;
        }
        p->arena = request;
        end |= !ok || n < CHUNK;
        arena_reset(&own);
    }
    arena_done(&own);
    return ok;
}

static bool read_before(struct http_request *request, struct http_response *response, uint64_t *ret_before)
{
    struct str text;
    if (http_query(request, "before", &text) == 0 || text_u64(text, ret_before))
        return true;
    http_problem(request, response, 400, "usage", "before must be an entry's number.");
    return false;
}

/* --- to print --- */

static void print_entry(struct walk *w, const struct gate_entry *e)
{
    struct page *p = w->page;
    MARKUP(p, "<section class=\"card\"><h2>{}</h2>", entry_title(p, e));
    entry_facts(p, e);
    MARKUP(p, "</section>");
}

static void get_print(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct walk walk = {.page = p, .each = print_entry, .most = PRINT_MAX};
    struct err err;
    if (!read_before(request, response, &walk.before))
        return;
    page_init(p, request, response);
    page_open(p, T(p, "Who looked at my data"), STR("/me/looks"), NULL, 0);
    MARKUP(
        p, "<p class=\"small\">{}</p>",
        TF(p, "Made on {}. Entries that are kept apart are not on this paper.", page_time(p, clock_now())));
    if (!walk_entries(&walk, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (walk.n == 0)
        page_note(p, "info", T(p, "There is no entry here."));
    struct str before = str_of(arena_printf(p->arena, "%llu", (unsigned long long)walk.before));
    page_pages(p, STR(""), walk.more ? page_path(p, "/me/looks/print", "before", before, NULL) : STR(""));
    page_end(p);
}

/* --- as files --- */

static void get_export(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    page_open(p, T(p, "Download my list"), STR("/me"), NULL, 0);
    MARKUP(p, "<ul class=\"ways\"><li><a href=\"/me/looks/entries.csv\">{}</a><p>{}</p></li>",
           T(p, "Table (CSV)"),
           T(p, "For a spreadsheet, in your language. Without entries that are kept apart."));
    MARKUP(p, "<li><a href=\"/me/looks/entries.json\">{}</a><p>{}</p></li>", T(p, "For programs (JSON)"),
           T(p, "The entries as they were issued. Without entries that are kept apart."));
    MARKUP(
        p, "<li><a href=\"/me/looks/trace\">{}</a><p>{}</p><p><strong>{}</strong></p></li></ul>",
        T(p, "All proofs in one file"),
        T(p, "For aina verify: each proof is checked, and that the numbers of your lists have no gap."),
        T(p,
          "It holds everything, also what is kept apart. Who has this file can recognise your looks in the "
          "public log until the quarter ends: keep it like a key."));
    page_end(p);
}

static void download(struct page *p, const char *type, const char *name)
{
    http_type(p->response, type);
    http_add_header(p->response, "Content-Disposition",
                    arena_printf(p->arena, "attachment; filename=\"%s\"", name));
}

/* RFC 4180; a value that a spreadsheet would take for a formula gets an apostrophe before it. */
static void csv_value(struct page *p, struct str value, const char *end)
{
    buf_byte(p->out, '"');
    if (value.n != 0 && strchr("=+-@\t\r", value.p[0]) != NULL)
        buf_byte(p->out, '\'');
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"')
            buf_byte(p->out, '"');
        buf_byte(p->out, (uint8_t)value.p[i]);
    }
    buf_byte(p->out, '"');
    buf_text(p->out, end);
}

static void csv_entry(struct walk *w, const struct gate_entry *e)
{
    struct page *p = w->page;
    struct str columns[] = {page_number(p, e->leaf),
                            e->time,
                            entry_title(p, e),
                            entry_outcome(p, e),
                            entry_reason(p, e),
                            e->erased ? STR("") : entry_agency(p, e),
                            e->erased ? STR("") : entry_who(p, e),
                            entry_why(p, e),
                            entry_registry(p, e),
                            entry_fields(p, e),
                            e->case_no};
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        csv_value(p, columns[i], i + 1 < ARRAY_LEN(columns) ? "," : "\r\n");
}

static void get_csv(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct walk walk = {.page = p, .each = csv_entry, .most = FILE_MAX};
    struct err err;
    if (!read_before(request, response, &walk.before))
        return;
    page_init(p, request, response);
    struct str heads[] = {T(p, "Number in the log"),
                          T(p, "When"),
                          T(p, "What"),
                          T(p, "Outcome"),
                          T(p, "Reason"),
                          T(p, "Agency"),
                          T(p, "Who"),
                          T(p, "Why"),
                          T(p, "Registry"),
                          T(p, "Fields"),
                          T(p, "Case")};
    buf_text(p->out, "\xef\xbb\xbf"); /* spreadsheets read UTF-8 by it */
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        csv_value(p, heads[i], i + 1 < ARRAY_LEN(heads) ? "," : "\r\n");
    if (!walk_entries(&walk, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    download(p, "text/csv; charset=utf-8", "looks.csv");
}

static void json_entry(struct walk *w, const struct gate_entry *e)
{
    buf_printf(w->page->out, "%s{\"leaf\":%llu,\"entry\":", w->n ? ",\n" : "", (unsigned long long)e->leaf);
    buf_str(w->page->out, e->erased ? STR("null") : e->json);
    buf_byte(w->page->out, '}');
}

static void get_json(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct walk walk = {.page = p, .each = json_entry, .most = FILE_MAX};
    struct err err;
    if (!read_before(request, response, &walk.before))
        return;
    page_init(p, request, response);
    buf_text(p->out, "[");
    if (!walk_entries(&walk, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    buf_text(p->out, "]\n");
    download(p, "application/json", "looks.json");
}

static void get_trace(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct err err;
    page_init(p, request, response);
    if (!gate_trace(p->web->api.gate, web_db(request), p->visitor->caller.person.pid, p->arena, p->out,
                    &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    download(p, "application/json", "looks.aina-trace");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/looks/print",
     .handler = get_print,
     .access = WEB_PERSON,
     .summary = "All entries, to print"},
    {.method = HTTP_GET,
     .path = "/me/looks/export",
     .handler = get_export,
     .access = WEB_PERSON,
     .summary = "All entries as files"},
    {.method = HTTP_GET,
     .path = "/me/looks/entries.csv",
     .handler = get_csv,
     .access = WEB_PERSON,
     .summary = "All entries as a table"},
    {.method = HTTP_GET,
     .path = "/me/looks/entries.json",
     .handler = get_json,
     .access = WEB_PERSON,
     .summary = "All entries for programs"},
    {.method = HTTP_GET,
     .path = "/me/looks/trace",
     .handler = get_trace,
     .access = WEB_PERSON,
     .summary = "All proofs in one file"},
};
const struct web_table web_take = {routes, ARRAY_LEN(routes)};
