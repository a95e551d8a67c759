/* SPDX-License-Identifier: Apache-2.0 */
/* cases.c: a person's cases: all of them, each step of one, and what can be done in it. */
#include "sheet/case_sheet.h"

#include "base/clock.h"
#include "base/say.h"
#include "case/booking.h"
#include "case/lists.h"
#include "case/signed.h"
#include "case/signer.h"
#include "web/entry.h"
#include "web/services.h"
#include "web/sign.h"
#include "web/web_private.h"

#define CASES_SHOWN 20 /* a page */
#define CASES_FROM_MAX 1000000
#define ENTRIES_READ 100 /* a step of reading the person's list */
#define ENTRIES_STEPS 10
#define LOOKS_SHOWN 50

/* --- the list --- */

static bool read_drafts(struct page *p, struct case_row **ret, size_t *ret_n, struct err *err)
{
    const struct words w = page_words(p);
    struct draft_listed *list;
    size_t n, kept = 0;
    if (!draft_list(p->web->cases, web_db(p->request), subject_pid(p), p->arena, &list, &n, err))
        return false;
    struct case_row *rows = arena_array(p->arena, struct case_row, n + 1);
    for (size_t i = 0; i < n; i++)
        if (service_covered(p, list[i].service))
            rows[kept++] =
                (struct case_row){.name = page_texts(p, &list[i].service->name),
                                  .path = words_of(&w, "/me/apply/%.*s", STR_ARG(list[i].service->id)),
                                  .below = TF(p, "Last changed {}", page_time(p, list[i].seen))};
    *ret = rows;
    *ret_n = kept;
    return true;
}

/* Newest first, a page from this one on. */
static bool read_rows(struct page *p, size_t from, struct case_list *ret, struct err *err)
{
    const struct words w = page_words(p);
    struct case_mine *list;
    size_t n, kept = 0;
    if (!case_of_person(p->web->cases, web_db(p->request), subject_pid(p), p->arena, &list, &n, err))
        return false;
    size_t until = MIN_OF(n, from + CASES_SHOWN);
    struct case_row *rows = arena_array(p->arena, struct case_row, CASES_SHOWN);
    for (size_t i = from; i < until; i++) {
        struct case_file c;
        if (!case_read(p->web->cases, web_db(p->request), str_of(list[i].number), p->arena, &c, err))
            return false;
        if (!service_covered(p, c.service))
            continue;
        struct str due = due_words(&w, &c);
        rows[kept++] = (struct case_row){
            .name = page_texts(p, &c.service->name),
            .path = words_of(&w, "/me/cases/%s", c.number),
            .below = words_of(&w, "%s, %.*s: %.*s%s%.*s", c.number, STR_ARG(page_day(p, list[i].day)),
                              STR_ARG(status_words(&w, c.status)), due.n ? "\n" : "", STR_ARG(due))};
    }
    ret->rows = rows;
    ret->rows_n = kept;
    if (from != 0)
        ret->newer = STR("/me/cases");
    if (until < n)
        ret->older = words_of(&w, "/me/cases?from=%zu", until);
    return true;
}

static void get_cases(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_list list = {0};
    struct case_row *drafts = NULL;
    struct sheet sheet;
    struct str text = {0};
    struct err err;
    uint64_t from = 0;
    if (http_query(request, "from", &text) != 0 && (!text_u64(text, &from) || from > CASES_FROM_MAX)) {
        http_problem(request, response, 400, "usage", "from is a number of the list.");
        return;
    }
    page_init(p, request, response);
    if ((from == 0 && !read_drafts(p, &drafts, &list.drafts_n, &err)) ||
        !read_rows(p, (size_t)from, &list, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    list.drafts = drafts;
    page_sheet(p, &sheet);
    cases_page(&sheet, &list);
    page_draw(p, &sheet);
}

/* --- one case --- */

/* The case of the address, if it is this person's. False: answered. */
static bool read_case(struct page *p, struct http_request *request, struct http_response *response,
                      struct case_file *c)
{
    struct err err;
    page_init(p, request, response);
    bool read = case_read(p->web->cases, web_db(request), http_part(request, 0), p->arena, c, &err);
    if (read && memcmp(c->pid, subject_pid(p), PID_SIZE) == 0 && service_covered(p, c->service))
        return true;
    if (read || err.code == ERR_NOT_FOUND)
        http_problem(request, response, 404, "not-found", "%s", "");
    else
        http_problem_err(request, response, &err);
    return false;
}

static struct case_actor applicant_of(const struct page *p)
{
    const struct caller *c = &p->visitor->caller;
    return (struct case_actor){.hand = HAND_APPLICANT,
                               .pid = subject_pid(p),
                               .staff = c->official.staff_code,
                               .levels = c->levels,
                               .capacity = c->capacity,
                               .mandate = c->acting ? c->mandate : STR("")};
}

static void add_look(struct page *p, const struct gate_entry *e, struct case_view *v, struct case_look *looks)
{
    const struct words w = page_words(p);
    int64_t time;
    struct str when = time_parse(e->time, &time) ? page_time(p, time) : e->time;
    looks[v->looks_n++] =
        (struct case_look){.title = entry_title(p, e),
                           .told = words_of(&w, "%.*s\n%.*s\n%.*s", STR_ARG(when), STR_ARG(entry_who(p, e)),
                                            STR_ARG(entry_what(p, e))),
                           .path = words_of(&w, "/me/looks/%llu", (unsigned long long)e->leaf)};
}

/* The person's own list, newest first, back to the day of filing: what others did with this case number. A
 * person acting for another does not see that one's list. */
static bool read_looks(struct page *p, const struct case_file *c, struct case_view *v, struct err *err)
{
    struct case_look *looks = arena_array(p->arena, struct case_look, LOOKS_SHOWN);
    struct gate_filter filter = {.limit = ENTRIES_READ};
    bool on = !p->visitor->caller.acting;
    v->looks = looks;
    for (int step = 0; on && step < ENTRIES_STEPS; step++) {
        struct gate_entry *entries;
        uint64_t total, hidden;
        size_t n;
        if (!gate_entries(p->web->api.gate, web_db(p->request), subject_pid(p), &filter, p->arena, &entries,
                          &n, &total, &hidden, err))
            return false;
        for (size_t i = 0; i < n; i++) {
            bool look = !entries[i].erased && entries[i].office.n != 0 &&
                        str_is(entries[i].case_no, c->number) &&
                        (str_is(entries[i].kind, gate_kind_code(KIND_LOOK)) ||
                         str_is(entries[i].kind, gate_kind_code(KIND_EMERGENCY_LOOK)) ||
                         str_is(entries[i].kind, gate_kind_code(KIND_CASE_READ)));
            if (look && v->looks_n < LOOKS_SHOWN)
                add_look(p, &entries[i], v, looks);
            filter.before = entries[i].leaf;
        }
        int64_t time = 0;
        on = n == ENTRIES_READ && time_parse(entries[n - 1].time, &time) && time >= c->filed - CLOCK_SECOND;
    }
    return true;
}

/* What the case issued: on the page that shows it waits for its entry. To the person alone. */
static bool read_documents(struct page *p, const struct case_file *c, struct case_view *v, struct err *err)
{
    const struct words w = page_words(p);
    struct document *list;
    size_t n, language = 0;
    if (p->visitor->caller.acting ||
        memcmp(c->pid, p->visitor->caller.person.pid, PID_SIZE) != 0) /* a co-signer's page shows none */
        return true;
    if (!documents_of_case(p->web->documents, web_db(p->request), str_of(c->number), p->arena, &list, &n,
                           err))
        return false;
    while (language + 1 < p->j->languages_n && !str_eq(p->j->languages[language], p->language))
        language++;
    struct case_row *shown = arena_array(p->arena, struct case_row, n + 1);
    for (size_t i = 0; i < n; i++)
        shown[i] = (struct case_row){.name = list[i].title[language],
                                     .below = list[i].revoked != 0
                                                  ? TF(p, "{}, not valid any more", str_of(list[i].number))
                                                  : str_of(list[i].number),
                                     .path = words_of(&w, "/me/documents/%s", list[i].number)};
    v->documents = shown;
    v->documents_n = n;
    return true;
}

/* After sending: the next draft that belongs to the same life event. */
static bool find_next(struct page *p, const struct service *s, struct case_view *v, struct err *err)
{
    const struct words w = page_words(p);
    struct draft_listed *list;
    size_t n;
    if (!draft_list(p->web->cases, web_db(p->request), subject_pid(p), p->arena, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t a = 0; a < s->life_events_n; a++)
            for (size_t b = 0; b < list[i].service->life_events_n; b++)
                if (s->life_events[a] == list[i].service->life_events[b] && v->next_path.n == 0) {
                    v->next_path = words_of(&w, "/me/apply/%.*s", STR_ARG(list[i].service->id));
                    v->next_name = page_texts(p, &list[i].service->name);
                }
    return true;
}

static bool read_signers(struct page *p, const struct case_file *c, struct case_view *v, struct err *err)
{
    static const char *const states[] = {[SIGNER_ASKED] = N_("has not answered yet"),
                                         [SIGNER_AGREED] = N_("has agreed"),
                                         [SIGNER_DECLINED] = N_("does not agree")};
    struct signer *list;
    size_t n;
    if (!signers_of(p->web->beside, web_db(p->request), c, p->arena, &list, &n, err))
        return false;
    struct case_row *rows = arena_array(p->arena, struct case_row, n + 1);
    for (size_t i = 0; i < n; i++)
        rows[i] =
            (struct case_row){.name = str_of(list[i].number), .below = page_text(p, states[list[i].state])};
    v->signers = rows;
    v->signers_n = n;
    return true;
}

static bool read_booking(struct page *p, const struct case_file *c, struct case_view *v, struct err *err)
{
    const struct words w = page_words(p);
    struct booking booking;
    bool found;
    if (!booking_of(p->web->beside, web_db(p->request), str_of(c->number), p->arena, &found, &booking, err))
        return false;
    if (found) {
        v->booked = page_time(p, booking.start);
        v->booked_path = words_of(&w, "/me/booked/%s", c->number);
    }
    return true;
}

static struct str filed_words(struct page *p, const struct case_file *c)
{
    const struct words w = page_words(p);
    struct str due = due_words(&w, c);
    if (due.n == 0)
        return TF(p, "Your application is received. Its number is {}.", str_of(c->number));
    return TF(p, "Your application is received. Its number is {}. {}.", str_of(c->number), due);
}

/* Steps that were signed: their evidence, to be checked without us. */
static bool link_signatures(struct page *p, struct sheet *sheet, const struct case_file *c, struct err *err)
{
    for (size_t i = 0; i < c->events_n; i++) {
        size_t a = service_action(c->service, c->events[i].action);
        bool found = false;
        if (a == NONE || (c->service->actions[a].needs & NEEDS_SIGNATURE) == 0)
            continue;
        if (!signing_evidence_has(p->web->api.people, web_db(p->request),
                                  case_signature_name(c->number, i + 1, p->arena), &found, err))
            return false;
        if (found)
            sheet_link(sheet,
                       TF(p, "The signature of this step: {}", page_texts(p, &c->service->actions[a].name)),
                       str_of(arena_printf(p->arena, "/me/cases/%s/signature/%zu", c->number, i + 1)),
                       T(p, "A file with time-stamp and status. It can be checked without us, years later."));
    }
    return true;
}

static void get_case(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_file c;
    struct case_view view = {.c = &c, .now = clock_now()};
    struct sheet sheet;
    struct str said = {0};
    struct err err;
    if (!read_case(p, request, response, &c))
        return;
    const struct case_actor actor = applicant_of(p);
    bool *may = arena_array(p->arena, bool, c.service->actions_n + 1);
    for (size_t a = 0; a < c.service->actions_n; a++)
        may[a] = case_open_to(p->web->cases, &c, &actor, a, view.now, p->arena);
    view.may = may;
    if (http_query(request, "filed", &said) != 0)
        view.filed = filed_words(p, &c);
    else if (http_query(request, "done", &said) != 0)
        view.filed = T(p, "It is done and stands in the case.");
    if (!read_looks(p, &c, &view, &err) || !read_documents(p, &c, &view, &err) ||
        !read_signers(p, &c, &view, &err) || !read_booking(p, &c, &view, &err) ||
        (said.n != 0 && !find_next(p, c.service, &view, &err))) {
        http_problem_err(request, response, &err);
        return;
    }
    page_sheet(p, &sheet);
    case_page(&sheet, &view);
    if (link_signatures(p, &sheet, &c, &err))
        page_draw(p, &sheet);
    else
        http_problem_err(request, response, &err);
}

/* --- what can be done --- */

/* The action of the address. NONE: answered. */
static size_t action_asked(struct page *p, const struct case_file *c)
{
    size_t a = service_action(c->service, http_part(p->request, 1));
    if (a != NONE && (c->service->actions[a].who & BY_APPLICANT) != 0)
        return a;
    http_problem(p->request, p->response, 404, "not-found", "%s", "");
    return NONE;
}

static bool can_be_done(struct page *p, const struct action_form *form)
{
    const struct case_actor actor = applicant_of(p);
    return case_open_to(p->web->cases, form->c, &actor, form->action, clock_now(), p->arena);
}

static void leave_for(struct page *p, const struct case_file *c)
{
    http_redirect(p->response, 303, arena_printf(p->arena, "/me/cases/%s", c->number));
}

static void get_action(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_file c;
    struct sheet sheet;
    struct action_form form = {.c = &c};
    if (!read_case(p, request, response, &c) || (form.action = action_asked(p, &c)) == NONE)
        return;
    if (!can_be_done(p, &form)) {
        leave_for(p, &c);
        return;
    }
    form.sent = files_sent(p, &c);
    page_sheet(p, &sheet);
    action_page(&sheet, &form);
    page_draw(p, &sheet);
}

/* A returned case: what is changed in its answers. */
static bool read_completion(struct page *p, const struct case_file *c, struct answer *answers,
                            struct str *typed, struct str *errors)
{
    const struct words words = page_words(p);
    const struct rule_value *values =
        journey_values(p->j, c->service, local_day(p->j, c->filed), c->channel, c->answers, p->arena);
    size_t *fields, n = fields_to_complete(c, p->arena, &fields);
    bool right = true;
    for (size_t i = 0; i < n; i++) {
        size_t f = fields[i];
        const struct service_field *field = &c->service->fields[f];
        if (!journey_page_shown(c->service, field->page, values, p->arena))
            continue;
        typed[f] = typed_lines(p, field->id);
        bool needed = journey_required(c->service, f, values, p->arena);
        answers[f].given = answer_typed(&words, field, typed[f], needed, &answers[f].text, &errors[f]);
        right &= answers[f].given;
    }
    return right;
}

static bool read_action(struct page *p, struct action_form *form, struct answer *answers, struct str *typed,
                        struct str *errors)
{
    const struct words words = page_words(p);
    const struct service *s = form->c->service;
    const struct service_action *a = &s->actions[form->action];
    bool right = true;
    for (size_t k = 0; k < a->fields_n; k++) {
        size_t f = a->fields[k];
        typed[f] = form_value(p->request, str_c(p->arena, s->fields[f].id));
        if (answer_typed(&words, &s->fields[f], typed[f], !s->fields[f].optional, &answers[f].text,
                         &errors[f]))
            answers[f].given = true;
        else
            right = false;
    }
    if (case_completes(form->c, a))
        right &= read_completion(p, form->c, answers, typed, errors);
    form->reason = form_value(p->request, "reason");
    if ((a->needs & NEEDS_REASON) && utf8_length(form->reason) < CASE_REASON_MIN) {
        form->reason_error = TF(p, "Write at least {} characters.", page_number(p, CASE_REASON_MIN));
        right = false;
    }
    form->typed = typed;
    form->errors = errors;
    return right;
}

/* Sent twice, every word of it stands in the case already. */
static bool is_written(const struct action_form *form, const struct answer *answers)
{
    const struct case_file *c = form->c;
    bool reason = form->reason.n == 0;
    for (size_t f = 0; f < c->service->fields_n; f++)
        if (answers[f].given && answers[f].text.n != 0 && !str_eq(answers[f].text, c->answers[f].text))
            return false;
    for (size_t i = 0; i < c->events_n; i++)
        reason |= str_eq(c->events[i].reason, form->reason);
    return reason;
}

/* The office, or the person on another device, was quicker: what was typed is given back to be copied. */
static void too_late(struct page *p, const struct action_form *form, const struct answer *answers)
{
    const struct service *service = form->c->service;
    struct sheet sheet, *s = &sheet;
    if (is_written(form, answers)) {
        leave_for(p, form->c);
        return;
    }
    page_sheet(p, s);
    s->caption = page_texts(p, &service->actions[form->action].name);
    s->title = T(p, "The case was changed meanwhile");
    s->back = words_of(&s->w, "/me/cases/%s", form->c->number);
    sheet_text(s, NULL,
               T(p,
                 "Nothing of what you typed was written. Here it is, to be copied. See how the case stands "
                 "now, and whether your step is still right."));
    for (size_t f = 0; f < service->fields_n; f++)
        sheet_fact(s, page_texts(p, &service->fields[f].label),
                   answers[f].given ? answer_words(&s->w, &service->fields[f], answers[f].text)
                                    : form->typed[f]);
    sheet_fact(s, T(p, "Your reason"), form->reason);
    sheet_act(s, TF(p, "Case {}", str_of(form->c->number)), words_of(&s->w, "/me/cases/%s", form->c->number));
    http_status(p->response, 409);
    page_draw(p, s);
}

static void post_action(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct case_file c;
    struct sheet sheet;
    struct err err;
    struct action_form form = {.c = &c};
    uint64_t position, seen = 0;
    if (!read_case(p, request, response, &c) || (form.action = action_asked(p, &c)) == NONE)
        return;
    size_t n = c.service->fields_n + 1;
    struct answer *answers = arena_array(p->arena, struct answer, n);
    struct str *typed = arena_array(p->arena, struct str, n), *errors = arena_array(p->arena, struct str, n);
    form.sent = files_sent(p, &c);
    page_sheet(p, &sheet);
    bool right = read_action(p, &form, answers, typed, errors);
    if (!can_be_done(p, &form)) {
        too_late(p, &form, answers);
        return;
    }
    if (!right) {
        action_page(&sheet, &form);
        http_status(response, 422);
        page_draw(p, &sheet);
        return;
    }
    const struct case_actor actor = applicant_of(p);
    if (!text_u64(form_value(request, "seen"), &seen))
        seen = 0;
    struct case_input input = {
        .answers = answers, .reason = form.reason, .seen = (int64_t)seen, .signatures = -1, .position = -1};
    struct signing signed_by;
    bool is_signed;
    if (!applicant_signs(p, &c, &c.service->actions[form.action], &input, &signed_by, &is_signed))
        return;
    const struct case_signature signature = {p->web->api.people, &signed_by};
    input.signature = is_signed ? &signature : NULL;
    const char *path = arena_printf(p->arena, "/me/cases/%s", c.number);
    if (case_act(p->web->cases, web_db(request), str_of(c.number), &actor, c.service->actions[form.action].id,
                 &input, clock_now(), p->arena, &position, &err)) {
        http_redirect(response, 303, arena_printf(p->arena, "%s?done=yes", path));
        http_hold(response, position);
    } else if (err.code == ERR_CONFLICT &&
               case_read(p->web->cases, web_db(request), str_of(path + strlen("/me/cases/")), p->arena, &c,
                         &err)) {
        too_late(p, &form, answers);
    } else {
        http_problem_err(request, response, &err);
    }
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/cases",
     .handler = get_cases,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "My cases"},
    {.method = HTTP_GET,
     .path = "/me/cases/{number}",
     .handler = get_case,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "A case, step by step"},
    {.method = HTTP_GET,
     .path = "/me/cases/{number}/{action}",
     .handler = get_action,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "What can be done in a case"},
    {.method = HTTP_POST,
     .path = "/me/cases/{number}/{action}",
     .handler = post_action,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 65536,
     .summary = "Do it"},
};
const struct web_table web_cases = {routes, ARRAY_LEN(routes)};
