/* SPDX-License-Identifier: Apache-2.0 */
/* desk_review.c: the reviewer's queue of questions and emergency looks, one of them, and its answer. The
 * queue shows no person; opening one is an entry that the person sees. */
#include "base/clock.h"
#include "gate/acts.h"
#include "web/desk_private.h"
#include "web/entry.h"

#define PAGE 20

static int32_t today_of(const struct page *p)
{
    return local_today(p->j);
}

static struct str kind_of(const struct page *p, const struct gate_matter *m)
{
    return m->emergency ? T(p, "Emergency look") : T(p, "Question");
}

static void write_due(struct page *p, const struct gate_matter *m)
{
    MARKUP(p, "{}", page_day(p, m->due));
    if (m->verdict == VERDICT_OPEN && m->due < today_of(p))
        MARKUP(p, " <span class=\"tag bad\">{}</span>", T(p, "overdue"));
}

static struct str verdict_of(const struct page *p, enum gate_verdict verdict)
{
    return verdict == VERDICT_JUSTIFIED ? T(p, "The look was justified") : T(p, "The look was not justified");
}

/* --- the queue --- */

static void write_queue(struct page *p, const struct gate_matter *matters, size_t n, bool closed)
{
    struct str heads[] = {closed ? T(p, "Answered") : T(p, "Answer by"), T(p, "What"), T(p, "Asked"),
                          closed ? T(p, "Verdict") : T(p, "Entry of the look")};
    struct table table, *t = &table;
    table_start(t, p, closed ? T(p, "Answered, newest first") : T(p, "Open, the most urgent first"), heads,
                ARRAY_LEN(heads));
    for (size_t i = 0; i < n; i++) {
        const struct gate_matter *m = &matters[i];
        table_row(t);
        table_cell_start(t);
        if (closed)
            MARKUP(p, "{}", page_time(p, m->answered));
        else
            write_due(p, m);
        table_cell_end(t);
        table_cell_start(t);
        if (closed)
            MARKUP(p, "{}", kind_of(p, m));
        else
            MARKUP(p, "<a href=\"/review/{}\">{}</a>", str_of(m->id), kind_of(p, m));
        table_cell_end(t);
        table_cell(t, page_time(p, m->opened));
        table_cell(t, closed ? verdict_of(p, m->verdict) : page_number(p, m->leaf));
    }
    table_end(t);
}

static struct str skip_path(struct page *p, bool closed, size_t skip)
{
    struct str at = skip ? str_of(arena_printf(p->arena, "%zu", skip)) : STR("");
    return page_path(p, "/review", "answered", closed ? STR("yes") : STR(""), "skip", at, NULL);
}

static void get_queue(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct str text = STR("0"), answered = STR("");
    struct gate_matter *matters;
    uint64_t total, skip;
    size_t n;
    struct err err;
    bool closed = http_query(request, "answered", &answered) == 1 && str_is(answered, "yes");
    (void)http_query(request, "skip", &text);
    if (!text_u64(text, &skip) || skip > 1000000) {
        http_problem(request, response, 400, "usage", "skip must be a whole number.");
        return;
    }
    if (!gate_matters_of_agency(web_of(request)->api.gate, web_db(request), web_visitor(request)->office,
                                closed, skip, PAGE, http_arena(request), &matters, &n, &total, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_start(p, request, response, closed ? N_("Answered questions") : N_("Questions to answer"));
    if (http_query(request, "done", &text) == 1)
        page_note(p, "good", T(p, "Answered. The person sees your answer now."));
    if (!closed)
        MARKUP(p, "<p class=\"lead\">{}</p>",
               T(p, "People ask why somebody looked at their data. Opening a question is itself an entry in "
                    "the log, and the person sees it."));
    if (n == 0)
        page_note(p, "info",
                  closed ? T(p, "Nothing is answered yet.") : T(p, "Nothing waits for an answer."));
    else
        write_queue(p, matters, n, closed);
    page_pages(p, skip ? skip_path(p, closed, skip > PAGE ? skip - PAGE : 0) : STR(""),
               skip + n < total ? skip_path(p, closed, skip + n) : STR(""));
    if (closed)
        MARKUP(p, "<p><a href=\"/review\">{}</a></p>", T(p, "Questions to answer"));
    else
        MARKUP(p, "<p><a href=\"/review?answered=yes\">{}</a></p>", T(p, "Answered questions"));
    page_end(p);
}

/* --- one of them --- */

static struct str names_of_fields(struct page *p, const struct gate_entry *look)
{
    const struct registry *registry = jurisdiction_registry(p->j, look->registry);
    struct buf names;
    buf_in(&names, p->arena, 65536);
    for (size_t i = 0; i < look->fields_n; i++) {
        int f = registry ? registry_field(registry, look->fields[i]) : -1;
        buf_printf(&names, "%s%.*s", i ? ", " : "",
                   STR_ARG(f >= 0 ? page_texts(p, &registry->fields[f].name) : look->fields[i]));
    }
    return buf_view(&names);
}

/* The name in the folder, or the id as it stands in the entry when the folder has it no more. */
static struct str name_or_id(struct page *p, const struct texts *name, struct str id)
{
    return name ? page_texts(p, name) : id;
}

static void write_look(struct page *p, const struct gate_matter *m)
{
    const struct gate_entry *look = &m->look;
    const struct agency *agency = jurisdiction_agency(p->j, look->agency);
    const struct office *office = agency ? jurisdiction_office(agency, look->office) : NULL;
    const struct purpose *purpose = jurisdiction_purpose(p->j, look->purpose);
    const struct registry *registry = jurisdiction_registry(p->j, look->registry);
    int64_t time;
    MARKUP(p, "<h2>{}</h2>", T(p, "The look"));
    if (look->erased) {
        page_note(p, "info",
                  look->destroyed
                      ? T(p,
                          "The key of this entry was destroyed after the years of keeping; its trace in the "
                          "log remains.")
                      : T(p, "The text of this entry was erased; its trace in the log remains."));
        return;
    }
    facts_start(p);
    fact(p, T(p, "When"), time_parse(look->time, &time) ? page_time(p, time) : look->time);
    fact(p, T(p, "Who"),
         TF(p, "{}, staff code {}", name_or_id(p, office ? &office->name : NULL, look->office), look->actor));
    fact(p, T(p, "Why"), name_or_id(p, purpose ? &purpose->name : NULL, look->purpose));
    fact(p, T(p, "Law"), purpose ? purpose_basis(p, purpose) : look->basis);
    fact(p, T(p, "Where"), name_or_id(p, registry ? &registry->name : NULL, look->registry));
    fact(p, T(p, "Fields"), look->fields_n ? names_of_fields(p, look) : T(p, "none"));
    fact(p, T(p, "Case"), look->case_no);
    fact(p, T(p, "Outcome"), str_is(look->outcome, "admitted") ? T(p, "admitted") : T(p, "refused"));
    fact(p, T(p, "Number of the entry"), page_number(p, look->leaf));
    facts_end(p);
}

#define ANSWER_FIELDS 2

static void answer_fields(struct page *p, struct str verdict, struct str words, bool sent,
                          struct form_field fields[ANSWER_FIELDS])
{
    struct form_option *options = arena_array(p->arena, struct form_option, 2);
    options[0] = (struct form_option){STR("justified"), T(p, "The look was justified")};
    options[1] = (struct form_option){STR("not-justified"), T(p, "The look was not justified")};
    bool known = str_eq(verdict, options[0].value) || str_eq(verdict, options[1].value);
    fields[0] = (struct form_field){.kind = FORM_RADIOS,
                                    .name = "verdict",
                                    .label = T(p, "Your verdict"),
                                    .value = verdict,
                                    .options = options,
                                    .options_n = 2,
                                    .error = sent && !known ? T(p, "Choose a verdict") : STR("")};
    fields[1] =
        (struct form_field){.kind = FORM_AREA,
                            .name = "words",
                            .label = T(p, "Your answer to the person"),
                            .hint = T(p, "In plain words. It stands in the log and cannot be changed."),
                            .value = words,
                            .max = GATE_WORDS_MAX};
    if (sent && words.n == 0)
        fields[1].error = T(p, "Write an answer");
    else if (words.n > GATE_WORDS_MAX)
        fields[1].error = T(p, "This is too long: shorten it");
}

/* Opens the matter, which is an entry, and shows it with the form. */
static void show_matter(struct page *p, struct form_field fields[ANSWER_FIELDS], int status)
{
    const struct visitor *v = p->visitor;
    struct str id = http_part(p->request, 0);
    struct gate_matter *m = arena_new(p->arena, struct gate_matter);
    uint64_t position;
    struct err err;
    if (!gate_matter_open(p->web->api.gate, web_db(p->request), v->office, v->caller.official.staff_code,
                          v->caller.levels, id, p->arena, m, &position, &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    http_hold(p->response, position);
    http_status(p->response, status);
    page_open(p, kind_of(p, m), STR("/review"), fields, ANSWER_FIELDS);
    MARKUP(p, "<p>{}: ", T(p, "Answer by"));
    write_due(p, m);
    MARKUP(p, "</p><h2>{}</h2><blockquote class=\"data\"><p>{}</p></blockquote>",
           m->emergency ? T(p, "What the official wrote") : T(p, "What the person asks"), m->words);
    write_look(p, m);
    if (m->verdict != VERDICT_OPEN) {
        MARKUP(p, "<h2>{}</h2><p>{}</p><blockquote class=\"data\"><p>{}</p></blockquote>", T(p, "Answered"),
               verdict_of(p, m->verdict), m->answer);
    } else {
        MARKUP(p, "<h2>{}</h2>", T(p, "Answer"));
        form_start(p, str_of(arena_printf(p->arena, "/review/%.*s", STR_ARG(id))), "/review/{id}");
        form_field(p, &fields[0]);
        form_field(p, &fields[1]);
        form_end(p, N_("Send the answer"));
    }
    page_end(p);
}

static void get_matter(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[ANSWER_FIELDS];
    page_init(p, request, response);
    answer_fields(p, STR(""), STR(""), false, fields);
    show_matter(p, fields, 200);
}

static void post_matter(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[ANSWER_FIELDS];
    struct str verdict = form_value(request, "verdict"), words = form_value(request, "words");
    uint64_t position;
    struct err err;
    page_init(p, request, response);
    answer_fields(p, verdict, words, true, fields);
    if (form_wrong(fields, ANSWER_FIELDS)) {
        show_matter(p, fields, 422);
        return;
    }
    const struct visitor *v = p->visitor;
    if (!gate_matter_answer(p->web->api.gate, web_db(request), v->office, v->caller.official.staff_code,
                            v->caller.levels, http_part(request, 0),
                            str_is(verdict, "justified") ? VERDICT_JUSTIFIED : VERDICT_NOT_JUSTIFIED, words,
                            p->arena, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_hold(response, position);
    http_redirect(response, 303, "/review?done=yes");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/review",
     .handler = get_queue,
     .access = WEB_REVIEWER,
     .summary = "Questions and emergency looks"},
    {.method = HTTP_GET,
     .path = "/review/{id}",
     .handler = get_matter,
     .access = WEB_REVIEWER,
     .summary = "One of them"},
    {.method = HTTP_POST,
     .path = "/review/{id}",
     .handler = post_matter,
     .access = WEB_REVIEWER,
     .body = HTTP_FORM,
     .body_max = 16384,
     .summary = "Answer it"},
};
const struct web_table web_desk_review = {routes, ARRAY_LEN(routes)};
