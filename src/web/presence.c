/* SPDX-License-Identifier: Apache-2.0 */
#include "web/presence.h"

#include "base/clock.h"
#include "gate/own_case.h"
#include "people/factor.h"
#include "web/login.h"

#define BY_DOCUMENT "document"
#define BY_PHONE "phone"

static const char no_such_person[] = N_("Nobody has this number. Your asking stands in your agency's list.");

/* --- in words --- */

#define GROUND_DOCUMENT OWN_CASE_DOCUMENT
#define GROUND_PHONE "code on the phone"

struct str assist_presence(const struct page *p, struct str ground)
{
    struct str document = STR(GROUND_DOCUMENT);
    return str_starts(ground, document)
               ? TF(p, "the document was seen; its number ends in {}", str_from(ground, document.n))
           : str_is(ground, GROUND_PHONE) ? T(p, "a code on the person's own phone was read out")
                                          : ground;
}

struct str assist_document(const struct page *p, struct str last_four)
{
    return str_of(arena_printf(p->arena, GROUND_DOCUMENT "%.*s", STR_ARG(last_four)));
}

bool assist_document_valid(struct str document)
{
    for (size_t i = 0; i < document.n; i++)
        if (!((document.p[i] >= '0' && document.p[i] <= '9') ||
              (document.p[i] >= 'A' && document.p[i] <= 'Z')))
            return false;
    return document.n == 4;
}

/* --- the form --- */

struct form_field presence_number(const struct page *p)
{
    return (struct form_field){.name = "number",
                               .label = page_texts(p, &p->j->person_number_name),
                               .hint = T(p, "Of the person in front of you, from their document."),
                               .value = form_value(p->request, "number"),
                               .max = 40,
                               .inputmode = "numeric"};
}

struct form_field presence_way(const struct page *p)
{
    struct form_option *ways = arena_array(p->arena, struct form_option, 2);
    ways[0] = (struct form_option){STR(BY_DOCUMENT), T(p, "I saw their identity document")};
    ways[1] = (struct form_option){STR(BY_PHONE), T(p, "They read out a code that their phone gets now")};
    return (struct form_field){.kind = FORM_RADIOS,
                               .name = "presence",
                               .label = T(p, "How do you know that it is them?"),
                               .value = form_value(p->request, "presence"),
                               .options = ways,
                               .options_n = 2};
}

struct form_field presence_document(const struct page *p)
{
    return (struct form_field){.name = "document",
                               .label = T(p, "Last four characters of the document's number"),
                               .hint = T(p, "Only if you saw the document. The person is shown them."),
                               .value = form_value(p->request, "document"),
                               .max = 4,
                               .optional = true};
}

void presence_check(const struct page *p, struct form_field *number, struct form_field *way,
                    struct form_field *document, char normal[32])
{
    bool seen = str_is(way->value, BY_DOCUMENT);
    (void)form_person_number(p, number, normal);
    if (!seen && !str_is(way->value, BY_PHONE))
        way->error = T(p, "Choose one.");
    if (seen && !assist_document_valid(document->value))
        document->error = T(p, "Write the last four letters or digits, as they stand in the document.");
}

void presence_not_a_number(struct page *p)
{
    http_problem(p->request, p->response, 422, "invalid", "%s", form_not_a_number);
}

bool asked_for_nobody(struct http_request *request, struct http_response *response, struct str capacity,
                      struct str purpose, struct err *err)
{
    struct web *web = web_of(request);
    const struct visitor *v = web_visitor(request);
    struct gate_answer answer;
    const struct gate_request look = {.office = v->office,
                                      .actor = v->caller.official.staff_code,
                                      .capacity = capacity,
                                      .mandate = STR(""),
                                      .levels = v->caller.levels,
                                      .purpose = purpose,
                                      .registry = STR(""),
                                      .case_no = STR(""),
                                      .order = STR(""),
                                      .reason = STR("")};
    if (!gate_look(web->api.gate, web_db(request), &look, http_arena(request), &answer, err))
        return false;
    http_hold(response, answer.position);
    return true;
}

/* --- a code on the person's phone --- */

static void code_page(struct page *p, const struct presence_form *form, const char *wrong)
{
    struct form_field code = {.name = "code",
                              .label = T(p, "The six digits that the person reads out"),
                              .error = wrong ? page_text(p, wrong) : STR(""),
                              .max = 10,
                              .inputmode = "numeric"};
    const struct form_field number = {
        .kind = FORM_HIDDEN, .name = "number", .value = form_value(p->request, "number")};
    page_open(p, page_text(p, form->title), str_of(form->back), &code, 1);
    MARKUP(p, "<p class=\"lead\">{}</p>",
           T(p,
             "If this person has a phone with us, a code is on its way to it. Where none comes, go back and "
             "look at their document."));
    form_start(p, str_of(form->action), form->action);
    form_field(p, &code);
    form_field(p, &number);
    for (size_t i = 0; i < PRESENCE_KEPT && form->kept[i] != NULL; i++) {
        const struct form_field kept = {
            .kind = FORM_HIDDEN, .name = form->kept[i], .value = form_value(p->request, form->kept[i])};
        form_field(p, &kept);
    }
    form_end(p, form->button);
    page_end(p);
}

static void send_code(struct page *p, const struct presence_form *form, const struct account *person)
{
    struct webauthn_site site;
    uint8_t browser[32];
    int64_t wait;
    struct err err;
    login_site(p->request, &site);
    login_browser(p->request, p->response, browser);
    struct str words =
        T(p, "Aina: a code for the clerk at the counter where you are now. If you are at none, "
             "tell it to nobody.");
    if (!sms_send(p->web->api.people, web_db(p->request), p->web->messages, person, browser, words,
                  site.rp_id, clock_now(), &wait, &err)) {
        http_problem_err(p->request, p->response, &err);
        return;
    }
    code_page(p, form, wait ? N_("Too many messages were asked for. Wait a little.") : NULL);
}

enum presence presence_ask(struct page *p, const struct presence_form *form, const char normal[32],
                           struct str capacity, struct str purpose, struct form_field *number,
                           struct present *ret_present)
{
    bool real = true;
    struct err err;
    if (!factor_account(p->web->api.people, web_db(p->request), p->j->person_scheme, str_of(normal),
                        &ret_present->account, &real, &err) ||
        (!real && !asked_for_nobody(p->request, p->response, capacity, purpose, &err))) {
        http_problem_err(p->request, p->response, &err);
        return PRESENCE_ANSWERED;
    }
    if (!real) {
        number->error = page_text(p, no_such_person);
        return PRESENCE_NOBODY;
    }
    if (str_is(form_value(p->request, "presence"), BY_PHONE)) {
        send_code(p, form, &ret_present->account);
        return PRESENCE_ANSWERED;
    }
    ret_present->ground = assist_document(p, form_value(p->request, "document"));
    return PRESENCE_SHOWN;
}

bool presence_code(struct page *p, const struct presence_form *form, struct present *ret_present)
{
    struct factor_result result;
    char normal[32];
    uint8_t browser[32];
    struct err err;
    login_browser(p->request, p->response, browser);
    struct form_field number = presence_number(p);
    if (!form_person_number(p, &number, normal)) {
        presence_not_a_number(p);
        return false;
    }
    const struct factor_attempt attempt = {.factor = FACTOR_SMS,
                                           .scheme = p->j->person_scheme,
                                           .number = str_of(normal),
                                           .typed = form_value(p->request, "code"),
                                           .address = http_client(p->request),
                                           .browser = browser};
    if (!factor_log_in(p->web->api.people, web_db(p->request), &attempt, clock_now(), &result, &err)) {
        http_problem_err(p->request, p->response, &err);
        return false;
    }
    if (result.right) {
        *ret_present = (struct present){result.account, STR(GROUND_PHONE)};
        return true;
    }
    http_status(p->response, result.wait != 0 ? 429 : 403);
    code_page(p, form,
              result.wait != 0 ? N_("Too many tries. Wait a little; each wrong try makes the wait longer.")
                               : N_("These are not the digits of the last message."));
    return false;
}

bool presence_tell_phone(struct http_request *request, const struct account *person, const char *msgid,
                         struct err *err)
{
    struct web *web = web_of(request);
    struct str words = words_in(web->api.jurisdiction, web_visitor(request)->language, msgid);
    return notice_send(web->api.people, web_db(request), web->messages, person, words, clock_now(), err);
}

bool presence_free(struct http_request *request, struct http_response *response)
{
    if (!web_assists(web_visitor(request)))
        return true;
    http_problem(request, response, 409, "conflict", "%s",
                 N_("You act for somebody already. End that first."));
    return false;
}
