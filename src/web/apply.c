/* SPDX-License-Identifier: Apache-2.0 */
/* apply.c: a draft: one question a page, the list of answers, sending. The way is computed from the stored
 * answers at each request (case/journey.h); a request does no more work in the database than the session and
 * the draft's row. */
#include "base/clock.h"
#include "case/attachment.h"
#include "case/booking.h"
#include "case/lists.h"
#include "case/payment.h"
#include "case/signed.h"
#include "web/login.h"
#include "web/services.h"
#include "web/sign.h"
#include "web/web_private.h"

#define SLOTS_SHOWN 60

struct way {
    struct page page;
    const struct service *service;
    struct draft draft;
    struct rule_value *values;
    bool carried; /* over to a changed service, in this request or just before */
};

/* The draft of the service in the address. False: answered; without a draft the way leads to where there is
 * something: the case that was sent, else the service. */
static bool read_way(struct http_request *request, struct http_response *response, struct way *w);

static void leave(struct way *w, const char *format, struct str id)
{
    http_redirect(w->page.response, 303, arena_printf(w->page.arena, format, STR_ARG(id)));
}

static void tell_values(struct way *w)
{
    w->values = journey_values(w->page.j, w->service, page_today(&w->page), web_channel(w->page.visitor),
                               w->draft.answers, w->page.arena);
}

/* Sent twice, or from an old page: the newest case of this service, if there is one. */
static void leave_for_case(struct way *w)
{
    struct page *p = &w->page;
    struct case_mine *list;
    struct err err;
    size_t n;
    if (!case_of_person(p->web->cases, web_db(p->request), subject_pid(p), p->arena, &list, &n, &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    struct str newest = {0};
    int64_t filed = 0;
    for (size_t i = 0; i < n && i < 20; i++) {
        struct case_file c;
        if (!case_read(p->web->cases, web_db(p->request), str_of(list[i].number), p->arena, &c, &err))
            continue;
        if (str_eq(c.service->id, w->service->id) && c.filed > filed) {
            filed = c.filed;
            newest = str_of(list[i].number);
        }
    }
    if (newest.n != 0)
        leave(w, "/me/cases/%.*s?filed=yes", newest);
    else
        leave(w, "/services/%.*s", w->service->id);
}

static bool read_way(struct http_request *request, struct http_response *response, struct way *w)
{
    struct page *p = &w->page;
    struct err err;
    bool found;
    page_init(p, request, response);
    w->service = jurisdiction_service(p->j, http_part(request, 0));
    if (w->service == NULL || !service_covered(p, w->service)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return false;
    }
    if (!draft_read(p->web->cases, web_db(request), w->service, subject_pid(p), p->arena, &w->draft, &found,
                    &err)) {
        http_problem_err(request, response, &err);
        return false;
    }
    if (!found) {
        leave_for_case(w);
        return false;
    }
    struct str said = {0};
    w->carried = http_query(request, "changed", &said) != 0;
    tell_values(w);
    return true;
}

/* The service has changed since the draft was begun: what fits goes along, registries are read for what is
 * new, and the next page says so. Once: from then on it is a draft of the service as it is. False: answered.
 */
static bool carry_over(struct way *w, uint64_t *position)
{
    struct page *p = &w->page;
    struct err err;
    bool found;
    if (!w->draft.changed)
        return true;
    if (!draft_begin(p, w->service, position))
        return false;
    if (!draft_read(p->web->cases, web_db(p->request), w->service, subject_pid(p), p->arena, &w->draft,
                    &found, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (!found) { /* sent or thrown away on another device */
        leave_for_case(w);
        return false;
    }
    w->carried = true;
    tell_values(w);
    return true;
}

static struct service_form form_of(const struct way *w)
{
    return (struct service_form){.service = w->service,
                                 .answers = w->draft.answers,
                                 .values = w->values,
                                 .unasked = jurisdiction_registry(w->page.j, w->draft.unasked),
                                 .changed = w->draft.changed || w->carried};
}

static size_t next_page(const struct way *w)
{
    return journey_next(w->service, w->draft.answers, w->values, w->page.arena);
}

static void go_to(struct way *w, size_t page)
{
    struct sheet sheet;
    page_sheet(&w->page, &sheet);
    struct str path = form_path(&sheet, w->service, page, false);
    http_redirect(w->page.response, 303,
                  arena_printf(w->page.arena, "%.*s%s", STR_ARG(path), w->carried ? "?changed=yes" : ""));
}

/* --- one question --- */

/* A page that may be visited and asks something. */
static bool may_ask(const struct way *w, size_t page)
{
    const struct service_form form = form_of(w);
    return journey_may_visit(w->service, page, w->draft.answers, w->values, w->page.arena) &&
           page_asks(&form, page, w->page.arena);
}

static size_t page_asked(const struct way *w)
{
    struct str id = http_part(w->page.request, 1);
    size_t page = 0;
    while (page < w->service->pages_n && !str_eq(w->service->pages[page].id, id))
        page++;
    return page;
}

static bool is_change(const struct http_request *request)
{
    struct str value = {0};
    return http_query(request, "change", &value) != 0;
}

/* Free times, when the page asks for one. False: answered. */
static bool find_slots(struct way *w, size_t page, struct service_form *form)
{
    const struct service_page *p = &w->service->pages[page];
    for (size_t k = 0; k < p->fields_n; k++) {
        struct slots_offered *offered = arena_new(w->page.arena, struct slots_offered);
        struct slot *slots;
        struct err err;
        size_t n;
        if (w->service->fields[p->fields[k]].type != ANSWER_SLOT)
            continue;
        if (!slots_free(w->page.web->beside, web_db(w->page.request), w->service, p->fields[k],
                        page_today(&w->page), clock_now(), SLOTS_SHOWN, w->page.arena, &slots, &n, &err)) {
            http_problem_err(w->page.request, w->page.response, &err);
            return false;
        }
        struct str *texts = arena_array(w->page.arena, struct str, n + 1);
        for (size_t i = 0; i < n; i++)
            texts[i] = str_of(slots[i].text);
        *offered = (struct slots_offered){p->fields[k], texts, n};
        form->slots = offered;
    }
    return true;
}

static void get_question(struct http_request *request, struct http_response *response)
{
    struct way way, *w = &way;
    struct sheet sheet;
    if (!read_way(request, response, w))
        return;
    size_t page = page_asked(w);
    if (!may_ask(w, page)) {
        go_to(w, next_page(w));
        return;
    }
    struct service_form form = form_of(w);
    form.change = is_change(request);
    if (!find_slots(w, page, &form))
        return;
    page_sheet(&w->page, &sheet);
    service_question(&sheet, &form, page);
    page_draw(&w->page, &sheet);
}

struct str typed_lines(const struct page *p, struct str field)
{
    struct buf out;
    struct str name, value;
    buf_in(&out, p->arena, 65536);
    for (size_t i = 0; http_form_at(p->request, i, &name, &value); i++) {
        if (!str_eq(name, field))
            continue;
        if (out.n != 0)
            buf_byte(&out, '\n');
        for (size_t k = 0; k < value.n; k++)
            if (value.p[k] != '\r')
                buf_byte(&out, (uint8_t)value.p[k]);
    }
    return out.n ? str_trim(buf_view(&out)) : STR("");
}

/* False: *errors says what is wrong. Whether an answer is needed may rest on another one of the page, so all
 * are read first. */
static bool read_answers(const struct way *w, const struct service_page *page, struct answer *answers,
                         struct str *typed, struct str *errors)
{
    const struct words words = page_words(&w->page);
    bool right = true;
    for (size_t k = 0; k < page->fields_n; k++) {
        size_t f = page->fields[k];
        if (answer_held(&answers[f]))
            continue;
        typed[f] = typed_lines(&w->page, w->service->fields[f].id);
        if (answer_typed(&words, &w->service->fields[f], typed[f], false, &answers[f].text, &errors[f]))
            answers[f] = (struct answer){.given = true, .text = answers[f].text};
        else
            right = false;
    }
    const struct rule_value *values = journey_values(w->page.j, w->service, page_today(&w->page),
                                                     web_channel(w->page.visitor), answers, w->page.arena);
    for (size_t k = 0; k < page->fields_n; k++) {
        size_t f = page->fields[k];
        if (answer_held(&answers[f]))
            continue;
        bool needed = journey_required(w->service, f, values, w->page.arena);
        if (errors[f].n == 0 &&
            !answer_typed(&words, &w->service->fields[f], typed[f], needed, &answers[f].text, &errors[f]))
            right = false;
    }
    return right;
}

static void ask_again(struct way *w, size_t page, const struct str *typed, const struct str *errors)
{
    struct sheet sheet;
    struct service_form form = form_of(w);
    form.typed = typed;
    form.errors = errors;
    form.change = is_change(w->page.request);
    if (!find_slots(w, page, &form))
        return;
    page_sheet(&w->page, &sheet);
    service_question(&sheet, &form, page);
    http_status(w->page.response, 422);
    page_draw(&w->page, &sheet);
}

/* Facts about a person who was just named. */
static bool read_about(struct way *w, const struct service_page *page, const struct answer *before,
                       uint64_t *position, struct err *err)
{
    bool any = false;
    for (size_t k = 0; k < page->fields_n; k++) {
        size_t f = page->fields[k];
        if (str_eq(before[f].text, w->draft.answers[f].text) || w->service->fields[f].type != ANSWER_PERSON)
            continue;
        if (!draft_read_about(&w->page, w->service, &w->draft, f, position))
            return false;
        any = true;
    }
    size_t *fields = arena_array(w->page.arena, size_t, w->service->fields_n + 1), n = 0;
    for (size_t f = 0; f < w->service->fields_n; f++)
        if (w->service->fields[f].about != NONE)
            fields[n++] = f;
    if (!any || n == 0)
        return true;
    const struct answer *answers = w->draft.answers;
    struct draft after;
    if (!draft_put(w->page.web->cases, web_db(w->page.request), w->service, subject_pid(&w->page), fields, n,
                   answers, clock_now(), w->page.arena, &after, err)) {
        http_problem_err(w->page.request, w->page.response, err);
        return false;
    }
    w->draft = after;
    return true;
}

static void post_question(struct http_request *request, struct http_response *response)
{
    struct way way, *w = &way;
    struct err err;
    uint64_t position = 0;
    if (!read_way(request, response, w) || !login_reaches(request, response, w->service->minimum))
        return;
    if (!carry_over(w, &position))
        return;
    size_t page = page_asked(w), n = w->service->fields_n + 1;
    if (!may_ask(w, page)) {
        go_to(w, next_page(w));
        http_hold(response, position);
        return;
    }
    const struct service_page *asked = &w->service->pages[page];
    struct answer *answers = arena_array(w->page.arena, struct answer, n), *before = w->draft.answers;
    struct str *typed = arena_array(w->page.arena, struct str, n),
               *errors = arena_array(w->page.arena, struct str, n);
    memcpy(answers, before, w->service->fields_n * sizeof *answers);
    if (!read_answers(w, asked, answers, typed, errors)) {
        ask_again(w, page, typed, errors);
        http_hold(response, position);
        return;
    }
    if (!draft_put(w->page.web->cases, web_db(request), w->service, subject_pid(&w->page), asked->fields,
                   asked->fields_n, answers, clock_now(), w->page.arena, &w->draft, &err)) {
        if (err.code == ERR_NOT_FOUND)
            leave_for_case(w);
        else
            http_problem_err(request, response, &err);
        return;
    }
    if (!read_about(w, asked, before, &position, &err) ||
        !answers_spread(&w->page, w->service, asked->fields, asked->fields_n, w->draft.answers, &position))
        return;
    tell_values(w);
    go_to(w, next_page(w));
    if (position != 0)
        http_hold(response, position);
}

/* --- checking and sending --- */

static void draw_check(struct way *w, struct str wrong)
{
    struct sheet sheet;
    const struct service_form form = form_of(w);
    page_sheet(&w->page, &sheet);
    sheet_note(&sheet, "bad", wrong);
    service_check(&sheet, &form);
    page_draw(&w->page, &sheet);
}

static void get_check(struct http_request *request, struct http_response *response)
{
    struct way way, *w = &way;
    if (!read_way(request, response, w))
        return;
    size_t next = next_page(w);
    if (next < w->service->pages_n)
        go_to(w, next);
    else
        draw_check(w, STR(""));
}

/* One case at a time: the way leads to the one in flight; the draft stays. */
static void tell_in_flight(struct way *w, struct str number)
{
    struct page *p = &w->page;
    struct sheet sheet;
    page_sheet(p, &sheet);
    sheet.caption = page_texts(p, &w->service->name);
    sheet.title = T(p, "You have such a case already");
    sheet.back = words_of(&sheet.w, "/me/apply/%.*s", STR_ARG(w->service->id));
    sheet_text(
        &sheet, NULL,
        T(p, "Of this service only one case can be open at a time. Nothing was sent; your draft is kept."));
    sheet_act(&sheet, TF(p, "Case {}", number), words_of(&sheet.w, "/me/cases/%.*s", STR_ARG(number)));
    http_status(p->response, 409);
    page_draw(p, &sheet);
}

/* What must be paid first has its invoices; the draft waits. */
static void pay_first(struct way *w)
{
    struct page *p = &w->page;
    struct err err;
    if (invoices_before_filing(p->web->beside, web_db(p->request), w->service, subject_pid(p), w->values,
                               clock_now(), p->arena, &err))
        http_redirect(p->response, 303, "/me/pay");
    else
        http_problem_err(p->request, p->response, &err);
}

static void not_sent(struct way *w, const struct err *err)
{
    if (str_is(STR("fee"), err->place) && err->code == ERR_NOT_ALLOWED) {
        pay_first(w);
        return;
    }
    if (str_is(STR("fee"), err->place) && err->code == ERR_CONFLICT) {
        http_status(w->page.response, 409);
        draw_check(w, T(&w->page, "What you paid was just used for another application."));
        return;
    }
    if (err->code == ERR_CONFLICT && str_is(STR("draft"), err->place))
        leave_for_case(w);
    else if (err->code == ERR_CONFLICT && strlen(err->place) == CASE_NO_SIZE - 1)
        tell_in_flight(w, str_dup(w->page.arena, str_of(err->place)));
    else if (err->code == ERR_CONFLICT && service_field(w->service, str_of(err->place)) != NONE) {
        http_status(w->page.response, 409);
        draw_check(w, T(&w->page, "That time was taken meanwhile: change it and choose another."));
    } else if (err->code == ERR_INVALID || err->code == ERR_NOT_ALLOWED) {
        http_status(w->page.response, 422);
        draw_check(w, page_text(&w->page, str_c(w->page.arena, str_of(err->text))));
    } else
        http_problem_err(w->page.request, w->page.response, err);
}

/* False: answered. */
static bool signature_of(struct way *w, struct signing *ret, bool *ret_signed)
{
    const struct case_file c = {.service = w->service, .status = DRAFT, .answers = w->draft.answers};
    const struct case_input input = {.draft = w->draft.version};
    size_t a = 0;
    while (a < w->service->actions_n && w->service->actions[a].does != DOES_FILE)
        a++;
    must(a < w->service->actions_n); /* the linter's */
    return applicant_signs(&w->page, &c, &w->service->actions[a], &input, ret, ret_signed);
}

/* The one place where whatever must come before sending would join: a fee that is due before it. */
static void post_file(struct http_request *request, struct http_response *response)
{
    struct way way, *w = &way;
    char number[CASE_NO_SIZE];
    uint64_t position = 0;
    struct err err;
    if (!read_way(request, response, w) || !login_reaches(request, response, w->service->minimum))
        return;
    bool is_current = !w->draft.changed; /* nothing is sent that was not checked as it is */
    if (!carry_over(w, &position))
        return;
    size_t next = next_page(w);
    if (next < w->service->pages_n || !is_current) {
        go_to(w, next);
        http_hold(response, position);
        return;
    }
    const struct caller *caller = &w->page.visitor->caller;
    const struct case_actor applicant = {.hand = HAND_APPLICANT,
                                         .pid = subject_pid(&w->page),
                                         .staff = caller->official.staff_code, /* at a counter: assisted by */
                                         .levels = caller->levels,
                                         .capacity = caller->capacity,
                                         .mandate = caller->acting ? caller->mandate : STR("")};
    struct signing signed_by;
    bool is_signed;
    if (!signature_of(w, &signed_by, &is_signed))
        return;
    const struct case_signature signature = {w->page.web->api.people, &signed_by};
    if (!draft_file(w->page.web->cases, web_db(request), w->service, &applicant, web_channel(w->page.visitor),
                    &w->draft, is_signed ? &signature : NULL, clock_now(), w->page.arena, number, &position,
                    &err)) {
        not_sent(w, &err);
        return;
    }
    leave(w, "/me/cases/%.*s?filed=yes", str_of(number));
    http_hold(response, position);
}

static void post_drop(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct err err;
    page_init(p, request, response);
    const struct service *s = jurisdiction_service(p->j, http_part(request, 0));
    if (s == NULL || !service_covered(p, s)) {
        http_problem(request, response, 404, "not-found", "%s", "");
        return;
    }
    if (!draft_drop(p->web->cases, web_db(request), s, subject_pid(p), &err) ||
        !attachments_drop(p->web->beside, web_db(request), s, subject_pid(p), &err))
        http_problem_err(request, response, &err);
    else
        http_redirect(response, 303, "/me/cases");
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/apply/{service}",
     .handler = get_check,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "Check the answers"},
    {.method = HTTP_POST,
     .path = "/me/apply/{service}",
     .handler = post_file,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Send the application"},
    {.method = HTTP_GET,
     .path = "/me/apply/{service}/{page}",
     .handler = get_question,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .summary = "A question"},
    {.method = HTTP_POST,
     .path = "/me/apply/{service}/{page}",
     .handler = post_question,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 65536,
     .summary = "Answer a question"},
    {.method = HTTP_POST,
     .path = "/me/drop/{service}",
     .handler = post_drop,
     .access = WEB_PERSON | WEB_FOR_OTHERS,
     .body = HTTP_FORM,
     .body_max = 4096,
     .summary = "Throw a draft away"},
};
const struct web_table web_apply = {routes, ARRAY_LEN(routes)};
