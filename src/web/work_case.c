/* SPDX-License-Identifier: Apache-2.0 */
/* work_case.c: one case before an official: what was answered, what the rules say, what can be done, what was
 * done. Opening it is an entry in the person's list, and the page waits for it. What the registries say today
 * is asked for apart, and is a look at each of them. */
#include <stdio.h>

#include "base/clock.h"
#include "base/say.h"
#include "case/attachment.h"
#include "case/lists.h"
#include "sheet/service.h"
#include "web/work_private.h"

/* --- what could be done --- */

static bool hears_first(const struct service_action *a)
{
    return (a->needs & NEEDS_HEARING) != 0 || (a->moves && (a->to == DECIDED_NO || a->to == VOID));
}

/* Empty: it does not fit the state at all, and is not named. */
static struct str why_not(const struct page *p, const struct case_file *c, const struct service_action *a,
                          const struct err *err)
{
    unsigned missing = a->with & ~c->flags;
    if ((a->from >> c->status & 1) == 0 || (a->without & c->flags) != 0)
        return STR("");
    if (missing == 0)
        return page_text(p, str_c(p->arena, str_of(err->text)));
    if (hears_first(a) && !case_was_heard(c))
        return T(p, "A hearing must be offered first, and held or answered in writing.");
    return TF(p, "First this must be so: {}", work_flags(p, c->service, missing));
}

bool work_offers(struct page *p, const struct case_file *c, struct work_offer **ret, size_t *ret_n,
                 struct err *err)
{
    struct cases *cases = p->web->cases;
    struct case_input input = {.signatures = -1, .position = -1};
    struct case_actor actor = work_actor(p);
    struct work_offer *offers = arena_array(p->arena, struct work_offer, c->service->actions_n + 1);
    size_t n = 0;
    if (!case_facts(cases, web_db(p->request), c, p->arena, &input, err))
        return false;
    for (size_t a = 0; a < c->service->actions_n; a++) {
        struct work_offer offer = {.action = a};
        struct err why;
        if ((c->service->actions[a].who & BY_OFFICIAL) == 0 || c->service->actions[a].does == DOES_FILE)
            continue;
        offer.now = case_may_begin(cases, c, &actor, a, &input, clock_now(), p->arena, &offer.needs, &why);
        if (!offer.now)
            offer.why_not = why_not(p, c, &c->service->actions[a], &why);
        if (offer.now || offer.why_not.n != 0)
            offers[n++] = offer;
    }
    *ret = offers;
    *ret_n = n;
    return true;
}

/* --- the parts of the page --- */

static void write_state(struct page *p, const struct case_file *c, int64_t now)
{
    int64_t position = 0;
    struct err err;
    facts_start(p);
    fact(p, T(p, "Case number"), str_of(c->number));
    fact(p, T(p, "State"), work_status(p, c->status));
    fact(p, T(p, "Besides"), work_flags(p, c->service, c->flags));
    MARKUP(p, "<div><dt>{}</dt><dd>", T(p, "Decide by"));
    work_due(p, c->due, !(c->status >= DECIDED_YES), now);
    MARKUP(p, "</dd></div>");
    fact(p, T(p, "Filed"), page_time(p, c->filed));
    fact(p, T(p, "Decided"), c->decided ? page_time(p, c->decided) : STR(""));
    fact(p, T(p, "The term was over"), c->late ? page_time(p, c->late) : STR(""));
    fact(p, T(p, "Office"), work_office(p, c->desk));
    fact(p, T(p, "Who has it"), c->official.n ? c->official : T(p, "nobody yet"));
    if (c->queued != 0 && case_position(p->web->cases, web_db(p->request), c, &position, &err))
        fact(p, T(p, "Position in the public queue"), page_number(p, (uint64_t)position));
    facts_end(p);
}

/* What the virus scanner said of it stands beside it; where the folder says so it stays shut until then. */
static void write_file(struct page *p, const struct case_file *c, struct str id, struct str name)
{
    struct attachment a = {0};
    struct err err;
    if (!attachment_read(p->web->beside, web_db(p->request), id, p->arena, &a, &err))
        a.scan = SCAN_NONE; /* opening it says what is wrong */
    bool shut = a.scan == SCAN_INFECTED || (a.scan < SCAN_CLEAN && p->j->files_wait);
    struct str said = a.scan == SCAN_INFECTED ? TF(p, "Not kept: the virus scanner found {} in it.", a.found)
                      : a.scan == SCAN_CLEAN  ? TF(p, "Looked through for viruses {}: nothing was found.",
                                                   page_time(p, a.scanned))
                      : shut ? T(p, "Not looked through for viruses yet: it stays shut until then.")
                             : T(p, "Not scanned for viruses: open files with care.");
    if (shut)
        MARKUP(p, "<p><bdi>{}</bdi> <span class=\"small\">{}</span></p>", name, said);
    else
        MARKUP(p, "<p><a href=\"/desk/files/{}/{}\" download>{}</a> <span class=\"small\">{}</span></p>",
               str_of(c->number), id, TF(p, "Save the file: {}", name), said);
}

static void write_answers(struct page *p, const struct case_file *c)
{
    const struct service *s = c->service;
    const struct words words = {p->j, p->language, p->arena};
    MARKUP(p, "<h2>{}</h2><section class=\"card data\">", T(p, "What was answered"));
    facts_start(p);
    for (size_t f = 0; f < s->fields_n; f++) {
        const struct answer *a = &c->answers[f];
        if (!a->given && !a->from_registry)
            continue;
        struct str value = answer_words(&words, &s->fields[f], a->text);
        if (value.n == 0)
            value = T(p, "left empty");
        if (a->from_registry && s->fields[f].registry != NULL)
            value = TF(p, "{} (from the registry: {})", value, page_texts(p, &s->fields[f].registry->name));
        fact(p, page_texts(p, &s->fields[f].label), value);
    }
    facts_end(p);
    for (size_t f = 0; f < s->fields_n; f++) {
        struct str id, name;
        if (s->fields[f].type == ANSWER_FILE && attachment_answer(c->answers[f].text, &id, &name))
            write_file(p, c, id, name);
    }
    MARKUP(p, "</section>");
}

static struct str value_text(const struct page *p, const struct rule_value *value)
{
    struct buf text;
    if (!value->known)
        return T(p, "not known");
    if (value->type == RULE_YES_NO)
        return value->yes ? T(p, "met") : T(p, "not met");
    if (value->type == RULE_DATE)
        return page_day(p, value->day);
    buf_in(&text, p->arena, 4096);
    rule_value_text(&text, value);
    return buf_view(&text);
}

static bool says_no(const struct rule_value *value)
{
    return value->known && value->type == RULE_YES_NO && !value->yes;
}

static void write_rules(struct page *p, const struct case_file *c, const struct rule_value *values)
{
    const struct service *s = c->service;
    if (s->rules_n == 0)
        return;
    MARKUP(p, "<h2>{}</h2><ul class=\"ways\">", T(p, "What the rules say"));
    for (size_t r = 0; r < s->rules_n; r++) {
        const struct service_rule *rule = &s->rules[r];
        const struct rule_value *value = &values[s->first_rule + r];
        bool no = says_no(value);
        MARKUP(p, "<li><strong>{}</strong> <span class=\"tag {}\">{}</span><p>{}</p></li>",
               page_texts(p, no && !texts_empty(&rule->otherwise) ? &rule->otherwise : &rule->sentence),
               no             ? STR("bad")
               : value->known ? STR("good")
                              : STR(""),
               value_text(p, value),
               rule->verified ? work_basis(p, &rule->basis)
                              : TF(p, "{}. Unverified sample", work_basis(p, &rule->basis)));
    }
    MARKUP(p, "</ul>");
}

/* Ids of the rules that are not met and say so in words, "a,b": what a refusal may begin with. */
static struct str reasons_of_rules(const struct page *p, const struct case_file *c,
                                   const struct rule_value *values)
{
    const struct service *s = c->service;
    struct buf out;
    buf_in(&out, p->arena, 4096);
    for (size_t r = 0; r < s->rules_n; r++)
        if (says_no(&values[s->first_rule + r]) && !texts_empty(&s->rules[r].otherwise))
            buf_printf(&out, "%s%.*s", out.n ? "," : "", STR_ARG(s->rules[r].id));
    return out.n ? buf_view(&out) : STR("");
}

static struct str path_of_action(const struct page *p, const struct case_file *c,
                                 const struct service_action *a, struct str reasons)
{
    struct str path = work_path(p, c->number, arena_printf(p->arena, "do/%.*s", STR_ARG(a->id)));
    bool against = hears_first(a) || a->does == DOES_OFFER_HEARING;
    return against ? page_path(p, str_c(p->arena, path), "because", reasons, NULL) : path;
}

static void write_offers(struct page *p, const struct case_file *c, const struct work_offer *offers, size_t n,
                         struct str reasons)
{
    bool any = false, later = false;
    MARKUP(p, "<h2>{}</h2>", T(p, "What you can do now"));
    for (size_t i = 0; i < n; i++) {
        const struct service_action *a = &c->service->actions[offers[i].action];
        later |= !offers[i].now;
        if (!offers[i].now)
            continue;
        if (!any)
            MARKUP(p, "<ul class=\"ways\">");
        any = true;
        MARKUP(p, "<li><a href=\"{}\">{}</a></li>", path_of_action(p, c, a, reasons),
               page_texts(p, &a->name));
    }
    if (any)
        MARKUP(p, "</ul>");
    else
        MARKUP(p, "<p>{}</p>", T(p, "Nothing at present."));
    if (!later)
        return;
    MARKUP(p, "<h3>{}</h3>", T(p, "Not possible yet"));
    facts_start(p);
    for (size_t i = 0; i < n; i++)
        if (!offers[i].now)
            fact(p, page_texts(p, &c->service->actions[offers[i].action].name), offers[i].why_not);
    facts_end(p);
}

static struct str ground_text(const struct page *p, const struct case_file *c, struct str id)
{
    for (size_t g = 0; g < c->service->grounds_n; g++)
        if (str_eq(c->service->grounds[g].id, id))
            return page_texts(p, &c->service->grounds[g].text);
    return id;
}

static void write_journal(struct page *p, const struct case_file *c)
{
    struct str heads[] = {T(p, "When"), T(p, "What"), T(p, "Who"), T(p, "Why")};
    struct table table, *t = &table;
    MARKUP(p, "<h2>{}</h2>", T(p, "What was done"));
    table_start(t, p, T(p, "Every step is an entry in the person’s list"), heads, ARRAY_LEN(heads));
    for (size_t i = 0; i < c->events_n; i++) {
        const struct case_event *e = &c->events[i];
        table_row(t);
        table_cell(t, page_time(p, e->time));
        table_cell(t, work_step(p, c, e));
        table_cell(t, work_hand(p, e));
        table_cell_start(t);
        if (e->reason.n != 0)
            MARKUP(p, "<bdi>{}</bdi> ", e->reason);
        if (e->ground.n != 0)
            MARKUP(p, "{} ", ground_text(p, c, e->ground));
        if (e->article.n != 0)
            MARKUP(p, "<bdi>{}</bdi> ", e->article);
        if (e->minutes.n != 0)
            MARKUP(p, "{}", TF(p, "Minutes {}", e->minutes));
        if (e->reason.n + e->ground.n + e->article.n + e->minutes.n == 0)
            MARKUP(p, "–");
        work_sign_link(p, c, i);
        table_cell_end(t);
    }
    table_end(t);
}

/* Takes it, or gives it on. */
static void write_who_has(struct page *p, const struct case_file *c)
{
    const struct official *o = &p->visitor->caller.official;
    if (!case_at_desk(c, p->visitor->office))
        return;
    bool mine = str_eq(c->official, o->staff_code),
         stands = o->stands_for.n != 0 && str_eq(c->official, o->stands_for);
    if (c->official.n == 0 || stands) {
        form_start(p, work_path(p, c->number, "give"), "/desk/cases/{number}/give");
        form_field(
            p, &(struct form_field){.kind = FORM_HIDDEN,
                                    .name = "seen",
                                    .value = str_of(arena_printf(p->arena, "%lld", (long long)c->version))});
        form_field(p, &(struct form_field){.kind = FORM_HIDDEN, .name = "to", .value = o->staff_code});
        MARKUP(p, "<p><button class=\"second\">{}</button></p></form>", T(p, "Take the case"));
    }
    if (mine || stands)
        MARKUP(p, "<p><a href=\"{}\">{}</a></p>", work_path(p, c->number, "give"),
               T(p, "Give it to a colleague"));
}

static void write_registries(struct page *p, const struct case_file *c)
{
    bool any = false;
    for (size_t f = 0; f < c->service->fields_n; f++)
        any |= c->service->fields[f].registry != NULL && c->service->fields[f].purpose != NULL &&
               c->service->fields[f].about == NONE;
    if (!any || !case_is_worked(c))
        return;
    MARKUP(
        p, "<p>{}</p>",
        T(p,
          "The registries can be asked again for this case. Each of them is a look that the person sees."));
    form_button(p, work_path(p, c->number, "facts"), "/desk/cases/{number}/facts",
                T(p, "See what the registries say today"), NULL);
}

static void write_case(struct page *p, const struct case_file *c, const struct work_offer *offers, size_t n,
                       const struct case_input *input)
{
    const struct rule_value *values = case_rules(p->web->cases, c, input, p->arena);
    page_open(p, page_texts(p, &c->service->name), STR("/desk/cases"), NULL, 0);
    write_state(p, c, clock_now());
    write_who_has(p, c);
    write_offers(p, c, offers, n, reasons_of_rules(p, c, values));
    write_answers(p, c);
    write_registries(p, c);
    write_rules(p, c, values);
    write_journal(p, c);
    page_end(p);
}

static void get_case(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_actor actor;
    struct case_input input = {.signatures = -1, .position = -1};
    struct work_offer *offers;
    struct case_file c;
    uint64_t position;
    bool refused;
    size_t n;
    struct err err;
    page_init(p, request, response);
    actor = work_actor(p);
    if (!case_open(p->web->cases, web_db(request), http_part(request, 0), &actor, p->arena, &c, &refused,
                   &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_hold(response, position);
    if (refused) {
        http_problem(
            request, response, 403, "not-allowed", "%s",
            N_("This case lies with another office. Nothing was shown; that it was asked for is an entry "
               "in the person’s list."));
        return;
    }
    if (!work_offers(p, &c, &offers, &n, &err) ||
        !case_facts(p->web->cases, web_db(request), &c, p->arena, &input, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    write_case(p, &c, offers, n, &input);
}

/* --- what the registries say today --- */

/* The fields of one registry that the service reads of the applicant. */
static size_t fields_of(const struct service *s, const struct registry *registry, struct str *ret)
{
    size_t n = 0;
    for (size_t f = 0; f < s->fields_n; f++)
        if (s->fields[f].registry == registry && s->fields[f].purpose != NULL && s->fields[f].about == NONE)
            ret[n++] = registry->fields[s->fields[f].registry_field].id;
    return n;
}

static void write_record(struct page *p, const struct gate_answer *answer)
{
    MARKUP(p, "<h2>{}</h2>", page_texts(p, &answer->registry->name));
    if (answer->reason != GATE_ADMITTED) {
        page_note(p, "bad", page_text(p, gate_reason_words(answer->reason)));
        return;
    }
    if (answer->records_n == 0)
        page_note(p, "info", T(p, "This registry has no record of the person."));
    for (size_t r = 0; r < answer->records_n; r++) {
        MARKUP(p, "<section class=\"card data\">");
        facts_start(p);
        for (size_t f = 0; f < answer->registry->fields_n; f++)
            if (answer->records[r].value[f].p != NULL)
                fact(p, page_texts(p, &answer->registry->fields[f].name),
                     page_value(p, &answer->registry->fields[f], answer->records[r].value[f]));
        facts_end(p);
        MARKUP(p, "</section>");
    }
    MARKUP(p, "<p class=\"small\">{}</p>",
           TF(p, "This look is entry {} of the log", page_number(p, answer->leaf)));
}

static void write_away(struct page *p, const struct registry *registry)
{
    MARKUP(p, "<h2>{}</h2>", page_texts(p, &registry->name));
    page_note(p, "bad",
              T(p, "This registry cannot be asked at the moment. The case waits for it, and its term runs."));
}

static bool look_once(struct page *p, const struct case_file *c, const struct service_field *field,
                      struct gate_answer *ret, struct err *err)
{
    const struct visitor *v = p->visitor;
    struct str *fields = arena_array(p->arena, struct str, c->service->fields_n);
    size_t n = fields_of(c->service, field->registry, fields);
    struct gate_request look = {.office = v->office,
                                .actor = v->caller.official.staff_code,
                                .capacity = v->caller.capacity,
                                .mandate = v->caller.mandate,
                                .levels = v->caller.levels,
                                .purpose = field->purpose->id,
                                .registry = field->registry->id,
                                .case_no = str_of(c->number),
                                .order = STR(""),
                                .reason = STR(""),
                                .fields = fields,
                                .fields_n = n,
                                .pid = c->pid};
    return gate_look(p->web->api.gate, web_db(p->request), &look, p->arena, ret, err);
}

static void post_facts(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_file c;
    struct gate_answer *answers;
    uint64_t position = 0;
    size_t n = 0;
    struct err err;
    page_init(p, request, response);
    if (!case_read(p->web->cases, web_db(request), http_part(request, 0), p->arena, &c, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    if (!case_reads(&c, p->visitor->office)) {
        http_problem(request, response, 403, "not-allowed", "%s", N_("This case lies with another office."));
        return;
    }
    answers = arena_array(p->arena, struct gate_answer, c.service->fields_n + 1);
    bool *away = arena_array(p->arena, bool, c.service->fields_n + 1);
    for (size_t f = 0; f < c.service->fields_n; f++) {
        const struct service_field *field = &c.service->fields[f];
        bool again = field->registry == NULL || field->purpose == NULL || field->about != NONE;
        for (size_t k = 0; k < n; k++)
            again |= answers[k].registry == field->registry;
        if (again)
            continue;
        away[n] = !look_once(p, &c, field, &answers[n], &err);
        if (away[n] && (err.code == ERR_BUSY || err.code == ERR_STOPPED)) { /* no trace, no data */
            http_problem_err(request, response, &err);
            return;
        }
        if (away[n])
            say_err(SAY_ALERT, &err);
        answers[n].registry = field->registry;
        position = MAX_OF(position, away[n] ? 0 : answers[n].position);
        n++;
    }
    http_hold(response, position);
    page_open(p, T(p, "What the registries say today"), work_path(p, c.number, ""), NULL, 0);
    MARKUP(p, "<p class=\"lead\">{}: {}</p>", page_texts(p, &c.service->name), str_of(c.number));
    for (size_t i = 0; i < n; i++)
        if (away[i])
            write_away(p, answers[i].registry);
        else
            write_record(p, &answers[i]);
    page_end(p);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/desk/cases/{number}",
     .handler = get_case,
     .access = WEB_CASES,
     .summary = "One case"},
    {.method = HTTP_POST,
     .path = "/desk/cases/{number}/facts",
     .handler = post_facts,
     .access = WEB_CASES,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "What the registries say today"},
};
const struct web_table web_work_case = {routes, ARRAY_LEN(routes)};
