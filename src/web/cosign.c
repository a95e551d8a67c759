/* SPDX-License-Identifier: Apache-2.0 */
/* cosign.c: what a person is asked to agree to in another's case, and their answer. */
#include "base/clock.h"
#include "case/signed.h"
#include "case/signer.h"
#include "people/number.h"
#include "web/sign.h"
#include "web/web_private.h"

#define LIST_MAX 100
#define WORDS_MAX 1000 /* characters */

static const char *state_words(enum signer_state state)
{
    switch (state) {
    case SIGNER_ASKED: return N_("Waits for your answer");
    case SIGNER_AGREED: return N_("You have agreed");
    default: return N_("You have declined");
    }
}

static void get_list(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct cosigning *list;
    size_t n;
    struct err err;
    page_init(p, request, response);
    if (!cosignings_of(p->web->beside, web_db(request), p->visitor->caller.person.pid, LIST_MAX, p->arena,
                       &list, &n, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    page_open(p, T(p, "Asked for my agreement"), STR("/me"), NULL, 0);
    if (n == 0)
        page_note(p, "info", T(p, "Nobody asks for your agreement."));
    if (n != 0)
        MARKUP(p, "<ul class=\"ways\">");
    for (size_t i = 0; i < n; i++)
        MARKUP(p, "<li><a href=\"/me/sign/{}\"><bdi>{}</bdi></a><p>{}, {}</p></li>", str_of(list[i].number),
               str_of(list[i].number), page_text(p, state_words(list[i].state)), page_time(p, list[i].since));
    if (n != 0)
        MARKUP(p, "</ul>");
    page_end(p);
}

static struct str applicant_of(const struct page *p, const struct case_file *c)
{
    struct person person;
    struct str scheme, number;
    char mask[64];
    struct err err;
    memcpy(person.pid, c->pid, PID_SIZE);
    if (!people_number(p->web->api.people, web_db(p->request), &person, p->arena, &scheme, &number, &err))
        return STR("");
    number_mask(number, mask);
    return str_dup(p->arena, str_of(mask));
}

#define FIELDS 2
static void answer_fields(struct page *p, struct form_field fields[FIELDS])
{
    struct form_option *options = arena_array(p->arena, struct form_option, 2);
    options[0] = (struct form_option){STR("yes"), T(p, "I agree")};
    options[1] = (struct form_option){STR("no"), T(p, "I do not agree")};
    fields[0] = (struct form_field){.kind = FORM_RADIOS,
                                    .name = "answer",
                                    .label = T(p, "Your answer"),
                                    .value = form_value(p->request, "answer"),
                                    .options = options,
                                    .options_n = 2};
    fields[1] =
        (struct form_field){.kind = FORM_AREA,
                            .name = "words",
                            .label = T(p, "What is not right"),
                            .hint = T(p, "Only if you do not agree: at least 20 characters. The applicant "
                                         "reads it."),
                            .value = form_value(p->request, "words"),
                            .max = WORDS_MAX,
                            .optional = true};
}

/* Only what was typed and concerns a co-signer (case/signer.h). */
static void write_case(struct page *p, const struct case_file *c)
{
    const struct service *s = c->service;
    MARKUP(p, "<p class=\"lead\">{}</p>", page_texts(p, &s->summary));
    facts_start(p);
    fact(p, T(p, "Case"), str_of(c->number));
    fact(p, TF(p, "Asked by ({})", page_texts(p, &p->j->person_number_name)), applicant_of(p, c));
    fact(p, T(p, "Filed"), page_time(p, c->filed));
    for (size_t f = 0; f < s->fields_n; f++)
        fact(p, page_texts(p, &s->fields[f].label),
             answer_shown(p->j, &s->fields[f], c->answers[f].text, p->language, p->arena));
    facts_end(p);
}

static void show(struct http_request *request, struct http_response *response, struct form_field *fields)
{
    struct page page, *p = &page;
    struct case_file c;
    enum signer_state state;
    struct err err;
    page_init(p, request, response);
    if (!cosigning_read(p->web->beside, web_db(request), p->visitor->caller.person.pid, http_part(request, 0),
                        p->arena, &c, &state, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    struct str action = str_of(arena_printf(p->arena, "/me/sign/%s", c.number));
    page_open(p, page_texts(p, &c.service->name), STR("/me/sign"), fields, FIELDS);
    page_note(p, state == SIGNER_AGREED ? "good" : "info", page_text(p, state_words(state)));
    write_case(p, &c);
    if (state == SIGNER_ASKED && c.status == FILED) {
        form_start(p, action, "/me/sign/{number}");
        for (size_t i = 0; i < FIELDS; i++)
            form_field(p, &fields[i]);
        form_end(p, N_("Answer"));
    }
    page_end(p);
}

static void get_one(struct http_request *request, struct http_response *response)
{
    struct page page;
    struct form_field fields[FIELDS];
    page_init(&page, request, response);
    answer_fields(&page, fields);
    show(request, response, fields);
}

/* What is agreed to, in words: the service, the case and all answers that were shown. */
static struct str agreed_words(struct page *p, const struct case_file *c)
{
    const struct service *s = c->service;
    struct buf out;
    buf_in(&out, p->arena, SIGNING_TEXT_MAX / 2);
    buf_str(&out, TF(p, "I agree to case {}: {}.", str_of(c->number), page_texts(p, &s->name)));
    for (size_t f = 0; f < s->fields_n; f++) {
        struct str shown = answer_shown(p->j, &s->fields[f], c->answers[f].text, p->language, p->arena);
        if (shown.n == 0)
            continue;
        buf_byte(&out, '\n');
        buf_str(&out, page_texts(p, &s->fields[f].label));
        buf_text(&out, ": ");
        buf_str(&out, shown);
    }
    return buf_overflowed(&out) ? STR("") : buf_view(&out);
}

/* Where the service's file asks for it and somebody's signatures count here. False: answered. */
static bool signature_here(struct page *p, struct signing *signed_by, bool *ret_signed)
{
    struct case_file c;
    enum signer_state state;
    struct err err;
    *ret_signed = false;
    if (!cosigning_read(p->web->beside, web_db(p->request), p->visitor->caller.person.pid,
                        http_part(p->request, 0), p->arena, &c, &state, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    const struct service_action *agree = cosigning_signed(c.service);
    const struct case_input input = {.reason = STR("")}; /* as it is sent with the answer */
    if (state != SIGNER_ASKED || agree == NULL || !sign_possible(p->web))
        return true;
    const struct sign_want want = {.title = TF(p, "Agreement to case {}", str_of(c.number)),
                                   .words = agreed_words(p, &c),
                                   .matter = case_signature_matter(&c, agree, &input, p->arena)};
    if (want.words.n == 0) {
        http_problem(p->request, p->response, 413, "too-large", "%s", "");
        return false;
    }
    *ret_signed = sign_here(p->request, p->response, &want, signed_by);
    return *ret_signed;
}

static void post_one(struct http_request *request, struct http_response *response)
{
    struct page page, *p = &page;
    struct form_field fields[FIELDS];
    uint64_t position;
    struct err err;
    page_init(p, request, response);
    answer_fields(p, fields);
    bool yes = str_is(fields[0].value, "yes");
    if (!yes && !str_is(fields[0].value, "no"))
        fields[0].error = T(p, "Choose one of the answers.");
    else if (!yes && utf8_length(fields[1].value) < CASE_REASON_MIN)
        fields[1].error = T(p, "Say in at least 20 characters what is not right.");
    else if (utf8_length(fields[1].value) > WORDS_MAX)
        fields[1].error = T(p, "This is too long.");
    if (form_wrong(fields, FIELDS)) {
        http_status(response, 422);
        show(request, response, fields);
        return;
    }
    struct signing signed_by;
    bool is_signed = false;
    if (yes && !signature_here(p, &signed_by, &is_signed))
        return;
    const struct case_signature signature = {p->web->api.people, &signed_by};
    if (!cosigning_answer(p->web->beside, web_db(request), p->visitor->caller.person.pid,
                          http_part(request, 0), yes, fields[1].value, is_signed ? &signature : NULL,
                          p->visitor->caller.levels, clock_now(), p->arena, &position, &err)) {
        http_problem_err(request, response, &err);
        return;
    }
    http_redirect(response, 303, arena_printf(p->arena, "/me/sign/%.*s", STR_ARG(http_part(request, 0))));
    http_hold(response, position);
}

static const struct http_route routes[] = {
    {.method = HTTP_GET,
     .path = "/me/sign",
     .handler = get_list,
     .access = WEB_PERSON,
     .summary = "Asked for my agreement"},
    {.method = HTTP_GET,
     .path = "/me/sign/{number}",
     .handler = get_one,
     .access = WEB_PERSON,
     .summary = "What I am asked to agree to"},
    {.method = HTTP_POST,
     .path = "/me/sign/{number}",
     .handler = post_one,
     .access = WEB_PERSON | WEB_PASSKEY,
     .body = HTTP_FORM,
     .body_max = 16384,
     .summary = "Agree or decline"},
};
const struct web_table web_cosign = {routes, ARRAY_LEN(routes)};
