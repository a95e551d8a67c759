/* SPDX-License-Identifier: Apache-2.0 */
/* looks.c: "Who looked at my data": the person's entries, a proof for each, and the question why. */
#include "web/entry.h"
#include "web/web_private.h"

#define ROWS 20            /* entries a page */
#define PROTECTED_ROWS 200 /* read for one page of protected ones */

static struct gate *gate_of(const struct page *p)
{
    return p->web->api.gate;
}

static const uint8_t *pid_of(const struct page *p)
{
    return p->visitor->caller.person.pid;
}

/* --- the list --- */

/* One look in short: what, when, who, which fields; more and the proof behind links. */
static void write_card(struct page *p, const struct gate_entry *e)
{
    struct str leaf = str_of(arena_printf(p->arena, "%llu", (unsigned long long)e->leaf));
    bool bad = entry_refused(e);
    MARKUP(p, "<article class=\"card {}\"><h3 id=\"e{}\"><a href=\"/me/looks/{}\">{}</a></h3>",
           bad ? STR("bad") : STR("good"), leaf, leaf, entry_title(p, e));
    MARKUP(p, "<p><span class=\"tag {}\">{}</span> ", bad ? STR("bad") : STR(""), entry_outcome(p, e));
    if (entry_emergency(e))
        MARKUP(p, "<span class=\"tag bad\">{}</span> ", T(p, "Emergency"));
    if (!e->erased)
        page_when(p, e->time);
    MARKUP(p, "</p>");
    if (!e->erased) {
        facts_start(p);
        fact(p, entry_reason_name(p, e), entry_reason(p, e));
        fact(p, T(p, "Who"), entry_who(p, e));
        fact(p, T(p, "Why"), entry_why(p, e));
        fact(p, T(p, "What"), entry_what(p, e));
        fact(p, entry_case_name(p, e), e->case_no);
        facts_end(p);
        MARKUP(p, "<p class=\"acts\"><a href=\"/me/looks/{}/proof\" aria-describedby=\"e{}\">{}</a>", leaf,
               leaf, T(p, "Proof"));
        if (e->office.n != 0)
            MARKUP(p, "<a href=\"/me/looks/{}#ask\" aria-describedby=\"e{}\">{}</a>", leaf, leaf,
                   T(p, "I do not know why"));
        MARKUP(p, "</p>");
    }
    MARKUP(p, "</article>");
}

/* Newest first; each agency once on a page, where its newest entry stands. */
static void write_groups(struct page *p, const struct gate_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = str_eq(entries[k].agency, entries[i].agency);
        if (seen)
            continue;
        MARKUP(p, "<h2>{}</h2>",
               entries[i].erased ? entry_outcome(p, &entries[i]) : entry_agency(p, &entries[i]));
        for (size_t k = i; k < n; k++)
            if (str_eq(entries[k].agency, entries[i].agency))
                write_card(p, &entries[k]);
    }
}

/* The query's filter; false: answered with what is wrong. */
static bool read_filter(struct http_request *request, struct http_response *response,
                        struct gate_filter *filter)
{
    const struct jurisdiction *j = web_of(request)->api.jurisdiction;
    struct str before = {0};
    http_query(request, "agency", &filter->agency);
    http_query(request, "purpose", &filter->purpose);
    http_query(request, "outcome", &filter->outcome);
    http_query(request, "before", &before);
    bool fine =
        (before.n == 0 || text_u64(before, &filter->before)) &&
        (filter->agency.n == 0 || jurisdiction_agency(j, filter->agency) != NULL) &&
        (filter->purpose.n == 0 || jurisdiction_purpose(j, filter->purpose) != NULL) &&
        (filter->outcome.n == 0 || str_is(filter->outcome, "admitted") || str_is(filter->outcome, "refused"));
    if (!fine)
        http_problem(
            request, response, 400, "usage",
            "agency, purpose and outcome are ids of the filter's lists; before is an entry's number.");
    return fine;
}

/* The list's address under a filter, from `before` on. */
static struct str list_path(const struct page *p, const char *path, const struct gate_filter *f,
                            uint64_t before)
{
    struct str text = str_of(arena_printf(p->arena, "%llu", (unsigned long long)before));
    return page_path(p, path, "agency", f->agency, "purpose", f->purpose, "outcome", f->outcome, "before",
                     before ? text : STR(""), NULL);
}

/* What the list is narrowed to, and the way to another; the choices are a page of their own, for they are
 * longer than the list. */
static void write_filter(struct page *p, const struct gate_filter *f)
{
    const struct agency *agency = jurisdiction_agency(p->j, f->agency);
    const struct purpose *purpose = jurisdiction_purpose(p->j, f->purpose);
    bool narrowed = f->agency.n || f->purpose.n || f->outcome.n;
    MARKUP(p, "<p class=\"acts\"><a href=\"{}\">{}</a>", list_path(p, "/me/looks/filter", f, 0),
           T(p, "Filter"));
    if (narrowed)
        MARKUP(p, "<a href=\"/me/looks\">{}</a>", T(p, "Show all"));
    MARKUP(p, "<a href=\"/me/looks/print\">{}</a><a href=\"/me/looks/export\">{}</a></p>", T(p, "Print all"),
           T(p, "Download my list"));
    if (!narrowed)
        return;
    facts_start(p);
    fact(p, T(p, "Agency"), agency ? page_texts(p, &agency->name) : STR(""));
    fact(p, T(p, "Purpose"), purpose ? page_texts(p, &purpose->name) : STR(""));
    fact(p, T(p, "Outcome"),
         str_is(f->outcome, "refused")    ? T(p, "Refused")
         : str_is(f->outcome, "admitted") ? T(p, "Shown")
                                          : STR(""));
    facts_end(p);
}

static void get_filter(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_filter filter = {0};
    if (!read_filter(request, response, &filter))
        return;
    page_init(p, request, response);
    size_t agencies_n = p->j->agencies_n + 1, purposes_n = p->j->purposes_n + 1;
    struct form_option *agencies = arena_array(p->arena, struct form_option, agencies_n),
                       *purposes = arena_array(p->arena, struct form_option, purposes_n);
    agencies[0] = purposes[0] = (struct form_option){STR(""), T(p, "all")};
    for (size_t i = 1; i < agencies_n; i++)
        agencies[i] =
            (struct form_option){p->j->agencies[i - 1].id, page_texts(p, &p->j->agencies[i - 1].name)};
    for (size_t i = 1; i < purposes_n; i++)
        purposes[i] =
            (struct form_option){p->j->purposes[i - 1].id, page_texts(p, &p->j->purposes[i - 1].name)};
    struct form_option outcomes[] = {
        {STR(""), T(p, "all")}, {STR("admitted"), T(p, "Shown")}, {STR("refused"), T(p, "Refused")}};
    page_open(p, T(p, "Filter"), list_path(p, "/me/looks", &filter, 0), NULL, 0);
    filter_start(p, "/me/looks");
    form_field(p, &(struct form_field){FORM_SELECT, "agency", T(p, "Agency"), .value = filter.agency,
                                       .options = agencies, .options_n = agencies_n});
    form_field(p, &(struct form_field){FORM_SELECT, "purpose", T(p, "Purpose"), .value = filter.purpose,
                                       .options = purposes, .options_n = purposes_n});
    form_field(p, &(struct form_field){FORM_SELECT, "outcome", T(p, "Outcome"), .value = filter.outcome,
                                       .options = outcomes, .options_n = ARRAY_LEN(outcomes)});
    filter_end(p);
    page_end(p);
}

static void get_looks(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_filter filter = {.limit = ROWS + 1};
    struct gate_entry *entries;
    uint64_t total, hidden;
    struct err err;
    size_t n;
    if (!read_filter(request, response, &filter))
        return;
    page_init(p, request, response);
    if (!gate_entries(gate_of(p), web_db(request), pid_of(p), &filter, p->arena, &entries, &n, &total,
                      &hidden, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Who looked at my data"), STR("/me"), NULL, 0);
    write_filter(p, &filter);
    if (n == 0)
        page_note(p, "info", T(p, "There is no entry here."));
    write_groups(p, entries, MIN_OF(n, (size_t)ROWS));
    page_pages(p, filter.before ? list_path(p, "/me/looks", &filter, 0) : STR(""),
               n > ROWS ? list_path(p, "/me/looks", &filter, entries[ROWS - 1].leaf) : STR(""));
    /* Said to everybody alike: whether there are such entries is not shown here. */
    MARKUP(p, "<p class=\"acts\"><a href=\"/me/protected\">{}</a></p>", T(p, "Entries that are kept apart"));
    page_end(p);
}

/* --- entries kept apart: of protected categories, shown only when asked for --- */

static void write_apart_form(struct page *p, const char *msgid, uint64_t before)
{
    struct form_field at = {FORM_HIDDEN, "before",
                            .value = str_of(arena_printf(p->arena, "%llu", (unsigned long long)before))};
    form_button(p, STR("/me/protected"), "/me/protected", page_text(p, msgid), before ? &at : NULL);
}

static void get_protected(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    page_init(p, request, response);
    page_open(p, T(p, "Entries that are kept apart"), STR("/me/looks"), NULL, 0);
    MARKUP(p, "<p>{}</p>",
           T(p,
             "Looks at mental health, police protection and the like are not in the ordinary list, so that "
             "nobody who looks over your shoulder sees them. Are you alone?"));
    write_apart_form(p, N_("Show them now"), 0);
    page_end(p);
}

static void post_protected(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_filter filter = {.limit = PROTECTED_ROWS, .protected_too = true};
    struct gate_entry *entries;
    uint64_t total, hidden;
    struct err err;
    size_t n, shown = 0;
    page_init(p, request, response);
    struct str before = form_value(request, "before");
    if (before.n != 0 && !text_u64(before, &filter.before)) {
        http_problem(request, response, 400, "usage", "before must be an entry's number.");
        return;
    }
    if (!gate_entries(gate_of(p), web_db(request), pid_of(p), &filter, p->arena, &entries, &n, &total,
                      &hidden, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Entries that are kept apart"), STR("/me/looks"), NULL, 0);
    uint64_t oldest = n ? entries[n - 1].leaf : 0;
    for (size_t i = 0; i < n; i++)
        if (!entries[i].erased && entry_protected(p, &entries[i]))
            entries[shown++] = entries[i];
    if (shown == 0)
        page_note(p, "info", T(p, "There is no entry here."));
    write_groups(p, entries, shown);
    if (n == PROTECTED_ROWS)
        write_apart_form(p, N_("Older"), oldest);
    page_end(p);
}

/* --- one entry --- */

/* The entry that the path names, of this person; false: answered. */
static bool find_entry(struct page *p, struct gate_entry *ret_entry)
{
    struct err err;
    uint64_t leaf;
    if (!text_u64(http_part(p->request, 0), &leaf)) {
        http_problem(p->request, p->response, 404, "not-found", "%s", "");
        return false;
    }
    if (!gate_entry(gate_of(p), web_db(p->request), pid_of(p), leaf, p->arena, ret_entry, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    return true;
}

static void write_matter(struct page *p, const struct gate_matter *m)
{
    struct str title = m->emergency ? T(p, "Review of the emergency look") : T(p, "Your question");
    MARKUP(p, "<section class=\"card\"><p><strong>{}</strong></p>", title);
    facts_start(p);
    fact(p, m->emergency ? T(p, "The official’s reason") : T(p, "You wrote"), m->words);
    fact(p, T(p, "Sent"), page_time(p, m->opened));
    if (m->verdict == VERDICT_OPEN)
        fact(p, T(p, "To be answered by"), page_day(p, m->due));
    fact(p, T(p, "Answer"), verdict_words(p, m->verdict));
    fact(p, T(p, "The reviewer wrote"), m->answer);
    if (m->answered != 0)
        fact(p, T(p, "Answered"), page_time(p, m->answered));
    facts_end(p);
    MARKUP(p, "</section>");
}

static void write_ask_form(struct page *p, uint64_t leaf, const struct form_field *field)
{
    struct str action = str_of(arena_printf(p->arena, "/me/looks/%llu/ask", (unsigned long long)leaf));
    MARKUP(p, "<section id=\"ask\"><h2>{}</h2><p>{}</p>", T(p, "I do not know why"),
           T(p, "The agency’s reviewer, who did not make the look, must answer you. Question and answer are "
                "entries in your list."));
    form_start(p, action, "/me/looks/{leaf}/ask");
    form_field(p, field);
    form_end(p, N_("Send the question"));
    MARKUP(p, "</section>");
}

static struct form_field ask_field(const struct page *p, struct str value)
{
    return (struct form_field){
        FORM_AREA,
        "words",
        T(p, "What do you want to know?"),
        .value = value,
        .max = GATE_WORDS_MAX / 2,
        .hint = TF(p, "An answer is due within {} working days.", page_number(p, p->j->review_days))};
}

static void show_entry(struct page *p, const struct gate_entry *e, const struct form_field *field)
{
    struct gate_matter *matters;
    struct err err;
    size_t n;
    bool asked = false;
    if (!gate_matters_of_person(gate_of(p), web_db(p->request), pid_of(p), e->leaf, p->arena, &matters, &n,
                                &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    page_open(p, entry_title(p, e), STR("/me/looks"), field, 1);
    entry_facts(p, e);
    if (e->erased)
        page_note(
            p, "info",
            e->destroyed
                ? T(p, "Entries are kept for the years that the law names. After them the key of the whole "
                       "quarter was destroyed, so nobody can read this one any more, we neither. That it was "
                       "there stays counted, and the destruction is a public record of the log.")
                : T(p, "Its content was erased by law. That it was there stays counted."));
    else
        MARKUP(p, "<p class=\"acts\"><a href=\"/me/looks/{}/proof\">{}</a><a href=\"/check/log\">{}</a></p>",
               str_of(arena_printf(p->arena, "%llu", (unsigned long long)e->leaf)),
               T(p, "Download the proof"), T(p, "How to check without us"));
    for (size_t i = 0; i < n; i++) {
        write_matter(p, &matters[i]);
        asked |= !matters[i].emergency;
    }
    if (!asked && !e->erased && e->office.n != 0)
        write_ask_form(p, e->leaf, field);
    page_end(p);
}

static void get_look(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_entry entry;
    page_init(p, request, response);
    if (!find_entry(p, &entry))
        return;
    struct form_field field = ask_field(p, STR(""));
    show_entry(p, &entry, &field);
}

static void post_ask(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_entry entry;
    struct gate_matter matter;
    struct err err;
    uint64_t position;
    page_init(p, request, response);
    if (!find_entry(p, &entry))
        return;
    struct form_field field = ask_field(p, form_value(request, "words"));
    if (field.value.n == 0)
        field.error = T(p, "Write what you want to know.");
    if (field.value.n > GATE_WORDS_MAX)
        field.error = T(p, "The text is too long. Shorten it.");
    if (field.error.n != 0) {
        http_status(response, 422);
        show_entry(p, &entry, &field);
        return;
    }
    if (!gate_ask(gate_of(p), web_db(request), pid_of(p), entry.leaf, field.value, p->visitor->caller.levels,
                  p->arena, &matter, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, arena_printf(p->arena, "/me/looks/%llu", (unsigned long long)entry.leaf));
    http_hold(response, position);
}

static void get_proof(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str receipt;
    struct err err;
    uint64_t leaf;
    page_init(p, request, response);
    if (!text_u64(http_part(request, 0), &leaf)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    if (!gate_receipt_person(gate_of(p), web_db(request), pid_of(p), leaf, p->arena, &receipt, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_type(response, "text/plain; charset=utf-8");
    http_add_header(
        response, "Content-Disposition",
        arena_printf(p->arena, "attachment; filename=\"entry-%llu.tlog-proof\"", (unsigned long long)leaf));
    buf_str(http_out(response), receipt);
}

/* --- all questions --- */

static void get_questions(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct gate_matter *matters;
    struct err err;
    size_t n, shown = 0;
    page_init(p, request, response);
    if (!gate_matters_of_person(gate_of(p), web_db(request), pid_of(p), UINT64_MAX, p->arena, &matters, &n,
                                &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "My questions"), STR("/me"), NULL, 0);
    for (size_t i = 0; i < n; i++) {
        if (entry_protected(p, &matters[i].look))
            continue;
        shown++;
        MARKUP(p, "<h2><a href=\"/me/looks/{}\">{}</a></h2>",
               str_of(arena_printf(p->arena, "%llu", (unsigned long long)matters[i].leaf)),
               entry_title(p, &matters[i].look));
        write_matter(p, &matters[i]);
    }
    if (shown == 0)
        page_note(p, "info", T(p, "You have asked nothing yet. Each look in your list has a question why."));
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/looks",
     .handler = get_looks,
     .access = WEB_PERSON,
     .summary = "Who looked at my data"},
    {.method = HTTP_GET,
     .path = "/me/looks/filter",
     .handler = get_filter,
     .access = WEB_PERSON,
     .summary = "Which entries to show"},
    {.method = HTTP_GET,
     .path = "/me/looks/{leaf}",
     .handler = get_look,
     .access = WEB_PERSON,
     .summary = "One look"},
    {.method = HTTP_POST,
     .path = "/me/looks/{leaf}/ask",
     .handler = post_ask,
     .access = WEB_PERSON,
     .body = HTTP_FORM,
     .body_max = 16384,
     .summary = "I do not know why"},
    {.method = HTTP_GET,
     .path = "/me/looks/{leaf}/proof",
     .handler = get_proof,
     .access = WEB_PERSON,
     .summary = "The proof of an entry"},
    {.method = HTTP_GET,
     .path = "/me/protected",
     .handler = get_protected,
     .access = WEB_PERSON,
     .summary = "Entries that are kept apart"},
    {.method = HTTP_POST,
     .path = "/me/protected",
     .handler = post_protected,
     .access = WEB_PERSON | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Show them now"},
    {.method = HTTP_GET,
     .path = "/me/questions",
     .handler = get_questions,
     .access = WEB_PERSON | WEB_PASSKEY,
     .summary = "My questions"},
};
const struct web_table web_looks = {routes, ARRAY_LEN(routes)};
