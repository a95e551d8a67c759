/* SPDX-License-Identifier: Apache-2.0 */
/* office_log.c: what the log says of an official's offices and keys: to the official, and to the agency's
 * administrators, whose reading is an entry itself. */
#include "base/clock.h"
#include "people/office.h"
#include "web/entry.h"
#include "web/web_private.h"

#define ROWS 50

static struct str day_words(const struct page *p, struct str day)
{
    struct date date;
    return date_parse(day, &date) ? page_day(p, date_days(date)) : day;
}

struct str office_reason(const struct page *p, const struct gate_entry *e)
{
    const struct agency *agency = jurisdiction_agency(p->j, e->holder);
    struct office_terms t;
    struct buf out;
    if (!office_terms_parse(e->reason, &t))
        return e->reason;
    const struct office *office = agency ? jurisdiction_office(agency, t.office) : NULL;
    buf_in(&out, p->arena, 4096);
    buf_str(&out, office ? page_texts(p, &office->name) : t.office);
    if (t.from.n != 0) {
        buf_text(&out, out.n ? ", " : "");
        buf_str(&out, t.until.n ? TF(p, "from {} to {}", day_words(p, t.from), day_words(p, t.until))
                                : TF(p, "from {}", day_words(p, t.from)));
    }
    if (t.stands_for.n != 0)
        buf_str(&out, TF(p, ", in place of {}", t.stands_for));
    if (t.by.n != 0) {
        buf_text(&out, out.n ? ", " : "");
        buf_str(&out, TF(p, "proposed by {}", t.by));
    }
    return buf_view(&out);
}

static void write_entry(struct page *p, const struct gate_entry *e, bool own)
{
    struct str leaf = str_of(arena_printf(p->arena, "%llu", (unsigned long long)e->leaf));
    MARKUP(p, "<article class=\"card\"><h2 id=\"e{}\">{}</h2><p><span class=\"tag\">{}</span> ", leaf,
           entry_title(p, e), entry_outcome(p, e));
    if (!e->erased)
        page_when(p, e->time);
    MARKUP(p, "</p>");
    if (!e->erased) {
        facts_start(p);
        fact(p, T(p, "What"), entry_reason(p, e));
        fact(p, T(p, "Who"), entry_who(p, e));
        fact(p, T(p, "Log-in"), entry_login(p, e));
        fact(p, T(p, "Number in the log"), page_number(p, e->leaf));
        facts_end(p);
    }
    if (own)
        MARKUP(p, "<p class=\"acts\"><a href=\"/me/office/{}/proof\" aria-describedby=\"e{}\">{}</a></p>",
               leaf, leaf, T(p, "Proof"));
    MARKUP(p, "</article>");
}

/* False: answered. */
static bool write_list(struct page *p, const char *path, const struct gate_filter *filter,
                       const uint8_t pid[PID_SIZE], bool own)
{
    struct gate_entry *entries;
    uint64_t total, hidden;
    struct err err;
    size_t n;
    if (!gate_entries(p->web->api.gate, web_db(p->request), pid, filter, p->arena, &entries, &n, &total,
                      &hidden, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    page_open(p, T(p, "Offices and keys in the log"), own ? STR("/me/keys") : STR("/desk/admin"), NULL, 0);
    MARKUP(
        p, "<p class=\"lead\">{}</p>",
        T(p, "Each change of an official’s offices, leave and keys is an entry that nobody can take away."));
    if (!own)
        page_note(p, "info", T(p, "That you read this list is an entry in it."));
    if (n == 0)
        page_note(p, "info", T(p, "There is no entry here."));
    for (size_t i = 0; i < MIN_OF(n, (size_t)ROWS); i++)
        write_entry(p, &entries[i], own);
    struct str older =
        n > ROWS
            ? page_path(p, path, "before",
                        str_of(arena_printf(p->arena, "%llu", (unsigned long long)entries[ROWS - 1].leaf)),
                        NULL)
            : STR("");
    page_pages(p, filter->before ? str_of(path) : STR(""), older);
    page_end(p);
    return true;
}

static bool read_before(struct page *p, struct gate_filter *filter)
{
    struct str before;
    if (http_query(p->request, "before", &before) == 0 || text_u64(before, &filter->before))
        return true;
    http_problem(p->request, p->response, 400, "usage", "before must be an entry's number.");
    return false;
}

/* The pid of the official who is logged in; false: answered. */
static bool own_pid(struct page *p, uint8_t pid[PID_SIZE])
{
    const struct caller *caller = &p->visitor->caller;
    if (caller->kind == CALLER_PERSON) {
        http_redirect(p->response, 303, "/me/looks");
        return false;
    }
    gate_official_pid(p->web->api.gate, caller->official.staff_code, pid);
    return true;
}

static void get_office(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_filter filter = {.limit = ROWS + 1};
    uint8_t pid[PID_SIZE];
    page_init(p, request, response);
    if (read_before(p, &filter) && own_pid(p, pid))
        (void)write_list(p, "/me/office", &filter, pid, true);
}

static void get_office_proof(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    uint8_t pid[PID_SIZE];
    struct str receipt;
    struct err err;
    uint64_t leaf;
    page_init(p, request, response);
    if (!own_pid(p, pid))
        return;
    if (!text_u64(http_part(request, 0), &leaf)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    if (!gate_receipt_person(p->web->api.gate, web_db(request), pid, leaf, p->arena, &receipt, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_type(response, "text/plain; charset=utf-8");
    http_add_header(
        response, "Content-Disposition",
        arena_printf(p->arena, "attachment; filename=\"entry-%llu.tlog-proof\"", (unsigned long long)leaf));
    http_out_static(response, receipt);
}

/* --- for administrators --- */

static bool of_agency(struct page *p, struct str staff_code, bool *ret_is, struct err *err)
{
    struct official *list;
    size_t n;
    *ret_is = false;
    if (!office_list(web_db(p->request), &p->visitor->caller.official, local_today(p->j), p->arena, &list, &n,
                     err))
        return false;
    for (size_t i = 0; i < n; i++)
        *ret_is |= str_eq(list[i].staff_code, staff_code);
    return true;
}

static bool note_reading(struct page *p, const uint8_t pid[PID_SIZE], struct err *err)
{
    const struct visitor *v = p->visitor;
    const struct gate_act act = {.kind = gate_kind_code(KIND_ENTRY_READ),
                                 .holder = v->agency,
                                 .pid = pid,
                                 .office = v->office,
                                 .actor = v->caller.official.staff_code,
                                 .capacity = v->caller.capacity,
                                 .mandate = v->caller.mandate,
                                 .levels = v->caller.levels,
                                 .outcome = STR("done")};
    uint64_t position;
    if (!gate_act_append(p->web->api.gate, web_db(p->request), &act, &position, err))
        return false;
    http_hold(p->response, position);
    return true;
}

static void get_admin_log(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str staff_code = http_part(request, 0);
    struct gate_filter filter = {.limit = ROWS + 1};
    uint8_t pid[PID_SIZE];
    bool ours;
    struct err err;
    page_init(p, request, response);
    filter.holder = p->visitor->agency->id;
    if (!read_before(p, &filter))
        return;
    if (!of_agency(p, staff_code, &ours, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (!ours) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    gate_official_pid(p->web->api.gate, staff_code, pid);
    if (!note_reading(p, pid, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    (void)write_list(p, arena_printf(p->arena, "/desk/admin/log/%.*s", STR_ARG(staff_code)), &filter, pid,
                     false);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/office",
     .handler = get_office,
     .access = WEB_SELF,
     .summary = "Own offices and keys in the log"},
    {.method = HTTP_GET,
     .path = "/me/office/{leaf}/proof",
     .handler = get_office_proof,
     .access = WEB_SELF,
     .summary = "The receipt of an entry about one's office"},
    {.method = HTTP_GET,
     .path = "/desk/admin/log/{staff}",
     .handler = get_admin_log,
     .access = WEB_ADMINISTRATOR,
     .summary = "An official's offices and keys in the log"},
};
const struct web_table web_office_log = {routes, ARRAY_LEN(routes)};
