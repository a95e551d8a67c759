/* SPDX-License-Identifier: Apache-2.0 */
/* work.c: the lists of an office's cases: its queue by deadline, a public queue by turn, who has how many;
 * search by number. No person stands in any of them. */
#include "base/clock.h"
#include "case/lists.h"
#include "web/work_private.h"

#define PAGE 25
#define WEEK (7 * CLOCK_DAY)

struct case_actor work_actor(const struct page *p)
{
    const struct visitor *v = p->visitor;
    return (struct case_actor){.hand = HAND_OFFICIAL,
                               .office = v->office,
                               .staff = v->caller.official.staff_code,
                               .stands_for = v->caller.official.stands_for,
                               .levels = v->caller.levels};
}

struct str work_path(const struct page *p, const char *number, const char *rest)
{
    return str_of(arena_printf(p->arena, "/desk/cases/%s%s%s", number, *rest ? "/" : "", rest));
}

/* --- whose queue --- */

/* The office that the query names: one's own, or one that one leads. NULL: answered. */
static const struct office *asked_office(struct http_request *request, struct http_response *response)
{
    const struct web *web = web_of(request);
    const struct office *own = web_visitor(request)->office;
    struct str id = {0};
    bool works = case_office(web->api.jurisdiction, own);
    http_query(request, "office", &id);
    if (id.n == 0 || str_eq(id, own->id))
        return works || own->leads_n == 0 ? own : own->leads[0];
    const struct office *office = jurisdiction_office(own->agency, id);
    if (office != NULL && office_leads(own, office))
        return office;
    http_problem(request, response, 403, "not-allowed", "%s",
                 N_("Only an office's own officials and its head see its cases."));
    return NULL;
}

struct str work_office_id(const struct page *p, const struct office *office)
{
    return office == p->visitor->office ? STR("") : office->id;
}

/* "KEY.NUMBER" of the last line before. */
static bool read_after(struct http_request *request, struct http_response *response, struct case_after *after)
{
    struct str text = {0}, key;
    uint64_t at;
    *after = (struct case_after){0};
    if (http_query(request, "after", &text) == 0 || text.n == 0)
        return true;
    if (str_next(&text, '.', &key) && text_u64(key, &at) && at < INT64_MAX && text.n == CASE_NO_SIZE - 1) {
        after->key = (int64_t)at;
        memcpy(after->number, text.p, text.n);
        return true;
    }
    http_problem(request, response, 400, "usage", "after is made by the list itself.");
    return false;
}

static struct str after_text(const struct page *p, int64_t key, const char *number)
{
    return str_of(arena_printf(p->arena, "%lld.%s", (long long)key, number));
}

static void write_further(struct page *p, struct str first, struct str next)
{
    if (first.n == 0 && next.n == 0)
        return;
    MARKUP(p, "<nav class=\"pages\" aria-label=\"{}\">", T(p, "Pages"));
    if (first.n != 0)
        MARKUP(p, "<a href=\"{}\">{}</a>", first, T(p, "To the beginning"));
    if (next.n != 0)
        MARKUP(p, "<a href=\"{}\" rel=\"next\">{}</a>", next, T(p, "Next page"));
    MARKUP(p, "</nav>");
}

/* --- the queue --- */

static struct str count_text(const struct page *p, uint64_t n)
{
    return n >= CASE_COUNT_MAX ? TF(p, "{} or more", page_number(p, n)) : page_number(p, n);
}

static void write_search(struct page *p, struct str typed, struct str error)
{
    filter_start(p, "/desk/cases/find");
    form_field(p, &(struct form_field){.kind = FORM_TEXT,
                                       .name = "number",
                                       .label = T(p, "Case number"),
                                       .value = typed,
                                       .error = error,
                                       .max = 20});
    MARKUP(p, "<p><button class=\"second\">{}</button></p></form>", T(p, "Find the case"));
}

/* All, mine, nobody's, and of the colleague for whom one stands in. */
static void write_whose(struct page *p, const struct office *office, struct str who)
{
    struct str own = p->visitor->caller.official.staff_code, other = p->visitor->caller.official.stands_for;
    struct str id = work_office_id(p, office);
    const struct {
        struct str who, text;
    } ways[] = {{STR(""), T(p, "All")},
                {STR("-"), T(p, "Nobody’s")},
                {own, T(p, "Mine")},
                {other, other.n ? TF(p, "Of {}, for whom you stand in", other) : STR("")}};
    MARKUP(p, "<p class=\"acts\">");
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (ways[i].text.n == 0)
            continue;
        struct str path = page_path(p, "/desk/cases", "office", id, "who", ways[i].who, NULL);
        if (str_eq(ways[i].who, who))
            MARKUP(p, "<a href=\"{}\" aria-current=\"page\"><strong>{}</strong></a>", path, ways[i].text);
        else
            MARKUP(p, "<a href=\"{}\">{}</a>", path, ways[i].text);
    }
    if (p->visitor->office->leads_n != 0)
        MARKUP(p, "<a href=\"{}\">{}</a>", page_path(p, "/desk/cases/team", "office", id, NULL),
               T(p, "Who has how many"));
    MARKUP(p, "</p>");
}

static struct str service_name(const struct page *p, struct str id)
{
    const struct service *s = jurisdiction_service(p->j, id);
    return s ? page_texts(p, &s->name) : id;
}

/* The state and its flags in words; flags of a service that the folder has no more are left out. */
static void write_state(struct page *p, const struct case_line *line)
{
    const struct service *s = jurisdiction_service(p->j, line->service);
    struct str flags = s ? work_flags(p, s, line->flags) : STR("");
    MARKUP(p, "{}", work_status(p, line->status));
    if (flags.n != 0)
        MARKUP(p, " <span class=\"small\">{}</span>", flags);
}

static void write_lines(struct page *p, const struct case_lines *lines, bool head, int64_t now)
{
    struct str heads[] = {T(p, "Decide by"), T(p, "Case"), T(p, "Service"), T(p, "State"),
                          T(p, "Who has it")};
    struct table table, *t = &table;
    table_start(t, p, T(p, "Open cases, the most urgent first"), heads, ARRAY_LEN(heads));
    for (size_t i = 0; i < lines->n; i++) {
        const struct case_line *line = &lines->list[i];
        table_row(t);
        table_cell_start(t);
        bool decided = line->status >= DECIDED_YES;
        work_due(p, decided ? INT64_MAX : line->due, !decided, now);
        table_cell_end(t);
        table_cell_start(t);
        MARKUP(p, "<a href=\"{}\">{}</a>", work_path(p, line->number, head ? "give" : ""),
               str_of(line->number));
        table_cell_end(t);
        table_cell(t, service_name(p, line->service));
        table_cell_start(t);
        write_state(p, line);
        table_cell_end(t);
        table_cell(t, line->official.n ? line->official : T(p, "nobody yet"));
    }
    table_end(t);
}

static void write_public_queues(struct page *p, const struct office *office)
{
    for (size_t i = 0; i < p->j->services_n; i++) {
        const struct service *s = &p->j->services[i];
        if (s->provider == office && s->procedure->archetype == QUEUE)
            MARKUP(p, "<p><a href=\"{}\">{}</a></p>",
                   page_path(p, "/desk/cases/waiting", "service", s->id, NULL),
                   TF(p, "Public queue: {}", page_texts(p, &s->name)));
    }
}

static void write_load(struct page *p, const struct case_load *load)
{
    facts_start(p);
    fact(p, T(p, "Open cases"), count_text(p, load->open));
    fact(p, T(p, "Late"), count_text(p, load->late));
    fact(p, T(p, "Nobody has them yet"), count_text(p, load->nobody));
    facts_end(p);
}

static void write_other_ways(struct page *p, const struct office *office, struct str messages)
{
    bool provides = office == p->visitor->office && office_provides(p->j, office);
    if (!provides && (p->visitor->access & WEB_OFFICIAL) == 0)
        return;
    MARKUP(p, "<p class=\"acts\">");
    if (provides && messages.n != 0)
        MARKUP(p, "<a href=\"/desk/messages\">{}</a>", messages);
    if (provides)
        MARKUP(p, "<a href=\"/desk/day\">{}</a><a href=\"/desk/letters\">{}</a>",
               T(p, "What is booked today"), T(p, "Letters to send"));
    if (p->visitor->access & WEB_OFFICIAL)
        MARKUP(p, "<a href=\"/desk\">{}</a>", T(p, "Open a look"));
    MARKUP(p, "</p>");
}

static void show_queue(struct page *p, const struct office *office, struct str typed, struct str error)
{
    struct http_request *request = p->request;
    struct cases *cases = p->web->cases;
    struct case_lines lines;
    struct case_load load;
    struct case_after after;
    struct str who = {0}, done = {0}, messages, id = work_office_id(p, office);
    struct err err;
    int64_t now = clock_now();
    bool head = office != p->visitor->office;
    http_query(request, "who", &who);
    http_query(request, "done", &done);
    if (!read_after(request, p->response, &after) || !desk_messages_way(p, &messages))
        return;
    if (!case_queue(cases, web_db(request), office, who, &after, PAGE, p->arena, &lines, &err) ||
        !case_load(cases, web_db(request), office, now, &load, &err)) {
        http_problem_err(request, p->response, &err);
        return;
    }
    struct form_field wrong = {.name = "number", .error = error};
    page_open(p, T(p, "Cases of the office"), STR(""), &wrong, 1);
    if (done.n != 0)
        page_note(p, "good", TF(p, "Done, and written into the log: case {}", done));
    MARKUP(p, "<p class=\"lead\">{}</p>", page_texts(p, &office->name));
    write_load(p, &load);
    write_search(p, typed, error);
    write_whose(p, office, who);
    if (lines.n == 0)
        page_note(p, "info", T(p, "No case lies here."));
    else
        write_lines(p, &lines, head, now);
    struct str next = STR("");
    if (lines.more) {
        const struct case_line *last = &lines.list[lines.n - 1];
        next = page_path(p, "/desk/cases", "office", id, "who", who, "after",
                         after_text(p, last->due, last->number), NULL);
    }
    write_further(p, after.number[0] ? page_path(p, "/desk/cases", "office", id, "who", who, NULL) : STR(""),
                  next);
    write_public_queues(p, office);
    write_other_ways(p, office, messages);
    page_end(p);
}

static void get_cases(struct http_request *request, struct http_response *response)
{
    struct page page;
    const struct office *office = asked_office(request, response);
    if (office == NULL)
        return;
    page_init(&page, request, response);
    show_queue(&page, office, STR(""), STR(""));
}

/* As people read it out: small letters, with or without hyphens. Empty: it cannot be one. */
static struct str number_of(const struct page *p, struct str typed)
{
    char *out = arena_take(p->arena, CASE_NO_SIZE + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        if (c == ' ' || c == '-')
            continue;
        if (n == CASE_NO_SIZE - 1)
            return STR("");
        if (n == 4 || n == 9)
            out[n++] = '-';
        c = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z'))
            return STR("");
        out[n++] = c;
    }
    return (struct str){out, n == CASE_NO_SIZE - 1 ? n : 0};
}

static void get_find(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str typed = {0};
    bool found;
    struct err err;
    const struct office *office = asked_office(request, response);
    if (office == NULL)
        return;
    page_init(p, request, response);
    http_query(request, "number", &typed);
    struct str number = number_of(p, typed);
    if (!case_exists(p->web->cases, web_db(request), number, &found, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (found) {
        http_redirect(response, 303, str_c(p->arena, work_path(p, str_c(p->arena, number), "")));
        return;
    }
    http_status(response, 404);
    show_queue(p, office, typed,
               number.n ? T(p, "There is no case of this number.")
                        : T(p, "A case number has twelve letters and digits, such as K7Q2-M9XT-4D3B."));
}

/* --- a public queue --- */

static void write_turns(struct page *p, const struct service *s, const struct case_lines *lines)
{
    struct str heads[] = {T(p, "In the queue since"), T(p, "Case"), T(p, "State")};
    struct table table, *t = &table;
    table_start(t, p, T(p, "By turn"), heads, ARRAY_LEN(heads));
    for (size_t i = 0; i < lines->n; i++) {
        const struct case_line *line = &lines->list[i];
        table_row(t);
        table_cell(t, page_time(p, line->queued));
        table_cell_start(t);
        MARKUP(p, "<a href=\"{}\">{}</a>", work_path(p, line->number, ""), str_of(line->number));
        table_cell_end(t);
        table_cell(t, work_flags(p, s, line->flags));
    }
    table_end(t);
}

static void get_waiting(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_after after;
    struct case_lines lines;
    struct str id = {0};
    struct err err;
    page_init(p, request, response);
    http_query(request, "service", &id);
    const struct service *s = jurisdiction_service(p->j, id);
    const struct office *own = p->visitor->office;
    if (s == NULL || s->procedure->archetype != QUEUE ||
        (s->provider != own && !office_leads(own, s->provider))) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    if (!read_after(request, response, &after))
        return;
    if (!case_waiting(p->web->cases, web_db(request), s, &after, PAGE, p->arena, &lines, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, page_texts(p, &s->name), STR("/desk/cases"), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p, "Places are offered by turn. Everybody in the queue sees their own position."));
    if (lines.n == 0)
        page_note(p, "info", T(p, "Nobody is waiting."));
    else
        write_turns(p, s, &lines);
    struct str next = STR("");
    if (lines.more) {
        const struct case_line *last = &lines.list[lines.n - 1];
        next = page_path(p, "/desk/cases/waiting", "service", id, "after",
                         after_text(p, last->queued, last->number), NULL);
    }
    write_further(p, after.number[0] ? page_path(p, "/desk/cases/waiting", "service", id, NULL) : STR(""),
                  next);
    page_end(p);
}

/* --- who has how many --- */

static void write_shares(struct page *p, const struct office *office, const struct case_share *shares,
                         size_t n, const int64_t weeks[CASE_WEEKS + 1])
{
    struct str heads[3 + CASE_WEEKS] = {T(p, "Official"), T(p, "Open cases"), T(p, "Late")};
    struct table table, *t = &table;
    for (int w = 0; w < CASE_WEEKS; w++)
        heads[3 + w] = w == 0 ? T(p, "This week") : TF(p, "From {}", page_day(p, local_day(p->j, weeks[w])));
    table_start(t, p, T(p, "By official and by week"), heads, ARRAY_LEN(heads));
    for (size_t i = 0; i < n; i++) {
        const struct case_share *share = &shares[i];
        table_row(t);
        table_cell_start(t);
        MARKUP(p, "<a href=\"{}\">{}</a>",
               page_path(p, "/desk/cases", "office", work_office_id(p, office), "who",
                         share->official.n ? share->official : STR("-"), NULL),
               share->official.n ? share->official : T(p, "nobody yet"));
        table_cell_end(t);
        table_cell(t, page_number(p, share->open));
        table_cell(t, page_number(p, share->late));
        for (int w = 0; w < CASE_WEEKS; w++)
            table_cell(t, page_number(p, share->due[w]));
    }
    table_end(t);
}

static void get_team(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_share *shares;
    struct err err;
    size_t n;
    const struct office *office = asked_office(request, response);
    if (office == NULL)
        return;
    page_init(p, request, response);
    if (!office_leads(p->visitor->office, office)) {
        http_problem(request, response, 403, "not-allowed", "%s",
                     N_("Only the head of an office sees this."));
        return;
    }
    int64_t now = clock_now(), weeks[CASE_WEEKS + 1];
    int32_t today = local_day(p->j, now);
    for (int w = 0; w <= CASE_WEEKS; w++)
        weeks[w] = local_midnight(p->j, today - date_weekday(today) + 1 + 7 * w);
    if (!case_team(p->web->cases, web_db(request), office, now, weeks, p->arena, &shares, &n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Who has how many"), page_path(p, "/desk/cases", "office", office->id, NULL), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}</p>", page_texts(p, &office->name));
    if (n == 0)
        page_note(p, "info", T(p, "No case lies here."));
    else
        write_shares(p, office, shares, n, weeks);
    for (size_t i = 0; i < p->visitor->office->leads_n; i++)
        if (p->visitor->office->leads[i] != office)
            MARKUP(p, "<p><a href=\"{}\">{}</a></p>",
                   page_path(p, "/desk/cases/team", "office", p->visitor->office->leads[i]->id, NULL),
                   page_texts(p, &p->visitor->office->leads[i]->name));
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/cases",
     .handler = get_cases,
     .access = WEB_CASES,
     .summary = "Cases of the office"},
    {.method = HTTP_GET,
     .path = "/desk/cases/find",
     .handler = get_find,
     .access = WEB_CASES,
     .summary = "A case by its number"},
    {.method = HTTP_GET,
     .path = "/desk/cases/waiting",
     .handler = get_waiting,
     .access = WEB_CASES,
     .summary = "A public queue"},
    {.method = HTTP_GET,
     .path = "/desk/cases/team",
     .handler = get_team,
     .access = WEB_CASES,
     .summary = "Who has how many"},
};
const struct web_table web_work = {routes, ARRAY_LEN(routes)};
